"""The table of the ways to search a ring, which stands in docs/performance.md: what the library does and what lost."""

import statistics
from typing import Any

import report

SUITE = "searches"
BEGIN, END = "<!-- searches: begin -->", "<!-- searches: end -->"
# Where what a way answers wrong, if it does, is told.
WRONG_AT = 1_000


def table(lines: list[dict[str, Any]]) -> str:
    """A row a way, a column a number of nodes."""
    timed = [line for line in lines if line["suite"] == SUITE and "ns" in line]
    counts = report.numbers_of_nodes(timed)
    cells = {(line["subject"], line["nodes"]): line for line in timed}
    head = ["", *(f"N = {count:,}" for count in counts), "bytes a point", f"wrong at N = {WRONG_AT:,}"]
    rows = []
    for subject in report.subjects_of(timed):
        measured = [cells.get((subject, count)) for count in counts]
        known = [line for line in measured if line is not None]
        wrong = cells.get((subject, WRONG_AT), {}).get("wrong", 0)
        rows.append(
            [
                subject,
                *(report.nanoseconds(statistics.median(line["ns"])) if line else "" for line in measured),
                report.digits(known[-1]["bytes_a_point"]),
                f"{wrong:.1%}" if wrong else "",
            ]
        )
    return report.markdown(head, rows)
