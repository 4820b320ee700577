"""The tables: medians, and how many times the reference's time a subject takes in the same run."""

import statistics
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
TITLES = {"rust": "Rust", "c": "C", "go": "Go", "node": "Node.js", "python": "Python"}
# What the peers of a language are compared with. In Rust that is the placement alone, as that is all that they do.
REFERENCES = {"rust": "ringshift: placement"}
REFERENCE = "ringshift: route"

Line = dict[str, Any]


def tables(lines: list[Line], facts: list[str]) -> str:
    """All languages, in the order in which they were measured."""
    parts = [f"Measured on: {'; '.join(facts)}."]
    for suite in dict.fromkeys(line["suite"] for line in lines):
        parts += section(suite, [line for line in lines if line["suite"] == suite])
    return "\n\n".join(parts)


def section(suite: str, lines: list[Line]) -> list[str]:
    """One language: the table, and what it was measured with."""
    versions = [f"{name} {number}" for line in lines for name, number in line.get("versions", {}).items()]
    measured = [line for line in lines if "ns" in line]
    return [f"### {TITLES[suite]}", table(suite, measured), f"{', '.join(versions)}. {spread(measured)}"]


def table(suite: str, lines: list[Line]) -> str:
    """A row a subject, a column a number of nodes."""
    counts = sorted({line["nodes"] for line in lines})
    reference = REFERENCES.get(suite, REFERENCE)
    cells = {(line["subject"], line["nodes"]): line for line in lines}
    head = ["", *(f"N = {count:,}" for count in counts), "fullest node at N = 100"]
    rows = [head, ["---", *("---:" for _ in head[1:])]]
    for subject in dict.fromkeys(line["subject"] for line in lines):
        row = [f"**{subject}**" if subject == reference else subject]
        row += [cell(cells.get((subject, count)), cells.get((reference, count))) for count in counts]
        balance = cells.get((subject, 100), {}).get("max_over_avg")
        row.append(f"{balance:.2f}" if balance else "")
        rows.append(row)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def cell(line: Line | None, reference: Line | None) -> str:
    """Median nanoseconds for a key and its ratio to the reference's."""
    if line is None:
        return ""
    median = statistics.median(line["ns"])
    text = f"{nanoseconds(median)}"
    if reference is not None and reference is not line:
        text += f" · {ratio(median / statistics.median(reference['ns']))}"
    return text


def nanoseconds(value: float) -> str:
    """Three digits that mean something."""
    if value >= 10_000:
        return f"{value / 1000:,.0f} µs"
    return f"{value:.0f} ns" if value >= 100 else f"{value:.1f} ns"


def ratio(value: float) -> str:
    """How many times the reference's time."""
    return f"{value:,.0f}x" if value >= 10 else f"{value:.2f}x"


def spread(lines: list[Line]) -> str:
    """How far the rounds of one subject lay apart: a ratio nearer to 1 than this says little."""
    spreads = [max(line["ns"]) / min(line["ns"]) - 1 for line in lines]
    middle, widest = statistics.median(spreads), max(spreads)
    return f"Slowest round over fastest: {middle:.0%} in the median of the rows, {widest:.0%} at most."


def write(page: Path, text: str) -> None:
    """Replaces what is between the page's marks."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"error: {page.name} lacks its marks; put {BEGIN} and {END} where the tables belong")
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
