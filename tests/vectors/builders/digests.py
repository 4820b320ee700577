"""The kind `digest`: one hash over the routes of a million generated keys, for several specs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from oracle.route import Router

from builders.fast_path import FNV_OFFSET, FastRouter, fnv1a, generated_key
from builders.routes import NOW_MS
from builders.specs import migrating, modulo, node, nodes, only, ring

KEYS = 1_000_000
FIRST_KEYS = 50_000
COMPARED = 2_000
COMPARED_WHILE_CHECKING = 200


def specs() -> list[tuple[str, str]]:
    """What each digest is about, and its spec."""
    hundred = [node(i, weight=1 + i % 3, zone=f"z{i % 4}", down=i in (7, 70)) for i in range(100)]
    old, new = modulo(nodes(5)), ring(nodes(8, "g", 100), key_prefix="g1:")
    return [
        ("ring, 10 equal nodes", only(ring(nodes(10)))),
        ("ring, 100 nodes, weights, zones, replicas 2", only(ring(hundred, vnodes=40, seed=11, replicas=2))),
        ("modulo one_at_a_time, 5 nodes", only(old)),
        ("modulo to ring, ramp at 37.5 %", migrating(old, new, "ramp", percent=37.5)),
        ("ring to ring with one node more, one prefix, ramp at 50 %", migrating(
            ring(nodes(5)), ring(nodes(6)), "ramp", percent=50, name="scale-out")),
        ("modulo to ring, soak", migrating(old, new, "soak")),
    ]  # fmt: skip


def line(router: Router, number: int) -> str:
    """A line of the digest as the linear oracle has it."""
    route = router.route(generated_key(number))
    fallback = route.fallback[0].id if route.fallback else "-"
    return f"{route.read[0].id}|{fallback}|{int(route.moved)}\n"


def digest_of(spec: str, compared: int, keys: int) -> tuple[str, str]:
    """The digests of the first 50,000 and of `keys` keys, after comparing the fast path with the oracle."""
    router = Router(spec, None, NOW_MS)
    fast = FastRouter(router)
    for i in range(compared):
        number = i * (KEYS // compared)
        assert fast.line(number) == line(router, number), f"the fast path differs from the oracle at key {number}"
    value, first = FNV_OFFSET, ""
    for start in range(0, keys, FIRST_KEYS):
        value = fnv1a("".join(fast.line(i) for i in range(start, start + FIRST_KEYS)).encode(), value)
        first = first or f"{value:016x}"
    return first, f"{value:016x}"


def build() -> dict[str, Any]:
    """The whole file; takes about a minute."""
    digests = []
    for about, spec in specs():
        first, whole = digest_of(spec, COMPARED, KEYS)
        digests.append({"spec": spec, "region": None, "about": about, "digest_50k": first, "digest": whole})
    return {
        "version": 1,
        "kind": "digest",
        "provenance": "oracle through a bisecting fast path, compared with the linear oracle on 2,000 keys a spec",
        "keys": KEYS,
        "digests": digests,
    }


def differences(path: Path) -> list[str]:
    """What differs within the first 50,000 keys."""
    if not path.exists():
        return [f"{path.name}: missing; run generate.py"]
    stored = json.loads(path.read_text("utf-8"))["digests"]
    wanted = specs()
    if [entry["spec"] for entry in stored] != [spec for _, spec in wanted]:
        return [f"{path.name}: other specs than the generator's; run generate.py"]
    wrong = []
    for entry in stored:
        first, _ = digest_of(entry["spec"], COMPARED_WHILE_CHECKING, FIRST_KEYS)
        if entry["digest_50k"] != first:
            wrong.append(f"{path.name}: {entry['about']}: {entry['digest_50k']} is stored, {first} is computed")
    return wrong
