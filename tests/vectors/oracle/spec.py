"""A valid spec as plain data, with every default filled in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


@dataclass(frozen=True)
class Node:
    """One node of one cluster."""

    cluster: str
    key_prefix: str
    id: str
    weight: int
    zone: str | None
    down: bool

    @property
    def identity(self) -> tuple[str, str]:
        """What makes two nodes of two clusters the same place for a key."""
        return (self.id, self.key_prefix)

    @property
    def name(self) -> str:
        """How vectors name a node."""
        return f"{self.cluster}/{self.id}"


@dataclass(frozen=True)
class Placement:
    """The placement of a cluster: `kind` is "ring" or "modulo"; the other kind's fields are unused."""

    kind: str
    hash_tag: str | None
    vnodes: int
    seed: int
    max_load: Decimal | None
    hash: str


@dataclass(frozen=True)
class Cluster:
    """A named set of nodes with one placement."""

    name: str
    placement: Placement
    replicas: int
    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class Plan:
    """The stage of a migration, or of one of its regions, with what decides its weight."""

    stage: str
    percent: int
    schedule: dict[str, Any] | None


@dataclass(frozen=True)
class Migration:
    """From one cluster to another."""

    id: str
    source: Cluster
    destination: Cluster
    own: Plan
    regions: dict[str, Plan]


@dataclass(frozen=True)
class Spec:
    """Everything that decides a route."""

    generation: int
    primary: Cluster
    migration: Migration | None
    clusters: dict[str, Cluster]
    max_ttl_ms: int | None


def basis_points(percent: Decimal | int) -> int:
    """12.5 -> 1250, exactly."""
    points = Decimal(percent) * 100
    assert points == points.to_integral_value()
    return int(points)


def duration_ms(text: str) -> int:
    """Turns "500ms" or "2h" into milliseconds."""
    digits = text.rstrip("msdh")
    return int(digits) * UNITS_MS[text[len(digits) :]]


def timestamp_ms(text: str) -> int:
    """RFC 3339 in UTC -> milliseconds since 1970."""
    moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1000


def _cluster(name: str, fields: dict[str, Any]) -> Cluster:
    rule = fields["placement"]
    placement = Placement(
        kind=rule["kind"],
        hash_tag=rule.get("hash_tag"),
        vnodes=rule.get("vnodes", 512),
        seed=int(rule.get("seed", 0)),
        max_load=Decimal(rule["max_load"]) if "max_load" in rule else None,
        hash=rule.get("hash", "one_at_a_time"),
    )
    nodes = tuple(
        Node(
            cluster=name,
            key_prefix=fields.get("key_prefix", ""),
            id=node["id"],
            weight=node.get("weight", 1),
            zone=node.get("zone"),
            down=node.get("down", False),
        )
        for node in fields["nodes"]
    )
    return Cluster(name, placement, fields.get("replicas", 1), nodes)


def _plan(fields: dict[str, Any]) -> Plan:
    return Plan(fields["stage"], basis_points(fields.get("percent", 0)), fields.get("schedule"))


def load(text: str) -> Spec:
    """Reads a spec that is known to be valid."""
    top = json.loads(text, parse_float=Decimal)
    clusters = {name: _cluster(name, fields) for name, fields in top["clusters"].items()}
    migration = None
    if "migration" in top:
        fields = top["migration"]
        migration = Migration(
            id=fields["id"],
            source=clusters[fields["from"]],
            destination=clusters[fields["to"]],
            own=_plan(fields),
            regions={name: _plan(region) for name, region in fields.get("regions", {}).items()},
        )
    max_ttl = duration_ms(top["max_ttl"]) if "max_ttl" in top else None
    return Spec(top["generation"], clusters[top["primary"]], migration, clusters, max_ttl)
