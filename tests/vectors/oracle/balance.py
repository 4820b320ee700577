"""How evenly the keys of a cluster are spread: the load of every node, and what is to be warned of."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from oracle.placement import Placer
from oracle.spec import Cluster, Node, Spec

EVEN_ENOUGH = 11_500


def shares(cluster: Cluster) -> dict[str, Fraction]:
    """The share of all hashes that each node owns."""
    owned = dict.fromkeys((node.id for node in cluster.nodes), Fraction(0))
    if cluster.placement.kind == "modulo":
        hashes = 2**15 if cluster.placement.hash == "crc" else 2**32
        for position, node in enumerate(cluster.nodes):
            owned[node.id] += Fraction(len(range(position, hashes, len(cluster.nodes))), hashes)
        return owned
    placer = Placer(cluster)
    below = placer.ring[-1].hash - 2**64
    for point, owner in zip(placer.ring, placer.owners, strict=True):
        # A point at the position of an earlier one ends no arc.
        owned[owner.id] += Fraction(point.hash - below, 2**64)
        below = point.hash
    return owned


def fair_weight(node: Node) -> int:
    """What counts of a node's weight."""
    return 0 if node.down else node.weight


def loads(cluster: Cluster) -> list[int]:
    """Every node's share by its fair share in basis points, rounded up; 0 for nodes that take no keys."""
    owned = shares(cluster)
    total = sum(fair_weight(node) for node in cluster.nodes)
    return [
        ceil(owned[node.id] * total * 10_000 / fair_weight(node)) if fair_weight(node) else 0 for node in cluster.nodes
    ]


def escaped(name: str) -> str:
    """A name within a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def warnings(spec: Spec) -> list[dict[str, str | int]]:
    """Per cluster, by name, the node with the highest load, where that is too high."""
    found: list[dict[str, str | int]] = []
    for name, cluster in sorted(spec.clusters.items(), key=lambda item: item[0].encode()):
        found_loads = loads(cluster)
        load = max(found_loads)
        if load > EVEN_ENOUGH:
            node = cluster.nodes[found_loads.index(load)].id
            pointer = f"/clusters/{escaped(name)}/placement"
            found.append({"cluster": name, "node": node, "load": load, "pointer": pointer})
    return found
