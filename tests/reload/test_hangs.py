"""A file system that hangs: it holds up the refresh alone, and in Python neither the process' end nor a fork."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from faults import SpecFile, spec
from hosts import HOSTS, PATIENCE, Watched, command, preload
from ringshift import watch

# The most that Python waits for each of two things before it ends, and before it forks; far less than it is by itself.
WAIT = 0.4


class Hanging:
    """A spec file that nobody can open while it hangs."""

    def __init__(self, directory: Path) -> None:
        """It doesn't hang yet."""
        self.file = SpecFile(directory)
        path = self.file.path
        self._hangs, self._waits = path.with_name(f"{path.name}.hangs"), path.with_name(f"{path.name}.waits")
        self.environment = {"LD_PRELOAD": preload("hang"), "HANG": str(path)}

    def begin(self) -> None:
        """From now on it hangs; somebody waits for it when this returns."""
        self._hangs.touch()
        while not self._waits.exists():
            time.sleep(0.001)

    def end(self) -> None:
        """It goes on."""
        self._hangs.unlink()
        self._waits.rmdir()


@pytest.mark.parametrize("host", HOSTS)
def test_a_file_system_that_hangs_holds_up_the_refresh_alone(tmp_path: Path, host: str) -> None:
    hanging = Hanging(tmp_path)
    watched = Watched(command(host), hanging.file.path, hanging.environment)
    for _ in range(2):
        watched.after(2)
        hanging.begin()
        before = watched.ask()
        hanging.file.mend(None, back=False)
        answer = before
        for _ in range(20):
            routed = answer["routed"]
            while answer["routed"] == routed:
                answer = watched.ask()
            assert answer["reloads"] == before["reloads"]
            assert answer["generation"] == before["generation"]
        hanging.end()
        answer = watched.after(2)
        assert answer["generation"] == hanging.file.generation
        assert answer["wrong"] == 0
    watched.close()


BEGIN = """
import os, pathlib, sys, threading, time
import ringshift
from ringshift import watch
path, watch._LAST_WAIT = sys.argv[1], float(sys.argv[2])
router = ringshift.Router.open(path, watch=0.001)
hangs = pathlib.Path(path + ".hangs")
hangs.touch()
while not os.path.exists(path + ".waits"):
    time.sleep(0.001)
"""

ENDS = """
begun = threading.Event()
def never():
    begun.set()
    threading.Event().wait()
    yield "key"
threading.Thread(target=lambda: router.route_many(never()), daemon=True).start()
begun.wait()
print(router.route("key").generation, time.monotonic())
"""

FORKS = """
def told(call, *arguments):
    try:
        call(*arguments)
    except ringshift.InternalError as error:
        return "open another router in this process" in str(error)
    return False
others = [ringshift.Router.from_spec(sys.argv[3], watch=60) for _ in range(8)]
began = time.monotonic()
child = os.fork()
if child == 0:
    good = (
        router.route("key").generation == 2
        and all(map(told, (router.refresh, router.metrics, router.metrics_text, router.events)))
        and told(router.apply, sys.argv[3])
        and not any(other.refresh() for other in others)
        and sum(thread.name == "ringshift-watch" for thread in threading.enumerate()) == len(others)
    )
    os._exit(7 if good else 8)
print(time.monotonic() - began, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), router.route("key").generation)
hangs.unlink()
print(router.refresh(), router.apply(sys.argv[3]))
"""


def run(hanging: Hanging, code: str, *arguments: str) -> list[str]:
    """What a program prints that ends well, though the file system hangs."""
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + code, str(hanging.file.path), str(WAIT), *arguments],
        env=os.environ | hanging.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def test_python_waits_as_long_as_it_says() -> None:
    # Five seconds before a fork, and twice as long before the end: for the refresh, and for calls that run Python code.
    assert watch._LAST_WAIT == 5.0


def test_an_interpreter_ends_though_the_file_system_hangs(tmp_path: Path) -> None:
    generation, printed = run(Hanging(tmp_path), ENDS)
    waited = time.monotonic() - float(printed)
    assert int(generation) == 2
    # Later ones need not wait for the thread that is in Python code.
    assert waited >= WAIT * (2 if sys.version_info < (3, 14) else 1)


def test_a_fork_goes_on_though_the_file_system_hangs(tmp_path: Path) -> None:
    waited, status, generation, refreshed, applied = run(Hanging(tmp_path), FORKS, spec(3))
    assert float(waited) >= WAIT
    # The child has routed, and was told of the refresh that nobody finishes there; the other routers and their watchers
    # go on there.
    assert (int(status), int(generation)) == (7, 2)
    # The parent goes on as ever.
    assert (refreshed, applied) == ("False", "True")
