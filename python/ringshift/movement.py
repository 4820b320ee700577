"""The shape of what `ringshift.moves()` gives: which keys would go where if one spec followed another."""

from __future__ import annotations

from typing import TypedDict

__all__ = ["ClusterMoves", "Flow", "Moves"]

Flow = TypedDict("Flow", {"from": str, "to": str, "share": float})
"""Keys that would go from one node to another, both by id: which share of all keys, 0 to 1."""


class _Clusters(TypedDict("_Clusters", {"from": str, "to": str})):
    """The names of the clusters; a class can't have a field called from."""


class ClusterMoves(_Clusters):
    """What would move between two clusters (`from` and `to`, by name), or between two states of one."""

    moved: float
    """The share of the keys whose entry would be elsewhere, 0 to 1."""
    flows: list[Flow]
    """From which node to which, the largest share first. What stays is left out."""
    sample: int | None
    """Keys that were looked at, if this is an estimate; None if it is exact."""
    error: float
    """How far off `moved` may be, with 95 % confidence; 0 if it is exact."""


class Moves(TypedDict):
    """What would move between two specs."""

    clusters: list[ClusterMoves]
    """For every cluster that both specs have: what its own change moves."""
    migration: ClusterMoves | None
    """What the migration of the second spec (without one there, of the first) moves once it is through."""
