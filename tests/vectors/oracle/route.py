"""The route of a key: the table of docs/spec.md, stage by stage."""

from __future__ import annotations

from dataclasses import dataclass

from oracle.hashing import bucket
from oracle.placement import Placer
from oracle.schedule import weight
from oracle.spec import Migration, Node, Plan, Spec, load


@dataclass(frozen=True)
class Route:
    """Where to read, where to look after a miss, whether to copy what is found there, what to invalidate."""

    read: tuple[Node, ...]
    fallback: tuple[Node, ...] | None
    fill: bool
    invalidate: tuple[Node, ...]
    stage: str
    moved: bool
    generation: int


def identities(nodes: list[Node]) -> list[tuple[str, str]]:
    """What each node is for a key: its id and the prefix of the wire key."""
    return [node.identity for node in nodes]


def without_repeats(nodes: list[Node]) -> tuple[Node, ...]:
    """Each (id, key_prefix) once, the first one kept."""
    kept: list[Node] = []
    for node in nodes:
        if node.identity not in identities(kept):
            kept.append(node)
    return tuple(kept)


class Router:
    """A spec as one process sees it: in one region, at one moment."""

    def __init__(self, text: str, region: str | None, now_ms: int) -> None:
        self.spec: Spec = load(text)
        self.placers = {name: Placer(cluster) for name, cluster in self.spec.clusters.items()}
        self.plan: Plan | None = None
        self.weight = 0
        migration = self.spec.migration
        if migration is not None:
            self.plan = migration.own
            if region is not None and region in migration.regions:
                self.plan = migration.regions[region]
            self.weight = weight(self.plan, now_ms)

    def route(self, key: bytes) -> Route:
        """The route of a key."""
        migration, plan = self.spec.migration, self.plan
        if migration is None or plan is None:
            nodes = self.placers[self.spec.primary.name].nodes(key)
            return self._route(nodes, None, nodes, "none", moved=False)
        source = self.placers[migration.source.name]
        destination = self.placers[migration.destination.name]
        old, new = source.nodes(key), destination.nodes(key)
        moved = bucket(destination.placed(key), migration.id) < self.weight
        invalidate = old if all_none(migration) else source_first(old, new)
        if not moved:
            return self._route(old, None, invalidate, plan.stage, moved=False)
        if plan.stage == "soak":
            return self._route(new, None, invalidate, plan.stage, moved=True)
        only_old = [node for node in old if node.identity not in identities(new)]
        return self._route(new, only_old or None, invalidate, plan.stage, moved=True)

    def _route(
        self, read: list[Node], fallback: list[Node] | None, invalidate: list[Node], stage: str, *, moved: bool
    ) -> Route:
        return Route(
            read=tuple(read),
            fallback=None if fallback is None else tuple(fallback),
            fill=fallback is not None,
            invalidate=without_repeats(invalidate),
            stage=stage,
            moved=moved,
            generation=self.spec.generation,
        )


def source_first(old: list[Node], new: list[Node]) -> list[Node]:
    """What only the source has, what both have, what only the destination has: copies go from earlier to later."""
    only_old = [node for node in old if node.identity not in identities(new)]
    both = [node for node in old if node.identity in identities(new)]
    return only_old + both + new


def all_none(migration: Migration) -> bool:
    """True while no process of any region is beyond stage none."""
    plans = [migration.own, *migration.regions.values()]
    return all(plan.stage == "none" for plan in plans)
