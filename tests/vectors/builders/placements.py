"""Files about placement: specs with nothing but a primary cluster."""

from __future__ import annotations

from typing import Any

from builders.keys import AWKWARD, LENGTHS, LONG_KEY, TAGGED, plain
from builders.routes import group, route_file
from builders.specs import Fields, default_ring, modulo, node, nodes, only, ring

MAX_SEED = 2**64 - 1


def ring_sizes() -> dict[str, Any]:
    """1, 2, 3, 10 and 100 nodes of weight 1; list order, addresses and generation decide nothing."""
    groups = [group(only(ring(nodes(count))), plain(100)) for count in (1, 2, 3, 10, 100)]
    turned = [dict(member, address=f"moved-{i}.example:11211") for i, member in enumerate(reversed(nodes(10)))]
    groups.append(group(only(ring(turned), generation=2**53 - 1), plain(100)))
    return route_file("oracle; ring of equal weights, then ten nodes in reverse order at other addresses", groups)


def ring_weights() -> dict[str, Any]:
    """Weights 0 to 1000, equal and mixed."""
    mixes = [[1, 2], [0, 1], [1, 0, 3], [2, 2, 2], [1, 10, 100], [5, 0, 0, 7, 1], [1, 1000], [1000, 1000, 999, 0]]
    groups = []
    for weights in mixes:
        members = [node(i, weight=weight) for i, weight in enumerate(weights)]
        vnodes = 16 if max(weights) >= 100 else 160
        groups.append(group(only(ring(members, vnodes=vnodes)), plain(80)))
    many = [node(i, weight=i % 7) for i in range(40)]
    groups.append(group(only(ring(many)), plain(120)))
    return route_file("oracle; ring with weights", groups)


def ring_vnodes_and_seeds() -> dict[str, Any]:
    """vnodes 1, 7, 160, 512 and 10000; seeds from 0 to 2^64-1, as numbers and as strings."""
    groups = [group(only(ring(nodes(5), vnodes=vnodes)), plain(50)) for vnodes in (1, 7, 160, 512, 10_000)]
    seeds: list[int | str] = [0, 1, "1", 2**32, 2**53 + 1, 2**63, str(2**63), MAX_SEED, str(MAX_SEED)]
    groups += [group(only(ring(nodes(5), seed=seed)), plain(30)) for seed in seeds]
    groups.append(group(only(ring(nodes(3), vnodes=7, seed=MAX_SEED)), AWKWARD))
    return route_file("oracle; ring with vnodes and seeds", groups)


def ring_ids() -> dict[str, Any]:
    """Ids of one to three bytes, multi-byte ids, ids that are prefixes of one another, long ids."""
    sets: list[list[str]] = [
        ["a", "b", "c"],
        ["a", "aa", "aaa", "aaaa"],
        ["0", "1", "10", "100", "01"],
        ["é", "한", "🍍", "e\u0301"],
        ["서울-1", "서울-2", "부산-1"],
        ["node one", "node/two", "node~three", 'node"four', "node\\five"],
        ["x" * 255, "x" * 254, "y" * 255],
        ["cache-0001.example.internal:11211", "cache-0002.example.internal:11211"],
    ]
    groups = []
    for ids in sets:
        members: list[Fields] = [dict(node(i), id=name) for i, name in enumerate(ids)]
        groups.append(group(only(ring(members)), plain(60)))
    return route_file("oracle; ring with short, multi-byte and long node ids", groups)


def ring_down() -> dict[str, Any]:
    """Nodes that are down: their keys go to their neighbours, all others stay."""
    groups = []
    for down in ([], [0], [3], [0, 1, 2], [0, 1, 2, 3, 5, 6, 7]):
        members = [node(i, down=True) if i in down else node(i) for i in range(8)]
        groups.append(group(only(ring(members)), plain(120)))
    weighted = [node(0, weight=3, down=True), node(1, weight=2, down=False), node(2, weight=0), node(3, weight=1)]
    groups.append(group(only(ring(weighted)), plain(120)))
    return route_file("oracle; ring with nodes that are down", groups)


def ring_max_load() -> dict[str, Any]:
    """Bounded loads: tight and loose, equal and mixed weights, a node that is down, replicas, one node."""
    groups = []
    for count, vnodes, bound in [(3, 160, 1.05), (10, 40, 1.05), (10, 40, 1.03), (30, 20, 1.1), (5, 8, 100)]:
        groups.append(group(only(ring(nodes(count), vnodes=vnodes, max_load=bound)), plain(150)))
    mixed = [node(i, weight=weight) for i, weight in enumerate([1, 3, 0, 2, 7])]
    groups.append(group(only(ring(mixed, vnodes=30, max_load=1.05)), plain(150)))
    down = [node(i, down=True) if i == 2 else node(i) for i in range(6)]
    groups.append(group(only(ring(down, vnodes=40, max_load=1.05, seed=7)), plain(150)))
    groups.append(group(only(ring(nodes(1), vnodes=1, max_load=1)), plain(10)))
    bounded_zones: list[tuple[int, list[str | None]]] = [(2, [None]), (3, ["a", "b"]), (3, ["a", "b", "c", None])]
    for replicas, zones in bounded_zones:
        members = zoned(7, zones)
        groups.append(group(only(ring(members, vnodes=30, max_load=1.05, replicas=replicas)), plain(120)))
    return route_file("oracle; ring with max_load", groups)


