"""Judges the traces of a run: which reads were older than the newest write that had completed before they began."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path


@dataclass(frozen=True)
class Stale:
    """A read that found too little."""

    key: str
    began: int
    found: int
    completed: int


@dataclass(frozen=True)
class Verdict:
    """What the traces say."""

    reads: int
    writes: int
    stale: list[Stale]


def judge(traces: Iterable[Path]) -> Verdict:
    """Reads all traces of a run; the format is in tests/workers/README.md."""
    reads: list[tuple[str, int, int]] = []
    writes: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for trace in traces:
        # The last line of a worker that was killed may be half written.
        whole, _, _ = trace.read_text().rpartition("\n")
        for line in whole.splitlines():
            what, key, when, version = line.split()
            if what == "r":
                reads.append((key, int(when), int(version)))
            else:
                writes[key].append((int(when), int(version)))
    # By key: when writes were completed, and the newest version among those and all before.
    completed: dict[str, tuple[list[int], list[int]]] = {}
    for key, all_of_it in writes.items():
        all_of_it.sort()
        completed[key] = [when for when, _ in all_of_it], list(accumulate((v for _, v in all_of_it), max))
    stale = []
    for key, began, found in reads:
        times, newest = completed.get(key, ([], []))
        before = bisect_left(times, began)
        if before and newest[before - 1] > found:
            stale.append(Stale(key, began, found, newest[before - 1]))
    return Verdict(len(reads), sum(map(len, writes.values())), stale)
