"""Memory: calls leave nothing behind, neither bytes nor references, and what a router took comes back.

The bounds are wide; a leak of a few bytes a call is still far beyond them.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from specs import cluster, spec

import ringshift

MIB = 1 << 20
CALLS = int(os.environ.get("MEMORY_CALLS", "300000"))


def text(generation: int) -> str:
    return spec(generation, cluster("a", "b"), cluster("c@127.0.0.1:9", "d@127.0.0.1:10", prefix="g:"), "ramp", 50)


def resident() -> int:
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def assert_steady(body: Callable[[int], None], limit: int = 8 * MIB) -> None:
    """A second round takes no more memory than the first left."""
    body(0)
    gc.collect()
    before = resident()
    body(1)
    gc.collect()
    grown = resident() - before
    assert grown < limit, f"the process grew by {grown / MIB:.1f} MiB"


def test_routes_of_many_keys() -> None:
    router = ringshift.Router.from_spec(text(1))

    def calls(turn: int) -> None:
        for at in range(CALLS):
            router.route(f"user:{turn}:{at}")
        for at in range(CALLS // 1000):
            keys = [f"user:{at}:{each}" for each in range(100)]
            router.route_many(keys)
            router.group_by_node(keys)
            router.index_many(keys)

    assert_steady(calls)


def test_reports_and_metrics() -> None:
    router = ringshift.Router.from_spec(text(1))
    read = router.route("user:1").read
    assert read is not None

    def calls(turn: int) -> None:
        for _ in range(CALLS // 10):
            router.report(read, "hit")
        for _ in range(CALLS // 300):
            router.metrics()
            router.metrics_text()

    assert_steady(calls)


def test_errors() -> None:
    router = ringshift.Router.from_spec(text(1))

    def calls(turn: int) -> None:
        for _ in range(CALLS // 30):
            with pytest.raises(ringshift.InvalidKeyError):
                router.route("\ud800")
            with pytest.raises(TypeError):
                router.route(1)  # type: ignore[arg-type]
            with pytest.raises(ringshift.SpecError):
                router.apply("{")

    assert_steady(calls)


def test_one_generation_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "cache.json"
    path.write_text(text(1))
    router = ringshift.Router.open(path)
    generation = 1

    def calls(turn: int) -> None:
        nonlocal generation
        for _ in range(CALLS // 300):
            generation += 1
            path.write_text(text(generation))
            assert router.refresh() is True
            for at in range(20):
                router.route(f"user:{at}")

    assert_steady(calls)


@pytest.mark.parametrize("watched", [None, 60.0])
def test_routers_that_are_dropped_or_closed(watched: float | None) -> None:
    def calls(turn: int) -> None:
        for at in range(CALLS // 600):
            router = ringshift.Router.from_spec(text(1), watch=watched)
            router.route("user:1")
            if at % 2:
                router.close()

    # A thread's stack may stay mapped for the next thread.
    assert_steady(calls, 24 * MIB)


def test_references_are_given_back() -> None:
    router = ringshift.Router.from_spec(text(1))
    keys = [f"user:{at}" for at in range(10)]
    key = keys[1]
    route = router.route(key)
    node = route.invalidate[0]
    things: list[object] = [router, key, keys, keys[0], route, node, route.read, None, ringshift.InvalidKeyError]

    def calls() -> None:
        for _ in range(1000):
            assert router.route(key) is route
            router.route_many(keys)
            router.group_by_node(keys)
            router.index_many(keys)
            assert router.node(node.index) is node
            router.report(node, "hit")
            router.metrics()
            assert router.nodes
            assert route.read is not None
            assert route.read.node
            with pytest.raises(ringshift.InvalidKeyError):
                router.route("\ud800")

    calls()
    gc.collect()
    before = [sys.getrefcount(thing) for thing in things]
    calls()
    gc.collect()
    after = [sys.getrefcount(thing) for thing in things]
    # Others have references to None and to a class, a few more or less.
    assert all(abs(now - then) < 100 for then, now in zip(before, after, strict=True)), (before, after)
    assert before[:7] == after[:7]
