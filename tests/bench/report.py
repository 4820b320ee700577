"""The tables of the page: medians, how many times the reference's time that is in the same run, balance and moves."""

import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import goals

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
TITLES = {"rust": "Rust", "c": "C", "go": "Go", "node": "Node.js", "python": "Python"}
# What the peers of a language are compared with. In Rust that is the placement alone, as that is all that they do.
REFERENCES = {"rust": "ringshift: lookup"}
REFERENCE = "ringshift: route"
PICTURE = "![Time of a lookup by the number of nodes, balance and moves](benchmarks.svg)"

Line = dict[str, Any]


def page(lines: list[Line], outcomes: list[goals.Outcome], facts: list[str]) -> str:
    """All that a run writes."""
    parts = [f"Measured on: {'; '.join(facts)}.", PICTURE]
    parts += ["## Goals", f"{goals.summary(outcomes)}.", goals.table(outcomes), "## Tables", tables(lines)]
    return "\n\n".join(parts)


def tables(lines: list[Line]) -> str:
    """The suites, in the order in which they were measured."""
    parts: list[str] = []
    for suite in dict.fromkeys(line["suite"] for line in lines):
        parts += section(suite, [line for line in lines if line["suite"] == suite])
    return "\n\n".join(parts)


def section(suite: str, lines: list[Line]) -> list[str]:
    """One suite: its tables, and what they were measured with."""
    timed = [line for line in lines if "ns" in line]
    figures = [line for line in lines if "unit" in line]
    versions = [f"{name} {number}" for line in lines for name, number in line.get("versions", {}).items()]
    parts = [f"### {TITLES.get(suite, suite)}"]
    if timed:
        parts += [table(suite, timed), f"{', '.join(versions)}. {spread(timed)}".removeprefix(". ")]
    # What was measured for the same numbers of nodes stands together.
    by_counts: dict[tuple[int, ...], list[Line]] = {}
    for subject in subjects_of(figures):
        rows = [line for line in figures if line["subject"] == subject]
        by_counts.setdefault(tuple(numbers_of_nodes(rows)), []).extend(rows)
    return parts + [figure_table(rows) for rows in by_counts.values()]


def table(suite: str, lines: list[Line]) -> str:
    """A row a subject, a column a number of nodes."""
    counts = numbers_of_nodes(lines)
    reference = REFERENCES.get(suite, REFERENCE)
    cells = {(line["subject"], line["nodes"]): line for line in lines}
    head = ["", *(f"N = {count:,}" for count in counts), "fullest node at N = 100", "moved from N = 100 to 101"]
    rows = []
    for subject in subjects_of(lines):
        row = [f"**{subject}**" if subject == reference else subject]
        row += [cell(cells.get((subject, count)), cells.get((reference, count))) for count in counts]
        for of_placement in ("max_over_avg", "moved"):
            value = cells.get((subject, 100), {}).get(of_placement)
            row.append("" if value is None else f"{value:.2f}")
        rows.append(row)
    return markdown(head, rows)


def figure_table(lines: list[Line]) -> str:
    """What isn't the time of a key: a row a subject with its unit, a column a number of nodes."""
    counts = numbers_of_nodes(lines)
    cells = {(line["subject"], line["nodes"]): statistics.median(line["values"]) for line in lines}
    units = {line["subject"]: line["unit"] for line in lines}
    rows = []
    for subject in subjects_of(lines):
        values = [cells.get((subject, count)) for count in counts]
        rows.append([subject, units[subject], *("" if value is None else digits(value) for value in values)])
    return markdown(["", "", *(f"N = {count:,}" for count in counts)], rows)


def markdown(head: list[str], rows: list[list[str]]) -> str:
    """A table whose first column is text."""
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, rule, *rows])


def subjects_of(lines: Iterable[Line]) -> list[str]:
    """In the order in which they were measured."""
    return list(dict.fromkeys(line["subject"] for line in lines))


def numbers_of_nodes(lines: Iterable[Line]) -> list[int]:
    """From few to many."""
    return sorted({line["nodes"] for line in lines})


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


def digits(value: float) -> str:
    """Three digits that mean something, of any number."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def ratio(value: float) -> str:
    """How many times the reference's time."""
    return f"{value:,.0f}x" if value >= 10 else f"{value:.2f}x"


def spread(lines: list[Line]) -> str:
    """How far the rounds of one subject lay apart: a ratio nearer to 1 than this says little."""
    spreads = [max(line["ns"]) / min(line["ns"]) - 1 for line in lines]
    middle, widest = statistics.median(spreads), max(spreads)
    return f"Slowest round over fastest: {middle:.0%} in the median of the rows, {widest:.0%} at most."


def goal_list(outcomes: list[goals.Outcome]) -> str:
    """The goals for a terminal: columns in place of marks."""
    rows = [goals.HEAD, *goals.rows(outcomes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(goals.HEAD))]
    lines = []
    for row in rows:
        cells = [
            text.rjust(width) if 2 <= column <= 4 else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join([*lines, "", goals.summary(outcomes)])


def write(page: Path, text: str) -> None:
    """Replaces what is between the page's marks."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"error: {page.name} lacks its marks; put {BEGIN} and {END} where the tables belong")
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
