"""Eight threads in all of a router at once, and in an adapter.

Under any Python, and in earnest under one that has no lock of its own ("free-threaded"). There, ringshift must not be
what brings the lock back.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from servers import Server
from specs import cluster, final, spec

import ringshift
from ringshift.adapters.pymemcache import Client

THREADS = 8
ROUNDS = int(os.environ.get("FREE_THREADED_ROUNDS", "400"))
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
KEYS = [f"user:{at}" for at in range(40)]


def has_lock() -> bool:
    return bool(getattr(sys, "_is_gil_enabled", lambda: True)())


def together(body: Callable[[int], None]) -> None:
    """Runs a body in each of eight threads, all of which begin at once; the first exception of any is raised."""
    barrier = threading.Barrier(THREADS)

    def run(which: int) -> None:
        barrier.wait()
        body(which)

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(run, which) for which in range(THREADS)]:
            done.result()
    assert has_lock() is not FREE_THREADED, "something that the tests import has brought the lock back"


def test_importing_it_does_not_bring_the_lock_back() -> None:
    code = """
import sys
import ringshift, ringshift.adapters.pymemcache, ringshift.adapters.redis
print(getattr(sys, "_is_gil_enabled", lambda: True)())
"""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHON_GIL"}
    # An interpreter that has to bring its lock back also says so, by a warning.
    command = [sys.executable, "-W", "error", "-c", code]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (result.stdout, result.stderr) == (f"{not FREE_THREADED}\n", "")


def text(generation: int) -> str:
    """The nodes' ids tell their generation, and it is another one that has a key."""
    return spec(generation, cluster(*[f"n{at}-{generation}" for at in range(5)]))


def check(route: ringshift.Route) -> ringshift.Node:
    (node,) = route.invalidate
    assert node.id.endswith(f"-{route.generation}")
    assert route.read is None or route.read.node is node
    return node


def check_many(router: ringshift.Router) -> None:
    routes = router.route_many(KEYS)
    assert len({route.generation for route in routes}) == 1
    for route in routes:
        check(route)
    positions = itertools.chain(*router.group_by_node(KEYS).values())
    assert sorted(positions) == list(range(len(KEYS)))
    assert len(router.index_many(KEYS)) == len(KEYS)


def check_told(router: ringshift.Router, generation: int) -> None:
    assert router.metrics()["generation"] >= generation
    assert "ringshift_" in router.metrics_text()
    numbers = [event["sequence"] for event in router.events()]
    assert numbers == sorted(set(numbers))


