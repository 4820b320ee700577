"""How evenly rings spread keys and what a change moves: builds and runs the program, and writes the tables into
docs/evenness.md.

`make bench` calls `main()`; `--no-write` prints the tables and leaves the page. Takes about two minutes. Exits with 1
when a bound was not kept, and with 0 when only a goal was missed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import machine
import parts
import report

PAGE = parts.ROOT / "docs" / "evenness.md"
# What a change may move at most, as a multiple of what it has to, with these vnodes and this max_load.
GOAL, GOAL_VNODES, GOAL_BOUND = 1.15, 512, "1.05"
EVEN_ENOUGH = 1.15
CHANGES = ("add", "remove", "reweight")

FULLEST = (
    "The fullest node's share by its fair share: the median of up to 200 clusters of N equal nodes, each with other "
    "ids, and how many of these clusters are over 1.15 and so are warned of."
)
MOVED = (
    "Mean and highest of adding a node, removing one, and making one heavier by 1 (which moves what making it lighter "
    "again would), each tried on two to eight nodes, as multiples of what has to move. All weights are 1."
)

Line = dict[str, Any]


def measure() -> list[Line]:
    """Builds the program, runs it on one core and gives its lines."""
    part = parts.Part("evenness", parts.build_rust, [parts.rust("evenness")], takes_nodes=False)
    part.build()
    return parts.run(part, [])


def faults(lines: list[Line]) -> list[str]:
    """Bounds that were not kept: there must be none."""
    return [
        f"{named(line)}: the fullest node owns {line['worst']} of its share"
        for line in curve(lines)
        if line["max_load"] and line.get("worst", 0) > float(line["max_load"]) * (1 + 1e-12)
    ]


def goals(lines: list[Line]) -> list[tuple[str, float, bool]]:
    """For each cluster: what the goal is, the mean of what moves by what has to, and whether that meets it."""
    found = []
    for line in curve(lines):
        if (line["vnodes"], line["max_load"]) == (GOAL_VNODES, GOAL_BOUND) and "impossible" not in line:
            mean = statistics.mean(ratios(line))
            found.append((f"{named(line)}: moved / ideal at most {GOAL}", mean, mean <= GOAL))
    return found


def named(line: Line) -> str:
    """Which cluster a line is about."""
    weights = "weights 1 to 4" if line["mixed"] else "equal weights"
    bound = f", max_load {line['max_load']}" if line["max_load"] else ""
    return f"{line['nodes']} nodes of {weights}, vnodes {line['vnodes']}{bound}"


def of(lines: list[Line], kind: str) -> list[Line]:
    """The lines of one kind."""
    return [line for line in lines if line["kind"] == kind]


def curve(lines: list[Line]) -> list[Line]:
    """The lines of the curve."""
    return of(lines, "curve")


def ratios(line: Line) -> list[float]:
    """What each tried change moved."""
    return [ratio for change in CHANGES for ratio in line[change]]


def table(lines: Iterable[Line], cell: Callable[[Line], str]) -> str:
    """A row for each `vnodes`, a column for each number of nodes."""
    cells = {(line["vnodes"], line["nodes"]): cell(line) for line in lines}
    columns = sorted({nodes for _, nodes in cells})
    rows = [["`vnodes`", *(f"N = {nodes:,}" for nodes in columns)], ["---:"] * (len(columns) + 1)]
    rows += [
        [str(vnodes), *(cells.get((vnodes, nodes), "") for nodes in columns)]
        for vnodes in sorted({vnodes for vnodes, _ in cells})
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def clusters_cell(line: Line) -> str:
    """The fullest node of the middle cluster, and how many clusters are less even than is warned of."""
    uneven = sum(load > EVEN_ENOUGH for load in line["worst"]) / len(line["worst"])
    return f"{statistics.median(line['worst']):.2f} · {uneven:.0%}"


def lookups_cell(line: Line) -> str:
    """The median of the rounds."""
    return f"{statistics.median(line['ns']):.1f} ns"


def cost_cell(line: Line) -> str:
    """Time and memory."""
    mebibytes = line["bytes"] / 2**20
    return f"{line['build_ms']:.{2 if line['build_ms'] < 1 else 1}f} ms · {mebibytes:.{2 if mebibytes < 1 else 1}f} MiB"


def moved_cell(line: Line) -> str:
    """Mean and highest of all changes."""
    if "impossible" in line or not ratios(line):
        return "impossible"
    return f"{statistics.mean(ratios(line)):.2f} · {max(ratios(line)):.2f}"


def tables(lines: list[Line]) -> str:
    """All tables, in the order of the page's text."""
    free = [line for line in curve(lines) if line["max_load"] is None]
    parts = [
        f"Measured on: {'; '.join(machine.facts())}.",
        "### Evenness without a bound",
        FULLEST,
        table(of(lines, "clusters"), clusters_cell),
        "### Cost",
        "Time to compile a spec of one such cluster, its text being read, and the memory that a router then holds.",
        table((line for line in free if not line["mixed"]), cost_cell),
        "One lookup of 400,000 different keys, median of nine rounds; the rings of a column take turns.",
        table(of(lines, "lookups"), lookups_cell),
        "### What a change moves",
        MOVED,
    ]
    bounds = dict.fromkeys(line["max_load"] for line in curve(lines))
    for mixed in (False, True):
        if mixed:
            parts.append("Weights 1, 2, 3 and 4 in turn: such a node has 2.5 times the points on average.")
        for bound in bounds:
            chosen = [line for line in curve(lines) if (line["mixed"], line["max_load"]) == (mixed, bound)]
            title = f"`max_load` {bound}" if bound else "No `max_load`"
            parts += [f"{title}:", table(chosen, moved_cell)]
    return "\n\n".join(parts)


def main(arguments: list[str] | None = None) -> int:
    """Measures, prints the goals, writes the page; returns the exit status."""
    parser = argparse.ArgumentParser(description="evenness of rings, and what a change moves")
    parser.add_argument("--no-write", action="store_true", help="print the tables; leave docs/evenness.md as it is")
    parser.add_argument("--lines", type=Path, help="take the program's lines from a file in place of running it")
    chosen = parser.parse_args(arguments)
    lines = [json.loads(text) for text in chosen.lines.read_text().splitlines()] if chosen.lines else measure()
    if chosen.no_write:
        sys.stdout.write(f"{tables(lines)}\n")
    else:
        report.write(PAGE, tables(lines))
    for about, figure, met in goals(lines):
        sys.stdout.write(f"{'met' if met else 'not met':8}{about}: {figure:.2f}\n")
    for fault in faults(lines):
        sys.stderr.write(f"error: {fault}\n")
    return 1 if faults(lines) else 0


if __name__ == "__main__":
    raise SystemExit(main())
