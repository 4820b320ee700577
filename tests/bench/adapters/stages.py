"""What an operation takes in each stage: requests, one after the other, and microseconds."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import ringshift
from fleet import Memcached, Redis
from ringshift.adapters.pymemcache import Client
from ringshift.adapters.redis import Redis as RedisClient

ROUNDS = 400
VALUE = b"x" * 100
Servers = Callable[[Any, int], AbstractContextManager[list[Any]]]


def spec(old: str, new: str, stage: str | None) -> str:
    """A cluster of one node moves to another, or has moved."""
    clusters = {
        name: {"placement": {"kind": "ring"}, "key_prefix": f"{name}:", "nodes": [{"id": name, "address": address}]}
        for name, address in (("a", old), ("b", new))
    }
    made: dict[str, Any] = {"format": 1, "generation": 1, "primary": "a", "standby": "b", "clusters": clusters}
    if stage is not None:
        made["migration"] = {"id": "m", "from": "a", "to": "b", "stage": stage, "percent": 100}
    return json.dumps(made)


def median(prepare: Callable[[], object], operation: Callable[[], object]) -> float:
    """Microseconds of an operation, without what has to be there before."""
    taken = []
    for _ in range(ROUNDS):
        prepare()
        begin = time.perf_counter_ns()
        operation()
        taken.append((time.perf_counter_ns() - begin) / 1000)
    return statistics.median(taken)


def requests(router: ringshift.Router) -> int:
    """How many were reported so far."""
    return sum(each["count"] for each in router.metrics()["requests"])


def stages(servers: Servers) -> list[str]:
    """A table: for each client and operation, requests and time by stage."""
    lines = [
        "| | | none | prepare | ramp, moved | soak |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for name, kind, client in (("pymemcache", Memcached, Client), ("redis-py", Redis, RedisClient)):
        with servers(kind, 2) as (old, new):
            rows: dict[str, list[str]] = {}
            for stage in (None, "prepare", "ramp", "soak"):
                with (
                    ringshift.Router.from_spec(spec(old.address, new.address, stage)) as router,
                    client(router) as cache,
                    ringshift.Router.from_spec(spec(old.address, new.address, None)) as plain,
                    client(plain) as before,
                ):
                    measure(rows, router, cache, before, ramp=stage == "ramp")
            lines += [f"| {name} | {operation} | {' | '.join(cells)} |" for operation, cells in rows.items()]
    return lines


def measure(rows: dict[str, list[str]], router: ringshift.Router, cache: Any, before: Any, *, ramp: bool) -> None:
    """One stage; `before` writes as a process without a migration does."""

    def nothing() -> None:
        cache.delete("k")

    def stored() -> None:
        cache.set("k", VALUE)

    def only_at_the_source() -> None:
        cache.delete("k")
        before.set("k", VALUE)

    cases: list[tuple[str, Callable[[], object], Callable[[], object]]] = [
        ("get, a hit", stored, lambda: cache.get("k")),
        ("get_or_load, a miss", nothing, lambda: cache.get_or_load("k", lambda: VALUE)),
        ("invalidate", stored, lambda: cache.invalidate("k")),
    ]
    if ramp:
        cases.append(("get, copied from the source", only_at_the_source, lambda: cache.get("k")))
    for operation, prepare, run in cases:
        prepare()
        begun = requests(router)
        run()
        count = requests(router) - begun
        cells = rows.setdefault(operation, [])
        # A copy is only made in a ramp.
        while operation.endswith("source") and len(cells) < 2:
            cells.append("")
        cells.append(f"{count}, {median(prepare, run):.0f} us")
    if not ramp and "get, copied from the source" in rows:
        rows["get, copied from the source"].append("")
