"""Nothing outlives the demonstration, even if it is killed."""

from __future__ import annotations

import signal
import subprocess
import sys

from demo.guard import still_watched
from demo.settings import ROOT

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


def test_what_was_given_and_not_taken_back_is_watched() -> None:
    assert still_watched(["watch 1\n", "watch 2\n", "done 1\n", "watch 3\n", "nonsense\n", "watch x\n"]) == [2, 3]


def test_closing_the_pipe_kills_what_is_watched_and_nothing_else() -> None:
    watched, released = subprocess.Popen(SLEEPER), subprocess.Popen(SLEEPER)
    try:
        guard = subprocess.Popen([sys.executable, "-m", "demo.guard"], cwd=ROOT, stdin=subprocess.PIPE, text=True)
        guard.communicate(f"watch {watched.pid}\nwatch {released.pid}\ndone {released.pid}\n", timeout=60)
        assert guard.returncode == 0
        assert watched.wait(timeout=60) == -signal.SIGKILL
        assert released.poll() is None
    finally:
        for process in (watched, released):
            process.kill()
            process.wait()


def test_the_guard_needs_no_living_process() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    guard = subprocess.run(
        [sys.executable, "-m", "demo.guard"], cwd=ROOT, input=f"watch {gone.pid}\n", text=True, timeout=60, check=False
    )
    assert guard.returncode == 0
