"""Forked children go on with their parent's router, whatever its threads were doing at the fork."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from forks import in_child, run
from specs import cluster, spec

import ringshift
from ringshift import watch

# Python warns of every fork of a process with threads; here it is what is tested.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")

KEYS = [f"user:{at}" for at in range(50)]
FORKS = int(os.environ.get("FORKS", "200"))


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
    # Routers of other tests, whose watchers go on in the child, may wait for the collector.
    gc.collect()
    router = ringshift.Router.open(path, watch=0.002)
    router.close()

    def child() -> None:
        assert threading.active_count() == 1

    in_child(child)


def test_forks_while_threads_do_everything(tmp_path: Path) -> None:
    """No lock of the router is held at a fork, so no child ever waits for one."""
    path = tmp_path / "cache.json"
    path.write_text(text(1))
    router = ringshift.Router.open(path, watch=0.0005)
    other = ringshift.Router.from_spec(text(1))
    stop = threading.Event()
    errors: list[BaseException] = []
    generation = 1

    def write() -> None:
        nonlocal generation
        generation += 1
        put(path, text(generation))
        other.apply(text(generation))
        router.refresh()

    def read() -> None:
        router.route_many(KEYS)
        other.report(other.route("user:1").invalidate[0], "timeout")

    def look() -> None:
        router.metrics()
        other.metrics_text()

    def open_one() -> None:
        ringshift.Router.open(path, watch=60).close()

    def for_ever(body: Callable[[], None]) -> None:
        try:
            while not stop.is_set():
                body()
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    def child() -> None:
        for each in (router, other):
            each.refresh()
            generation = each.generation
            each.apply(text(generation + 1_000_000))
            assert each.route("user:1").generation == generation + 1_000_000
            each.metrics()
            each.metrics_text()
            each.close()
        ringshift.Router.open(path).close()

    threads = [threading.Thread(target=for_ever, args=(body,)) for body in (write, read, look, open_one)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(FORKS):
            in_child(child)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        router.close()
    assert errors == []


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


def test_other_hooks_of_the_same_fork_may_use_the_router(tmp_path: Path) -> None:
    """Those that were registered before this package's run within its own."""
    path = tmp_path / "cache.json"
    path.write_text(text(1))
    code = """
import os, sys
calls = []
def use():
    calls.append(router.refresh())
    router.metrics()
os.register_at_fork(before=use, after_in_parent=use, after_in_child=use)
import ringshift
os.register_at_fork(before=use, after_in_parent=use, after_in_child=use)
router = ringshift.Router.open(sys.argv[1], watch=0.001)
for _ in range(20):
    calls.clear()
    child = os.fork()
    assert len(calls) == 4, calls
    router.refresh()
    if child == 0:
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
print("done")
"""
    result = run(code, path)
    assert (result.returncode, result.stdout) == (0, "done\n"), result.stderr


def test_a_fork_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refresh that hangs is left behind; the child routes on, and is told in place of hanging itself."""
    monkeypatch.setattr(watch, "_LAST_WAIT", 0.0)
    # It takes long enough for some forks to fall into it.
    names = [f"n{at}" for at in range(200)]
    router = ringshift.Router.from_spec(spec(1, cluster(*names)))
    stop = threading.Event()

    def write() -> None:
        generation = 1
        while not stop.is_set():
            generation += 1
            router.apply(spec(generation, cluster(*names[generation % 2 :])))

    seen = tmp_path / "told"

    def child() -> None:
        assert router.route("user:1").read is not None
        try:
            router.refresh()
        except ringshift.InternalError as error:
            assert "open another router in this process" in str(error)  # noqa: PT017
            seen.touch()
            with pytest.raises(ringshift.InternalError):
                router.apply(spec(10**9, cluster("a")))
        ringshift.Router.from_spec(spec(1, cluster("a"))).refresh()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        forks = 0
        while not seen.exists():
            in_child(child)
            forks += 1
    finally:
        stop.set()
        thread.join()
    # The parent lost nothing.
    generation = router.generation
    assert router.apply(spec(generation + 1, cluster("a"))) is True
