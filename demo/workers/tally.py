"""What a worker counts between two reports, and which requests are under way."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any


def micros() -> int:
    """The moment in microseconds of the monotonic clock, rounded down."""
    return time.monotonic_ns() // 1000


class Tally:
    """Counts of one worker. Any thread may use it."""

    def __init__(self) -> None:
        """Starts at zero."""
        self._lock = threading.Lock()
        self._begin = micros()
        self._counts: Counter[str] = Counter()
        self._reads: list[tuple[int, int, int, int]] = []
        self._writes: list[tuple[int, int, int, int]] = []
        self._events: list[tuple[str, int]] = []
        self._failures: list[str] = []
        self._running: dict[int, int] = {}

    def count(self, name: str, amount: int = 1) -> None:
        """Adds to a count."""
        with self._lock:
            self._counts[name] += amount

    def event(self, name: str) -> None:
        """Something happened that is rare enough to be told with its moment."""
        with self._lock:
            self._events.append((name, micros()))

    def start(self, lane: int, generation: Callable[[], int]) -> None:
        """A request starts in a lane, under the generation that is in force."""
        with self._lock:
            self._running[lane] = generation()

    def finish(self, lane: int) -> None:
        """The lane's request is over, whatever its result."""
        with self._lock:
            self._running.pop(lane, None)
            self._counts["requests"] += 1

    def read(self, key: int, version: int, began: int, *, hit: bool) -> None:
        """A read returned a value."""
        with self._lock:
            self._counts["reads"] += 1
            self._counts["hits" if hit else "misses"] += 1
            self._reads.append((key, version, began, micros() - began))

    def written(self, key: int, version: int, began: int) -> None:
        """A write completed: the origin has it, and every invalidation was acknowledged."""
        with self._lock:
            # Taken here and rounded up: no report can go out between the moment and its record.
            self._writes.append((key, version, began, micros() + 1))

    def failed(self, text: str) -> None:
        """Something happened that should not have."""
        with self._lock:
            self._failures.append(text)

    def idle(self) -> bool:
        """Whether no request is under way."""
        with self._lock:
            return not self._running

    def take(self, generation: Callable[[], int]) -> dict[str, Any]:
        """Everything since the last time, as the fields of a report."""
        with self._lock:
            end = micros()
            present = generation()
            taken = {
                "begin": self._begin,
                "end": end,
                "generation": present,
                "drained": min([present, *self._running.values()]),
                "counts": dict(self._counts),
                "reads": self._reads,
                "writes": self._writes,
                "events": self._events,
                "failures": self._failures,
            }
            self._begin = end
            self._counts = Counter()
            self._reads, self._writes = [], []
            self._events, self._failures = [], []
        return taken