def ring_default_vnodes() -> dict[str, Any]:
    """Specs that leave `vnodes` out: sizes, weights, replicas, a bound; the last two say the same as each other."""
    mixed = [node(i, weight=[1, 3, 0, 2][i % 4], down=i == 5) for i in range(9)]
    clusters = [
        *(default_ring(nodes(count)) for count in (1, 2, 10, 50)),
        default_ring(mixed, seed=3),
        default_ring(zoned(7, ["a", "b", None]), replicas=3),
        default_ring(nodes(5), max_load=1.02),
        ring(nodes(5), vnodes=512, max_load=1.02),
    ]
    return route_file("oracle; ring without vnodes", [group(only(cluster), plain(80)) for cluster in clusters])


def zoned(count: int, zones: list[str | None], **more: Any) -> list[Fields]:
    """Nodes dealt over zones in turn; None is a node without a zone."""
    members = []
    for i in range(count):
        zone = zones[i % len(zones)]
        members.append(node(i, **more) if zone is None else node(i, zone=zone, **more))
    return members


def ring_replicas() -> dict[str, Any]:
    """1 to 4 and 8 replicas, with and without zones, with too few zones, with nodes that are down."""
    groups = []
    mixes: list[list[str | None]] = [[None], ["a", "b"], list("abcd"), list("aaab"), ["a", None], ["a"]]
    for replicas in (1, 2, 3, 4):
        clusters = [ring(zoned(8, zones), replicas=replicas) for zones in mixes]
        groups += [group(only(cluster), plain(40)) for cluster in clusters]
    groups.append(group(only(ring(nodes(8), replicas=8)), plain(40)))
    groups.append(group(only(ring(nodes(9), replicas=8)), plain(40)))
    groups.append(group(only(ring([node(0)], replicas=1)), plain(5)))
    partly = [node(i, zone="ab"[i % 2], down=i in (0, 1, 4)) for i in range(6)]
    groups.append(group(only(ring(partly, replicas=3)), plain(40)))
    few = [node(i, down=i > 1) for i in range(5)]
    groups.append(group(only(ring(few, replicas=4)), plain(20)))
    weighted = [node(i, zone="abc"[i % 3], weight=[1, 5, 0, 2][i % 4]) for i in range(12)]
    groups.append(group(only(ring(weighted, replicas=3, vnodes=40)), plain(60)))
    return route_file("oracle; replicas and zones", groups)


def awkward_keys() -> dict[str, Any]:
    """Empty, NUL, invalid UTF-8, multi-byte, 64 KiB, and every length class of the hash."""
    keys = [*AWKWARD, *LENGTHS, LONG_KEY]
    clusters = [
        ring(nodes(10)),
        ring(nodes(10), seed=42, replicas=2, key_prefix="g1:"),
        ring(nodes(10), hash_tag="{}"),
        modulo(nodes(7)),
        modulo(nodes(7), hash="crc", key_prefix="old/"),
    ]
    return route_file("oracle; awkward keys", [group(only(cluster), keys) for cluster in clusters])


def hash_tags() -> dict[str, Any]:
    """Tags that are unclosed, empty, nested, doubled; other tag characters; tags under every placement."""
    clusters = [
        ring(nodes(10), hash_tag="{}"),
        ring(nodes(10)),
        ring(nodes(10), hash_tag="||"),
        ring(nodes(10), hash_tag="<>", seed=7),
        modulo(nodes(5), hash_tag="{}"),
        modulo(nodes(5), hash="crc", hash_tag="{}"),
    ]
    return route_file("oracle; hash tags", [group(only(cluster), TAGGED) for cluster in clusters])


def modulo_sizes() -> dict[str, Any]:
    """Both hashes with 1 to 7 nodes; the order of nodes in the spec decides."""
    groups = []
    for hash_name in ("one_at_a_time", "crc"):
        clusters = [modulo(nodes(count), hash=hash_name) for count in range(1, 8)]
        groups += [group(only(cluster), [*plain(40), *AWKWARD]) for cluster in clusters]
    groups.append(group(only(modulo(nodes(5))), plain(40)))
    groups.append(group(only(modulo(list(reversed(nodes(5))))), plain(40)))
    groups.append(group(only(modulo([node(0, weight=1, down=False, zone="a"), node(1)])), plain(20)))
    return route_file("oracle, whose hashes the golden file of libmemcached confirms; modulo", groups)
