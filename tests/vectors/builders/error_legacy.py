"""Spec errors of the placements of existing clients: flavors, hashes, names, weights, nodes that are down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from builders.error_base import file_of, invalid
from builders.specs import Fields, only

BLUE = "/clusters/blue"
A: Fields = {"id": "a", "address": "10.0.0.1:11211"}
B: Fields = {"id": "b", "address": "10.0.0.2:11212"}
PAIRS = [
    *(("ketama", flavor) for flavor in (
        "libmemcached-weighted", "libmemcached", "libmemcached-spy", "twemproxy", "nginx", "pingora", "uhashring",
        "npm-hashring", "npm-memcached", "spymemcached", "dalli", "predis", "pecl-memcache",
    )),
    *(("modulo", flavor) for flavor in (
        "libmemcached", "twemproxy", "python-memcached", "gomemcache", "spymemcached", "nginx", "pecl-memcache",
    )),
    ("rendezvous", "pymemcache"), ("rendezvous", "go-redis"),
]  # fmt: skip
CHOOSES_HASH = ("libmemcached", "twemproxy")
NO_WEIGHTS = (
    ("modulo", "libmemcached"), ("modulo", "spymemcached"), ("rendezvous", "pymemcache"), ("rendezvous", "go-redis"),
)  # fmt: skip
WEIGHT_ZERO = (("ketama", "uhashring"), ("modulo", "python-memcached"), ("modulo", "gomemcache"))
DOWN = (("modulo", "nginx"), ("modulo", "python-memcached"))
NO_DOWN = (("ketama", "spymemcached"), ("ketama", "dalli"), ("ketama", "pecl-memcache"))


def _case(kind: str, rule: Fields, nodes: list[Fields], where: str, *says: str, **cluster: Any) -> dict[str, Any]:
    text = only({"placement": {"kind": kind, **rule}, **cluster, "nodes": nodes})
    return invalid(text, f"{BLUE}/{where}" if where else BLUE, list(says))


def _flavors() -> Iterator[dict[str, Any]]:
    for kind in ("ketama", "modulo", "rendezvous"):
        of_kind = [flavor for other, flavor in PAIRS if other == kind]
        yield _case(kind, {}, [A, B], "placement", "flavor", *of_kind)
        yield _case(kind, {"flavor": 1}, [A, B], "placement/flavor")
        elsewhere = sorted({flavor for _, flavor in PAIRS} - set(of_kind))
        for wrong in ("nosuch", "Twemproxy", *elsewhere):
            yield _case(kind, {"flavor": wrong}, [A, B], "placement/flavor", wrong, *of_kind)
        for name, value in (("vnodes", 160), ("seed", 0)):
            yield _case(kind, {"flavor": of_kind[0], name: value}, [A, B], f"placement/{name}", name)
    for kind, flavor in PAIRS:
        yield _case(kind, {"flavor": flavor}, [A, B], "replicas", "2", replicas=2)
    for kind, flavor in (("rendezvous", "go-redis"), ("ketama", "predis")):
        yield _case(kind, {"flavor": flavor, "hash_tag": "[]"}, [A, B], "placement/hash_tag", "[]", flavor)


def _hashes() -> Iterator[dict[str, Any]]:
    for kind, flavor in PAIRS:
        wrong: tuple[str, ...] = ("md4", "crc64") if flavor in CHOOSES_HASH else ("md5", "crc32", "one_at_a_time")
        for name in wrong:
            yield _case(kind, {"flavor": flavor, "hash": name}, [A, B], "placement/hash", name)
    others = {"libmemcached": ("hsieh", "crc32", "crc16", ""), "twemproxy": ("crc", "murmur3", "")}
    for flavor, wrong in others.items():
        for name in wrong:
            yield _case("ketama", {"flavor": flavor, "hash": name}, [A, B], "placement/hash", name, "one_at_a_time")


def _nodes() -> Iterator[dict[str, Any]]:
    for kind, flavor in PAIRS:
        rule = {"flavor": flavor}
        if (kind, flavor) in NO_WEIGHTS:
            yield _case(kind, rule, [A, {**B, "weight": 2}], "nodes/1/weight", "2", flavor)
        if (kind, flavor) not in WEIGHT_ZERO:
            yield _case(kind, rule, [A, {**B, "weight": 0}], "nodes/1/weight", "0", flavor)
        if (kind == "modulo" and (kind, flavor) not in DOWN) or (kind, flavor) in NO_DOWN:
            yield _case(kind, rule, [A, {**B, "down": True}], "nodes/1/down", "down", flavor)
        twice = [{**A, "alias": "x"}, {**B, "alias": "x"}]
        yield _case(kind, rule, twice, "nodes/1/alias", "x", "0")
        yield _case(kind, rule, [A, {**B, "alias": ""}], "nodes/1/alias")
        yield _case(kind, rule, [A, {**B, "alias": 7}], "nodes/1/alias")
    nameless = {
        ("ketama", "twemproxy"): ["[::1]:1"],
        ("modulo", "twemproxy"): ["[::1]:1"],
        ("ketama", "pingora"): ["/run/mc.sock", "mc:1"],
        ("ketama", "spymemcached"): ["/run/mc.sock", "mc:1", "[::1]:1"],
        ("ketama", "predis"): ["/run/mc.sock", "[::1]:1"],
        ("ketama", "pecl-memcache"): ["/run/mc.sock", "[::1]:1"],
    }
    for (kind, flavor), addresses in nameless.items():
        for address in addresses:
            node = {"id": "c", "address": address}
            yield _case(kind, {"flavor": flavor}, [A, node], "nodes/1/address", address, "alias")
    spelled = [{**B, "alias": "10.0.0.1"}, A]
    yield _case("ketama", {"flavor": "libmemcached-weighted"}, spelled, "nodes/1/address", "10.0.0.1:11211", "0")
    yield _case("ring", {}, [A, {**B, "alias": "b"}], "nodes/1/alias", "alias", "ring")
    yield _case("ketama", {"flavor": "uhashring"}, [{**A, "weight": 0}, {**B, "down": True}], "nodes")


def _limits() -> Iterator[dict[str, Any]]:
    """More points than a spec may have, each count one node above what is allowed."""
    head = json.dumps(
        {"format": 1, "generation": 1, "primary": "c", "clusters": {"c": {"placement": None, "nodes": []}}}
    )
    for kind, flavor, nodes, weight in (("ketama", "nginx", 4, 1000), ("modulo", "python-memcached", 957, 1000)):
        rule = json.dumps({"kind": kind, "flavor": flavor})
        before, after = head.replace("null", rule).split("[]")
        node = f'{{"id":"n#","address":"/#","weight":{weight}}},'
        last = f'{{"id":"last","address":"/last","weight":{weight}}}'
        parts = [[f"{before}[", 1], [node, nodes - 1], [f"{last}]{after}", 1]]
        yield {"spec_parts": parts, "kind": "spec_limit", "pointer": "/clusters/c", "says": ["1048576"]}


def build() -> dict[str, Any]:
    """The whole file."""
    return file_of([], [*_flavors(), *_hashes(), *_nodes(), *_limits()])
