"""The watcher: takes up new specs by itself, is never in the way, and ends when it should."""

from __future__ import annotations

import gc
import json
import logging
import os
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from specs import cluster, spec

import ringshift
from ringshift import watch


def text(generation: int) -> str:
    return spec(generation, cluster("a", "b"))


def put(path: Path, content: str) -> None:
    """Replaces a file by rename."""
    new = path.with_suffix(".new")
    new.write_text(content)
    new.rename(path)


def until(condition: Callable[[], object]) -> None:
    """Waits for a condition; the time limit of the test ends what never comes."""
    while not condition():
        time.sleep(0.002)


def watchers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "ringshift-watch"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "cache.json"
    path.write_text(text(1))
    return path


def test_new_specs_are_taken_up_and_bad_ones_are_not(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "ringshift"), ringshift.Router.open(path, watch=0.005) as router:
        put(path, text(2))
        until(lambda: router.generation == 2)
        put(path, "{")
        until(lambda: router.last_error is not None)
        assert isinstance(router.last_error, ringshift.SpecSyntaxError)
        assert router.generation == 2
        path.unlink()
        until(lambda: isinstance(router.last_error, ringshift.IoError))
        put(path, text(3))
        until(lambda: router.generation == 3)
        assert router.last_error is None
        reloads = router.metrics()["reloads"]
        assert reloads["applied"] == 3
        assert reloads["rejected"] == 2
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 2
    assert all(message.startswith(f"rejected: {path}") for message in warnings)
    events = [record.__dict__["ringshift_event"] for record in caplog.records]
    assert [event["sequence"] for event in events] == list(range(1, 6)), "each is logged once, the first one too"
    assert [event["generation"] for event in events] == [1, 2, 2, 2, 3]


def test_a_router_without_a_file_follows_its_schedule() -> None:
    start = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    schedule = json.dumps({"start": start, "from": 0, "to": 100, "over": "2s"})
    green = cluster("c@127.0.0.1:9", prefix="g:")
    content = spec(1, cluster("a"), green, "ramp").replace('"percent": 100', f'"schedule": {schedule}')
    with ringshift.Router.from_spec(content, watch=0.005) as router:
        before = router.epoch
        until(lambda: router.weight == 10_000)
        assert router.epoch > before
        assert router.route("user:1").moved is True
        assert router.generation == 1


def test_closing_ends_the_thread(path: Path) -> None:
    router = ringshift.Router.open(path, watch=3600)
    (thread,) = watchers()
    assert thread.daemon
    router.close()
    thread.join()


def test_the_watcher_does_not_keep_its_router(path: Path) -> None:
    router = ringshift.Router.open(path, watch=3600)
    gone = weakref.ref(router)
    (thread,) = watchers()
    del router
    gc.collect()
    assert gone() is None
    thread.join()


def test_many_watchers_at_once(path: Path) -> None:
    routers = [ringshift.Router.open(path, watch=0.005) for _ in range(20)]
    put(path, text(2))
    for router in routers:
        until(lambda router=router: router.generation == 2)  # type: ignore[misc]
        router.close()
    until(lambda: not watchers())


def test_close_within_the_watcher_itself(path: Path) -> None:
    """A destructor may run in any thread."""
    router = ringshift.Router.open(path, watch=0.005)
    watcher = watch.Watcher(router, 0.005)
    watcher.stop()
    until(lambda: len(watchers()) == 1)
    watcher.restart()
    assert len(watchers()) == 1
    router.close()
    until(lambda: not watchers())


def run(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "RUST_BACKTRACE": "0"},
    )


@pytest.mark.parametrize(
    "end",
    [
        "",
        "sys.exit(0)",
        "del router",
        "router.close()",
        "gc.collect(); gc.freeze()",
        "threading.Thread(target=work).start()",
    ],
)
def test_the_interpreter_ends_with_a_live_watcher(path: Path, end: str) -> None:
    code = f"""
import gc, sys, threading, time
import ringshift
router = ringshift.Router.open(sys.argv[1], watch=0.0005)
others = [ringshift.Router.open(sys.argv[1], watch=0.0005) for _ in range(3)]
def work():
    for at in range(2000):
        others[0].route(str(at))
while router.metrics()["reloads"]["unchanged"] < 3:
    time.sleep(0.001)
print("worked", flush=True)
{end}
"""
    for _ in range(3):
        result = run(code, path)
        assert (result.returncode, result.stdout, result.stderr) == (0, "worked\n", "")


def test_the_thread_is_gone_before_the_interpreter_is_taken_apart(path: Path) -> None:
    """What was registered first runs last."""
    code = """
import atexit, sys, threading
atexit.register(lambda: print([thread.name for thread in threading.enumerate()]))
import ringshift
router = ringshift.Router.open(sys.argv[1], watch=0.0005)
print([thread.name for thread in threading.enumerate()])
"""
    result = run(code, path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "['MainThread', 'ringshift-watch']\n['MainThread']\n"


def test_the_interpreter_ends_by_an_exception_with_a_live_watcher(path: Path) -> None:
    result = run("import ringshift, sys\nr = ringshift.Router.open(sys.argv[1], watch=0.0005)\nraise KeyError(1)", path)
    assert result.returncode == 1
    assert result.stderr.strip().splitlines()[-1] == "KeyError: 1"
