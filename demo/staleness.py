"""Counts stale reads, across processes and languages, from the versions in the values.

A read is stale when it returns a version older than the newest write of that key that had *completed* before the read
began. A write has completed when the origin has committed it and every invalidation was acknowledged. All times are
microseconds of the machine's monotonic clock, which Python and Node share; a write's time is rounded up and a read's
down, so that rounding never makes a read stale.

Reports of the processes arrive at different moments. A read is judged only when every process has reported beyond
the moment at which it began: then all writes that completed before it are known.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Read:
    """One read that returned a value."""

    began: int
    key: int
    version: int


@dataclass(frozen=True)
class Stale:
    """A read that was judged stale, with the version that it should have seen at least."""

    read: Read
    newest: int


class StaleJudge:
    """Judges the reads of several processes. For use from one thread."""

    def __init__(self, processes: Iterable[str]) -> None:
        """Waits for reports of all these processes."""
        self._seen_until: dict[str, int] = dict.fromkeys(processes, 0)
        self._pending: list[Read] = []
        # Of each key: moments at which writes completed, rising, and beside each the newest version completed by then.
        self._moments: dict[int, list[int]] = {}
        self._newest: dict[int, list[int]] = {}
        self.judged = 0
        """Reads judged so far."""

    def write(self, key: int, version: int, completed: int) -> None:
        """A write of `key` completed."""
        moments = self._moments.setdefault(key, [])
        newest = self._newest.setdefault(key, [])
        position = bisect_left(moments, completed)
        moments.insert(position, completed)
        newest.insert(position, max(version, newest[position - 1] if position else 0))
        # A report that comes late lands in the middle: what it completed holds for all later moments too.
        for later in range(position + 1, len(newest)):
            if newest[later] >= version:
                break
            newest[later] = version

    def read(self, key: int, version: int, began: int) -> None:
        """A read of `key` returned `version`."""
        self._pending.append(Read(began, key, version))

    def reported(self, process: str, until: int) -> None:
        """All writes of `process` that completed before `until` have been handed over."""
        self._seen_until[process] = max(self._seen_until[process], until)

    def judge(self) -> list[Stale]:
        """Judges every read that can be judged by now, and returns the stale ones."""
        horizon = min(self._seen_until.values(), default=0)
        waiting: list[Read] = []
        stale: list[Stale] = []
        for read in self._pending:
            if read.began >= horizon:
                waiting.append(read)
                continue
            self.judged += 1
            newest = self._newest_before(read.key, read.began)
            if read.version < newest:
                stale.append(Stale(read, newest))
        self._pending = waiting
        return stale

    def _newest_before(self, key: int, moment: int) -> int:
        end = bisect_left(self._moments.get(key, []), moment)
        return self._newest[key][end - 1] if end else 0
