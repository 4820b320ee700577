"""Which nodes of a cluster hold a key: `ring` by a linear scan over all points, `modulo` by a division."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import floor

from oracle.hashing import crc, one_at_a_time, tagged, xxh3_64
from oracle.spec import Cluster, Node


@dataclass(frozen=True)
class Point:
    """One position of a virtual node on the ring."""

    hash: int
    node: Node

    @property
    def order(self) -> tuple[int, bytes]:
        """Up the ring; of two equal points the one whose node id is smaller in byte order comes first."""
        return (self.hash, self.node.id.encode())


def points(cluster: Cluster) -> list[Point]:
    """Every point of a ring, lowest first."""
    rule = cluster.placement
    found = []
    for node in cluster.nodes:
        if node.down:
            continue
        for number in range(rule.vnodes * node.weight):
            name = node.id.encode() + number.to_bytes(4, "little")
            found.append(Point(xxh3_64(name, rule.seed), node))
    return sorted(found, key=lambda point: point.order)


def bounded(cluster: Cluster, ring: list[Point]) -> list[Node]:
    """Who owns the arc that ends at each point: with `max_load`, nobody more than that times the fair share."""
    owners = [point.node for point in ring]
    if cluster.placement.max_load is None:
        return owners
    # Of points at one position only the first ever owns an arc.
    places = [i for i, point in enumerate(ring) if i == 0 or point.hash != ring[i - 1].hash]
    total = sum(node.weight for node in cluster.nodes if not node.down)
    most = Fraction(cluster.placement.max_load) * 2**64 / total
    room = {node.id: floor(most * node.weight) for node in cluster.nodes}

    def order(place: int) -> tuple[int, int]:
        return (xxh3_64(ring[place].hash.to_bytes(8, "little"), cluster.placement.seed), place)

    for place in sorted(places, key=order):
        rank = places.index(place)
        below = ring[places[rank - 1]].hash
        length = (ring[place].hash - below) % 2**64 if len(places) > 1 else 2**64
        for further in places[rank:] + places[:rank]:
            node = ring[further].node
            if room[node.id] >= length:
                room[node.id] -= length
                owners[place] = node
                break
        else:
            raise ValueError("max_load cannot be kept")
    return owners


@dataclass
class Placer:
    """One cluster with its points at hand, so that a file of vectors doesn't hash them anew for every key."""

    cluster: Cluster
    ring: list[Point] = field(init=False)
    owners: list[Node] = field(init=False)

    def __post_init__(self) -> None:
        self.ring = points(self.cluster) if self.cluster.placement.kind == "ring" else []
        self.owners = bounded(self.cluster, self.ring)

    def placed(self, key: bytes) -> bytes:
        """The bytes of a key that decide its placement in this cluster."""
        return tagged(key, self.cluster.placement.hash_tag)

    def nodes(self, key: bytes) -> list[Node]:
        """The nodes that hold a key, in read order."""
        if self.cluster.placement.kind == "modulo":
            return [self._by_modulo(self.placed(key))]
        return self._by_ring(self.placed(key))

    def _by_modulo(self, placed: bytes) -> Node:
        value = crc(placed) if self.cluster.placement.hash == "crc" else one_at_a_time(placed)
        return self.cluster.nodes[value % len(self.cluster.nodes)]

    def _owner_position(self, value: int) -> int:
        for position, point in enumerate(self.ring):
            if point.hash >= value:
                return position
        return 0

    def _by_ring(self, placed: bytes) -> list[Node]:
        start = self._owner_position(xxh3_64(placed, self.cluster.placement.seed))
        taken = [self.owners[start]]
        if self.cluster.replicas == 1:
            return taken
        walk = [point.node for point in self.ring[start:] + self.ring[:start]]
        while len(taken) < self.cluster.replicas:
            further = self._next_replica(walk, taken)
            if further is None:
                break
            taken.append(further)
        return taken

    @staticmethod
    def _next_replica(walk: list[Node], taken: list[Node]) -> Node | None:
        seen_zones = {node.zone for node in taken if node.zone is not None}
        for node in walk:
            if node not in taken and (node.zone is None or node.zone not in seen_zones):
                return node
        for node in walk:
            if node not in taken:
                return node
        return None
