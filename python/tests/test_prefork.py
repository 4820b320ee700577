"""A server that opens its router before it forks its workers, and the ways of `multiprocessing`."""

from __future__ import annotations

import multiprocessing
import pickle
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from specs import cluster, spec

import ringshift

PROGRAM = Path(__file__).with_name("prefork.py")
WORKERS = 4

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


def text(generation: int) -> str:
    return spec(generation, cluster(*[f"n{at}-{generation}" for at in range(5)]))


def put(path: Path, content: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(content)
    new.rename(path)


def test_workers_follow_the_spec_of_a_router_that_was_opened_before_the_fork(tmp_path: Path) -> None:
    path = tmp_path / "cache.json"
    path.write_text(text(1))
    command = [sys.executable, str(PROGRAM), str(path), str(WORKERS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as master:
        assert master.stdin is not None
        assert master.stdout is not None

        def say(command: str) -> str:
            assert master.stdin is not None
            assert master.stdout is not None
            print(command, file=master.stdin, flush=True)
            return master.stdout.readline().strip()

        try:
            assert master.stdout.readline() == "serving\n"
            for generation in range(1, 12):
                put(path, text(generation))
                wanted = " ".join([f"{generation}:True"] * WORKERS)
                # Each follows by its own watcher, when it comes to it; the time limit ends what never comes.
                while say("ask") != wanted:
                    time.sleep(0.002)
                # A worker that dies is forked again, from a master whose threads are busy.
                assert say("kill") == "forked"
            assert say("end") == "ended"
            assert master.wait(60) == 0
        finally:
            master.kill()


def serve_inherited(queue: multiprocessing.Queue[object]) -> None:
    """In a forked process: the parent's own router, which goes on following."""
    router = INHERITED[0]
    while router.generation != 2:
        time.sleep(0.001)
    queue.put((router.route("user:1").generation, router.refresh()))


def serve_own(path: str, queue: multiprocessing.Queue[object]) -> None:
    """In a process that knows nothing of the parent's objects: a router of its own."""
    with ringshift.Router.open(path, watch=0.002) as router:
        while router.generation != 2:
            time.sleep(0.001)
        queue.put((router.route("user:1").generation, router.refresh()))


INHERITED: list[ringshift.Router] = []


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(tmp_path: Path, method: str) -> None:
    path = tmp_path / "cache.json"
    path.write_text(text(1))
    context: Any = multiprocessing.get_context(method)
    with ringshift.Router.open(path, watch=0.002) as router:
        INHERITED[:] = [router]
        queue = context.Queue()
        if method == "fork":
            processes = [context.Process(target=serve_inherited, args=(queue,), daemon=True) for _ in range(2)]
        else:
            processes = [context.Process(target=serve_own, args=(str(path), queue), daemon=True) for _ in range(2)]
        for process in processes:
            process.start()
        put(path, text(2))
        assert [queue.get(timeout=60) for _ in processes] == [(2, False), (2, False)]
        for process in processes:
            process.join(60)
            assert process.exitcode == 0
        queue.close()
        queue.join_thread()


def test_a_router_cannot_be_sent_to_another_process() -> None:
    router = ringshift.Router.from_spec(text(1))
    for thing in (router, router.nodes[0], router.route("user:1")):
        with pytest.raises(TypeError, match="cannot pickle"):
            pickle.dumps(thing)
