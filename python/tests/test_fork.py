"""Forked children go on with their parent's router, whatever its threads were doing at the fork."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from forks import in_child
from specs import cluster, spec

import ringshift

# Python warns of every fork of a process with threads; here it is what is tested.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")

KEYS = [f"user:{at}" for at in range(50)]


def text(generation: int) -> str:
    return spec(generation, cluster(f"a{generation}", f"b{generation}"))


def put(path: Path, content: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(content)
    new.rename(path)


def test_a_child_routes_and_refreshes(tmp_path: Path) -> None:
    path = tmp_path / "cache.json"
    path.write_text(text(1))
    router = ringshift.Router.open(path)
    nodes = {key: router.route(key).invalidate[0].id for key in KEYS}

    def child() -> None:
        assert {key: router.route(key).invalidate[0].id for key in KEYS} == nodes
        put(path, text(2))
        assert router.refresh() is True
        assert router.route("user:1").generation == 2

    in_child(child)
    assert router.generation == 1


def test_the_watcher_goes_on_in_parent_and_child(tmp_path: Path) -> None:
    path = tmp_path / "cache.json"
    path.write_text(text(1))
    with ringshift.Router.open(path, watch=0.002) as router:

        def child() -> None:
            put(path, text(2))
            while router.generation != 2:
                time.sleep(0.001)
            assert router.route("user:1").generation == 2
            in_child(grandchild)
            router.close()

        def grandchild() -> None:
            put(path, text(3))
            while router.generation != 3:
                time.sleep(0.001)

        in_child(child)
        while router.generation != 3:
            time.sleep(0.001)


def test_a_closed_router_has_no_watcher_in_a_child(tmp_path: Path) -> None:
    path = tmp_path / "cache.json"
    path.write_text(text(1))
    router = ringshift.Router.open(path, watch=0.002)
    router.close()

    def child() -> None:
        assert threading.active_count() == 1

    in_child(child)


def test_forks_while_threads_refresh_and_watch(tmp_path: Path) -> None:
    """No lock of the router is held at a fork, so no child ever waits for one."""
    path = tmp_path / "cache.json"
    path.write_text(text(1))
    router = ringshift.Router.open(path, watch=0.0005)
    other = ringshift.Router.from_spec(text(1))
    stop = threading.Event()

    def write() -> None:
        generation = 1
        while not stop.is_set():
            generation += 1
            put(path, text(generation))
            other.apply(text(generation))
            router.refresh()
            router.route_many(KEYS)
            router.metrics()

    def child() -> None:
        for each in (router, other):
            each.refresh()
            generation = each.generation
            each.apply(text(generation + 1_000_000))
            assert each.route("user:1").generation == generation + 1_000_000
            each.metrics_text()
            each.close()

    threads = [threading.Thread(target=write) for _ in range(2)]
    threads[0].start()
    try:
        for _ in range(40):
            in_child(child)
    finally:
        stop.set()
        threads[0].join()
        router.close()


def test_threads_may_fork_at_the_same_time(tmp_path: Path) -> None:
    path = tmp_path / "cache.json"
    path.write_text(text(1))
    errors: list[BaseException] = []
    with ringshift.Router.open(path, watch=0.0005) as router:

        def child() -> None:
            router.refresh()
            assert router.route("user:1").generation == 1

        def fork() -> None:
            try:
                for _ in range(15):
                    in_child(child)
            except BaseException as error:  # noqa: BLE001
                errors.append(error)

        threads = [threading.Thread(target=fork) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        router.refresh()