def test_all_of_a_router_at_once(tmp_path: Path) -> None:
    path = tmp_path / "cache.json"
    path.write_text(text(1))
    router = ringshift.Router.open(path)
    lost = [0] * THREADS

    def put(generation: int) -> None:
        new = path.with_suffix(".new")
        new.write_text(text(generation))
        new.rename(path)
        router.refresh()

    def work(which: int) -> None:
        last = 0
        for at in range(ROUNDS):
            if which == 0 and at % 10 == 9:
                put(2 + at // 10)
            key = KEYS[(at + which) % len(KEYS)]
            route = router.route(key)
            node = check(route)
            assert route.generation >= last
            last = route.generation
            assert router.node(node.index) is node
            router.report(node, "hit")
            check_many(router)
            if at % 10 == 5:
                lost[which] += 1
                router.lost(node, key, "timeout")
            for owed, loss in router.owed(node):
                assert owed.decode() in KEYS
                router.repaid(owed, loss)
            if at % 40 == which:
                check_told(router, last)
            if at % 10 == which:
                router.refresh()
                with contextlib.suppress(ringshift.StaleGenerationError):
                    router.apply(text(last))

    together(work)
    metrics = router.metrics()
    requests = {(each["op"], each["outcome"]): each["count"] for each in metrics["requests"]}
    assert requests == {("read", "hit"): THREADS * ROUNDS, ("invalidate", "timeout"): sum(lost)}
    assert metrics["generation"] == router.generation == 1 + ROUNDS // 10
    assert metrics["reloads"]["applied"] == router.generation
    # What somebody was given and could not repay, because it was lost once more, is given out again in a while.
    while router.metrics()["owed"]["keys"]:
        for node in router.nodes:
            for owed, loss in router.owed(node):
                router.repaid(owed, loss)
        time.sleep(0.01)
    assert all(route.read is not None for route in router.route_many(KEYS))


def test_closing_at_any_moment() -> None:
    for _ in range(max(10, ROUNDS // 20)):
        router = ringshift.Router.from_spec(text(1), watch=0.001)
        (node, *_others) = router.nodes

        def work(which: int, router: ringshift.Router = router, node: ringshift.Node = node) -> None:
            calls: list[Callable[[], object]] = [
                lambda: router.route("user:1"),
                lambda: router.route_many(KEYS),
                lambda: router.report(node, "hit"),
                lambda: router.lost(node, "user:2"),
                lambda: router.owed(node),
                lambda: router.repaid("user:2", 1),
                router.metrics,
                router.refresh,
            ]
            with pytest.raises(ringshift.ClosedError):  # noqa: PT012
                for at in itertools.count():
                    calls[(at + which) % len(calls)]()
                    if at == 30 and which < 2:
                        router.close()

        together(work)
        assert router.closed


def test_an_adapter_while_its_keys_move(servers: list[Server]) -> None:
    blue = cluster(*[f"b{at}@{server.address}" for at, server in enumerate(servers[:2])])
    green = cluster(*[f"g{at}@{server.address}" for at, server in enumerate(servers[2:])], prefix="g:")
    steps = [("prepare", 100), *[("ramp", percent) for percent in range(5, 101, 5)], ("soak", 100)]
    texts = [spec(at, blue, green, stage, percent) for at, (stage, percent) in enumerate(steps, 2)]
    texts.append(final(len(texts) + 2, green))
    step = max(1, ROUNDS // (len(texts) + 1))
    with ringshift.Router.from_spec(spec(1, blue)) as router, Client(router, timeout=20, connect_timeout=20) as client:

        def work(which: int) -> None:
            todo = iter(texts)
            for at in range(ROUNDS):
                if which == 0 and at % step == 0 and (text := next(todo, None)) is not None:
                    router.apply(text)
                mine, ours = f"{which}:{at % 20}", f"ours:{at % 20}"
                value = f"{mine}={at}".encode()
                before = router.generation
                assert client.set(mine, value) is True
                # A step between the two may cost the value, and never give another one.
                assert client.get(mine) == value or router.generation != before
                assert client.get_or_load(ours, ours.encode) == ours.encode()
                many = {f"{mine}:{each}": value for each in "abc"}
                client.set_many(many)
                assert client.get_many(many) == many or router.generation != before
                client.delete_many([*many, mine])
                assert client.get(mine) is None
                assert client.get_many(many) == {}
                if at % 20 == which:
                    client.invalidate(ours)

        together(work)
        for text in texts[router.generation - 1 :]:
            router.apply(text)
        metrics = router.metrics()
        assert metrics["generation"] == len(texts) + 1
        assert metrics["owed"]["keys"] == 0
        assert {each["outcome"] for each in metrics["requests"]} == {"hit", "miss", "ok"}


def test_connections_are_let_go_while_others_use_theirs(servers: list[Server]) -> None:
    """Each spec lacks another server, whose connections are closed once nobody uses them."""

    def without(left_out: int, generation: int) -> str:
        return spec(
            generation, cluster(*[f"n{at}@{each.address}" for at, each in enumerate(servers) if at != left_out])
        )

    with (
        ringshift.Router.from_spec(without(0, 1)) as router,
        Client(router, timeout=20, connect_timeout=20) as client,
    ):

        def work(which: int) -> None:
            for at in range(ROUNDS):
                if which == 0 and at % 4 == 0:
                    generation = router.generation + 1
                    router.apply(without(generation % 4, generation))
                key = f"{which}:{at % 20}"
                client.set(key, key.encode())
                assert client.get(key) in {key.encode(), None}

        together(work)
        assert {each["outcome"] for each in router.metrics()["requests"]} <= {"hit", "miss", "ok"}
