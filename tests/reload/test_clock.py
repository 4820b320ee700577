"""A clock that is set while a process runs: the watchers keep their intervals, whatever the time of day says."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from clock import YEAR, Clock
from faults import SpecFile
from hosts import HOSTS, Watched, command


@pytest.mark.parametrize("host", HOSTS)
def test_a_clock_that_jumps_stops_no_watcher(tmp_path: Path, host: str) -> None:
    clock, file = Clock(tmp_path), SpecFile(tmp_path)
    watched = Watched(command(host), file.path, clock.environment)
    for seconds in (0, YEAR, -YEAR, 0):
        clock.jump(seconds)
        # One wait may have begun before.
        answer = watched.after(2)
        # It is told by the clock that was set, which shows that it was.
        assert abs(answer["reloads"]["last_success"] - (time.time() + seconds)) < YEAR / 2
        assert answer["generation"] == file.generation
        file.rename("{")
        answer = watched.after(2)
        assert answer["reloads"]["last_error_kind"] == "spec_syntax"
        event = answer["events"][-1]
        assert abs(event_time(event["time"]) - (time.time() + seconds)) < YEAR / 2
        file.mend(None, back=False)
        answer = watched.after(2)
        assert answer["generation"] == file.generation
        assert not answer["reloads"]["last_error"]
        assert answer["wrong"] == 0
    watched.close()


def event_time(told: float | str) -> float:
    """Seconds since 1970; Go's type tells a time, the others milliseconds."""
    if isinstance(told, str):
        return time.mktime(time.strptime(told[:19], "%Y-%m-%dT%H:%M:%S"))
    return told / 1000
