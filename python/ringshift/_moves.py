"""The shape of what `moves` gives."""

from __future__ import annotations

from typing import TypedDict

__all__ = ["ClusterMoves", "Flow", "Moves"]


# "from" is no name that a class may use.
Flow = TypedDict("Flow", {"from": str, "to": str, "share": float})
"""Keys that would go from one node to another: their ids, and which share of all keys, 0 to 1."""

ClusterMoves = TypedDict(
    "ClusterMoves",
    {"from": str, "to": str, "moved": float, "flows": list[Flow], "sample": int | None, "error": float},
)
"""What would move between two clusters, or two states of one.

`moved` is the share of the keys whose entry would be elsewhere, `flows` where they go, the largest first. `sample` is
how many keys were looked at, None if the answer is exact; `error` how far off `moved` may be, with 95 % confidence.
"""


class Moves(TypedDict):
    """What would move if one spec followed another."""

    clusters: list[ClusterMoves]
    """For every cluster that both specs have: what its own change moves."""
    migration: ClusterMoves | None
    """What the migration of the second spec (or, without one there, of the first) moves once it is through."""
