"""Watchers keep their intervals, so that what the other tests count in refreshes takes no longer than it should.

How long they take is compared with a plain timer in a process that is as busy, at the same time: a watcher that is ten
times too slow fails, one on a machine that hardly has time for it does not.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from clock import YEAR, Clock
from faults import SpecFile
from hosts import HOSTS, Watched, command

INTERVAL_MS = 50
REFRESHES = 20
# The least in intervals, and the most in times of the timer.
LEAST, MOST = 0.5, 3

TIMER = """
import sys, threading, time
def work():
    while True:
        pass
threading.Thread(target=work, daemon=True).start()
began = time.monotonic()
for _ in range(int(sys.argv[1])):
    time.sleep(float(sys.argv[2]))
    # A refresh gives way to others some times.
    for _ in range(4):
        time.sleep(0)
print(time.monotonic() - began)
"""


@pytest.mark.parametrize("jumps", [(0,), (YEAR, 0, -YEAR, 0)], ids=["a clock that is right", "a clock that jumps"])
@pytest.mark.parametrize("host", HOSTS)
def test_a_watcher_keeps_its_interval(tmp_path: Path, host: str, jumps: tuple[int, ...]) -> None:
    clock, file = Clock(tmp_path), SpecFile(tmp_path)
    watched = Watched(command(host), file.path, clock.environment, INTERVAL_MS)
    ticks = [sys.executable, "-c", TIMER, str(REFRESHES), str(INTERVAL_MS / 1000)]
    with subprocess.Popen(ticks, stdout=subprocess.PIPE, text=True) as timer:
        began = time.monotonic()
        for seconds in jumps:
            clock.jump(seconds)
            watched.after(REFRESHES // len(jumps))
        took = time.monotonic() - began
        told, _ = timer.communicate()
    print(f"{REFRESHES} refreshes in {took:.2f} s, the timer in {float(told):.2f} s")
    assert took >= LEAST * REFRESHES * INTERVAL_MS / 1000
    assert took <= MOST * float(told)
    watched.close()
