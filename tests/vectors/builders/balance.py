"""The kind `balance`: how even clusters are, and what a router warns of."""

from __future__ import annotations

from typing import Any

from oracle.balance import loads, warnings
from oracle.spec import load

from builders.specs import default_ring, modulo, node, nodes, only, ring, text_of


def specs() -> list[str]:
    """Even and uneven clusters of every kind that the oracle knows."""
    mixed = [node(i, weight=weight) for i, weight in enumerate([1, 3, 0, 2, 7])]
    down = [node(i, down=i in (2, 5), weight=1 + i % 2) for i in range(8)]
    zoned = [node(i, zone="abc"[i % 3]) for i in range(9)]
    clusters = [
        *(default_ring(nodes(count)) for count in (1, 2, 3, 10, 100)),
        *(ring(nodes(count)) for count in (3, 10, 30, 100)),
        *(ring(nodes(count), vnodes=vnodes) for count, vnodes in ((2, 1), (3, 7), (10, 40), (100, 40))),
        ring(mixed, vnodes=20),
        ring(mixed, vnodes=100, seed=5),
        ring(down, vnodes=30),
        default_ring(down),
        ring(zoned, vnodes=20, replicas=3),
        *(ring(nodes(10), vnodes=40, max_load=bound) for bound in (1.05, 1.1, 1.15, 1.25, 100)),
        ring(nodes(20), vnodes=20, max_load=1.1501),
        ring(mixed, vnodes=30, max_load=1.05),
        ring(down, vnodes=40, max_load=1.05, seed=7),
        modulo(nodes(7)),
        modulo(nodes(1000), hash="crc"),
    ]
    three = {
        "a/b~c": ring(nodes(12), vnodes=10),
        "even": default_ring(nodes(12)),
        "z": ring(nodes(12), vnodes=10, seed=1),
    }
    several = text_of({"format": 1, "generation": 1, "primary": "even", "clusters": three})
    return [*(only(cluster) for cluster in clusters), several]


def build() -> dict[str, Any]:
    """The whole file."""
    cases = []
    for text in specs():
        spec = load(text)
        of_clusters = {name: loads(cluster) for name, cluster in spec.clusters.items()}
        cases.append({"spec": text, "region": None, "loads": of_clusters, "warnings": warnings(spec)})
    return {"version": 1, "kind": "balance", "provenance": "oracle; loads in exact fractions", "cases": cases}
