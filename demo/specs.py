"""Writes the spec file as an operator would: a whole new generation at a time, by an atomic rename."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RING: dict[str, object] = {"kind": "ring", "vnodes": 160}
MODULO: dict[str, object] = {"kind": "modulo", "flavor": "libmemcached"}


@dataclass(frozen=True)
class Cluster:
    """A cluster as the spec has it."""

    name: str
    placement: dict[str, object]
    nodes: tuple[dict[str, object], ...]
    key_prefix: str

    def entry(self) -> dict[str, object]:
        """Its value under `clusters`."""
        return {"placement": self.placement, "key_prefix": self.key_prefix, "nodes": list(self.nodes)}

    @property
    def node_ids(self) -> tuple[str, ...]:
        """The ids of its nodes, in order."""
        return tuple(str(node["id"]) for node in self.nodes)


@dataclass(frozen=True)
class Migration:
    """A migration from one cluster to another."""

    id: str
    source: Cluster
    target: Cluster

    def at(self, stage: str, percent: int | None = None) -> Situation:
        """The situation in one of its stages; `percent` belongs to `ramp`."""
        entry: dict[str, object] = {"id": self.id, "from": self.source.name, "to": self.target.name, "stage": stage}
        if percent is not None:
            entry["percent"] = percent
        return Situation(primary=self.source, standby=self.target, migration=entry)


@dataclass(frozen=True)
class Situation:
    """What a spec says, apart from its generation."""

    primary: Cluster
    standby: Cluster | None = None
    migration: dict[str, object] | None = None

    @property
    def clusters(self) -> Sequence[Cluster]:
        """All its clusters."""
        return [self.primary] if self.standby is None else [self.primary, self.standby]


@dataclass
class SpecFile:
    """The spec file of the run. Each publication is the next generation."""

    path: Path
    max_ttl: int
    generation: int = field(default=0, init=False)

    def publish(self, situation: Situation) -> int:
        """Replaces the file by a new generation, and gives its number."""
        self.generation += 1
        beside = self.path.with_suffix(".new")
        beside.write_text(json.dumps(self.document(situation), indent=2) + "\n", encoding="utf-8")
        beside.replace(self.path)
        return self.generation

    def document(self, situation: Situation) -> dict[str, Any]:
        """The spec of a situation under the present generation."""
        document: dict[str, Any] = {
            "format": 1,
            "generation": self.generation,
            "max_ttl": f"{self.max_ttl}s",
            "primary": situation.primary.name,
            "clusters": {cluster.name: cluster.entry() for cluster in situation.clusters},
            "breaker": {"failures": 3, "open": "1s", "max_open": "60s", "max_ejected": 0.5},
        }
        if situation.standby is not None:
            document["standby"] = situation.standby.name
        if situation.migration is not None:
            document["migration"] = situation.migration
        return document
