"""What was counted, and when: amounts over intervals, asked for any span of time afterwards.

Processes report at their own moments. An amount belongs to an interval and is taken as spread evenly over it, so that
sums over any window come out right without all processes having to report at once.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """Amounts by name, counted from `begin` to `end` (seconds)."""

    begin: float
    end: float
    amounts: Mapping[str, float]


@dataclass(frozen=True)
class Window:
    """A value over a window of time."""

    begin: float
    end: float
    value: float


class Ledger:
    """Amounts over time. For use from one thread."""

    def __init__(self) -> None:
        """Starts empty."""
        self._entries: list[Entry] = []
        self._longest = 0.0
        self.totals: dict[str, float] = {}
        """Exact sums over everything."""

    def add(self, begin: float, end: float, amounts: Mapping[str, float]) -> None:
        """Adds amounts counted from `begin` to `end`. Entries come in roughly rising order of their ends."""
        if end <= begin:
            raise ValueError(f"an interval has to end after {begin}, not at {end}")
        entry = Entry(begin, end, dict(amounts))
        position = len(self._entries)
        while position > 0 and self._entries[position - 1].end > end:
            position -= 1
        self._entries.insert(position, entry)
        self._longest = max(self._longest, end - begin)
        for name, amount in amounts.items():
            self.totals[name] = self.totals.get(name, 0.0) + amount

    def names(self) -> list[str]:
        """All names ever counted, sorted."""
        return sorted(self.totals)

    def sums(self, begin: float, end: float) -> dict[str, float]:
        """The amounts of each name between two moments."""
        sums: dict[str, float] = {}
        first = bisect_left(self._entries, begin, key=lambda entry: entry.end)
        for entry in self._entries[first:]:
            # Entries are sorted by end: past this one, none can reach back to the window.
            if entry.end - self._longest > end:
                break
            overlap = min(end, entry.end) - max(begin, entry.begin)
            if overlap <= 0:
                continue
            share = overlap / (entry.end - entry.begin)
            for name, amount in entry.amounts.items():
                sums[name] = sums.get(name, 0.0) + amount * share
        return sums

    def total(self, name: str, begin: float, end: float) -> float:
        """The amount of one name between two moments."""
        return self.sums(begin, end).get(name, 0.0)

    def rate(self, name: str, begin: float, end: float) -> float:
        """An amount per second between two moments; 0 for an empty span."""
        return self.total(name, begin, end) / (end - begin) if end > begin else 0.0

    def rates(self, name: str, begin: float, end: float, *, width: float, step: float) -> list[Window]:
        """Amounts per second in windows of `width` seconds, every `step` seconds, that lie within the span."""
        return [Window(a, b, self.rate(name, a, b)) for a, b in windows(begin, end, width, step)]

    def ratios(
        self, part: str, whole: str, begin: float, end: float, *, width: float, step: float, least: float = 1.0
    ) -> list[Window]:
        """`part` / `whole` in such windows, leaving out those in which less than `least` was counted as `whole`."""
        found = []
        for a, b in windows(begin, end, width, step):
            sums = self.sums(a, b)
            if sums.get(whole, 0.0) >= least:
                found.append(Window(a, b, sums.get(part, 0.0) / sums[whole]))
        return found


def windows(begin: float, end: float, width: float, step: float) -> list[tuple[float, float]]:
    """Windows of `width`, every `step`, within a span. A span shorter than `width` is one window."""
    if end <= begin:
        return []
    if end - begin <= width:
        return [(begin, end)]
    count = int((end - begin - width) / step + 1e-9) + 1
    return [(begin + i * step, begin + i * step + width) for i in range(count)]


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of the values don't exceed (nearest rank); 0 when there are none."""
    if not values:
        return 0.0
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
