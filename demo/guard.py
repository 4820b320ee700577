"""Kills what is left when the demonstration itself is killed: a process that watches a pipe.

`python -m demo.guard` reads lines `watch PID` and `done PID` from its standard input. When the pipe closes, whoever
held the other end is gone, and every process that is still watched is killed. It works wherever pipes do, and needs
no cooperation from what it watches.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable


def still_watched(lines: Iterable[str]) -> list[int]:
    """The process ids that were given to watch and never taken back, in the order given."""
    watched: dict[int, None] = {}
    for line in lines:
        verb, _, number = line.strip().partition(" ")
        if not number.isdigit():
            continue
        if verb == "watch":
            watched[int(number)] = None
        elif verb == "done":
            watched.pop(int(number), None)
    return list(watched)


def main() -> None:
    """Waits for the pipe to close, then kills."""
    for pid in still_watched(sys.stdin):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


if __name__ == "__main__":
    main()
