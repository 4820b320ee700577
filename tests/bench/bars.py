"""A short picture for the terminal: how many times as long as ours each peer takes for a key."""

from typing import Any

import goals
import report

NODES = 100
# So many characters are our own time; what is longer than the width is cut, and shows it.
OURS, WIDTH = 4, 40


def draw(lines: list[dict[str, Any]]) -> str:
    """A line for ours and for each peer, language by language."""
    known = goals.figures(lines)
    parts = [f"Time for a key at N = {NODES}, by ours"]
    for suite, title in report.TITLES.items():
        reference = known.get((suite, report.REFERENCES.get(suite, report.REFERENCE), NODES))
        if reference is None:
            continue
        parts.append(title)
        for name in shown(suite, lines):
            value = known.get((suite, name, NODES))
            if value is not None:
                parts.append(f"  {name:<38} {bar(value / reference):<{WIDTH + 1}} {report.ratio(value / reference):>6}")
    return "\n".join(parts)


def shown(suite: str, lines: list[dict[str, Any]]) -> list[str]:
    """Ours first, then the peers that are asked for one key at a time."""
    reference = report.REFERENCES.get(suite, report.REFERENCE)
    names = report.subjects_of(line for line in lines if line["suite"] == suite and "ns" in line)
    others = ("floor: ", "ringshift: ", "C ABI: ")
    peers = [name for name in names if not name.startswith(others) and not name.endswith(" a call")]
    return [reference, *peers] if reference in names else peers


def bar(ratio: float) -> str:
    """At least something, at most the width and a sign that there is more."""
    length = round(ratio * OURS)
    return "█" * max(length, 1) if length <= WIDTH else "█" * WIDTH + "»"
