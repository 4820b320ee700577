"""Many threads on one router while others put new specs in force."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from specs import cluster, spec

import ringshift

KEYS = [f"user:{at}" for at in range(300)]


@pytest.fixture(autouse=True)
def _often_switched() -> Iterator[None]:
    """Threads take turns far more often than usual, so that more of their interleavings are met."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def together(*bodies: Callable[[], None]) -> None:
    """Runs bodies in threads of their own; the first exception of any is raised."""
    errors: list[BaseException] = []

    def run(body: Callable[[], None]) -> None:
        try:
            body()
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=run, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def generation_spec(generation: int) -> str:
    """A spec whose node ids tell its generation."""
    return spec(
        generation,
        cluster(f"a{generation}", f"b{generation}", f"c{generation}"),
        cluster(f"d{generation}@127.0.0.1:11", f"e{generation}@127.0.0.1:12", prefix="g:"),
        "ramp",
        generation % 101,
    )


def check(route: ringshift.Route) -> None:
    """Everything in a route belongs to its generation."""
    generation = str(route.generation)
    targets = [target for target in (route.read, route.fallback) if target is not None]
    for node in (*route.invalidate, *(node for target in targets for node in target.nodes)):
        assert node.id[1:] == generation


def test_every_route_belongs_to_one_generation() -> None:
    router = ringshift.Router.from_spec(generation_spec(1))
    done = threading.Event()

    def write() -> None:
        try:
            for generation in range(2, 300):
                assert router.apply(generation_spec(generation)) is True
        finally:
            done.set()

    def read() -> None:
        last = 0
        while not done.is_set():
            for key in KEYS[:20]:
                route = router.route(key)
                check(route)
                assert route.generation >= last
                last = route.generation
            routes = router.route_many(KEYS)
            assert len({route.generation for route in routes}) == 1
            for route in routes:
                check(route)
            for node in router.group_by_node(KEYS):
                assert node is not None
            router.metrics()

    together(write, read, read, read)
    assert router.generation == 299


def test_writers_wait_for_one_another() -> None:
    router = ringshift.Router.from_spec(generation_spec(1))
    refused = [0] * 4

    def write(which: int) -> None:
        for generation in range(2 + which, 200, 4):
            try:
                router.apply(generation_spec(generation))
            except ringshift.StaleGenerationError:
                refused[which] += 1

    together(*[lambda which=which: write(which) for which in range(4)])
    assert router.generation == 199
    reloads = router.metrics()["reloads"]
    assert reloads["applied"] == 1 + 198 - sum(refused)


def test_one_node_object_whoever_asks_first() -> None:
    for generation in range(1, 30):
        router = ringshift.Router.from_spec(generation_spec(generation))
        seen: list[dict[str, ringshift.Node]] = [{}, {}, {}]
        barrier = threading.Barrier(3)

        def ask(which: int, router: ringshift.Router = router, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            for route in map(router.route, KEYS):
                seen[which].update((node.id, node) for node in route.invalidate)  # noqa: B023

        together(*[lambda which=which, ask=ask: ask(which) for which in range(3)])
        assert len(seen[0]) == 5
        for name, node in seen[0].items():
            assert seen[1][name] is node
            assert seen[2][name] is node


def test_closing_under_load() -> None:
    router = ringshift.Router.from_spec(generation_spec(1))
    started = threading.Barrier(3)

    def read() -> None:
        started.wait()
        with pytest.raises(ringshift.ClosedError):
            for_ever()

    def for_ever() -> None:
        while True:
            check(router.route("user:1"))
            router.refresh()

    def close() -> None:
        started.wait()
        router.close()

    together(read, read, close)


def test_metrics_lets_other_threads_run() -> None:
    """The first look at an uneven spec goes through all its points, and looks for what would mend it."""
    interval = sys.getswitchinterval()
    # Nobody is made to give way: another thread runs only if this one lets it.
    sys.setswitchinterval(1000)
    try:
        turns = 0
        done = False

        def turn() -> None:
            nonlocal turns
            while not done:
                turns += 1
                time.sleep(0)

        nodes = cluster(*[f"n{at}@127.0.0.{at >> 8}:{at + 1}" for at in range(1000)])
        nodes["placement"]["vnodes"] = 100
        router = ringshift.Router.from_spec(spec(1, nodes))
        other = threading.Thread(target=turn)
        other.start()
        while turns == 0:
            time.sleep(0.001)
        for look in (router.metrics, router.metrics_text):
            before = turns
            look()
            assert turns > before
            nodes["nodes"].pop()
            router.apply(spec(router.generation + 1, nodes))
        assert router.metrics()["warnings"]
        done = True
        other.join()
    finally:
        done = True
        sys.setswitchinterval(interval)


def test_the_cache_of_routes_is_bounded_and_right() -> None:
    """More routes than the cache holds: two clusters of many nodes have a route for each pair."""
    blue = cluster(*[f"a{at}@127.0.0.1:{at + 1}" for at in range(400)])
    green = cluster(*[f"b{at}@127.0.0.2:{at + 1}" for at in range(400)], prefix="g:")
    router = ringshift.Router.from_spec(spec(1, blue, green, "ramp", 50))
    fresh = ringshift.Router.from_spec(spec(1, blue, green, "ramp", 50))
    keys = [f"user:{at}" for at in range(120_000)]
    routes = router.route_many(keys)
    assert len({id(route) for route in routes}) > 65_536
    # It started afresh on the way, and what it handed out before is still right.
    assert router.route(keys[0]) is not routes[0]
    assert repr(router.route(keys[0])) == repr(routes[0])
    for key in keys[::997]:
        route, expected = router.route(key), fresh.route(key)
        assert repr(route) == repr(expected)
