"""Whether a log is what a scenario expects, and both side by side where it is not."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

Expected = list[Any]


def agrees(expected: Expected, seen: list[str]) -> bool:
    """Whether the log is the expected one: lists are in any order, `maybe` may be missing, `|` separates words."""
    at = 0
    for entry in expected:
        group = entry if isinstance(entry, list) else [entry]
        needed = [one for one in group if isinstance(one, str)]
        optional = [one["maybe"] for one in group if isinstance(one, dict)]
        while at < len(seen) and (needed or optional):
            found = _take(needed, seen[at]) or _take(optional, seen[at])
            if not found:
                break
            at += 1
        if needed:
            return False
    return at == len(seen)


def _take(wanted: list[str], seen: str) -> bool:
    for one in wanted:
        if _same(one, seen):
            wanted.remove(one)
            return True
    return False


def _same(one: str, seen: str) -> bool:
    ours, theirs = one.split(" ", 2), seen.split(" ", 2)
    return len(ours) == len(theirs) and all(b in a.split("|") for a, b in zip(ours, theirs, strict=True))


def side_by_side(expected: Expected, seen: list[str]) -> str:
    """Both logs, a line each."""
    lines = [line for entry in expected for line in _shown(entry)]
    width = max([len("expected"), *map(len, lines)])
    rows = [f"  {'expected':{width}}  seen"]
    rows += [f"  {ours:{width}}  {theirs}" for ours, theirs in zip_longest(lines, seen, fillvalue="")]
    return "\n".join(rows)


def _shown(entry: Any) -> list[str]:
    if isinstance(entry, str):
        return [entry]
    if isinstance(entry, dict):
        return [f"({entry['maybe']})"]
    return [f"{'{' if at == 0 else ' '} {line}" for at, inner in enumerate(entry) for line in _shown(inner)]
