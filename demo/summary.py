"""The end of a run: a table of all stages, the comparison of the ways to change a cluster, and the checks."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from demo.checks import NAIVE, Check, before, harm
from demo.figures import Figures, stage_figures
from demo.record import Record, Scenario, Stage

COMPARED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("hash % N", "a node added under hash % N", ("hash % 5",)),
    ("ring", "a node added on the ring", ("ring of 5",)),
    ("migration", "migration, hash % N to ring", ()),
    ("scale out", "migration to one node more", ()),
    ("scale in", "migration to one node less", ()),
)

COLUMNS = ("stage", "hit %", "low", "by cluster", "origin", "peak", "p99", "errors", "lost", "stale", "moved", "diff")
ONLY_WIDE = ("low", "p99")
WIDE = 96
"""Characters a line from which on all columns have room."""

LEGEND = """\
hit %: share of the reads served by a cache; low: in its worst half second; by cluster: of the reads that asked it.
origin: its reads per second; peak: in its worst half second. p99: milliseconds that 99 % of the reads didn't exceed.
errors: requests that failed; lost: invalidations among them. stale: reads older than a completed write.
moved: % of the keys read from another node than at the start of the scenario.
diff: keys that Python, Node, C and Go don't all place alike."""


COMPARISON_LEGEND = """\
moved: % of the keys; hit %, origin: before the change; lowest, peak: worst half second after it; rise: peak / origin.
The origin can do {:,.0f} reads per second."""


def percent(share: float | None, digits: int = 1) -> str:
    """A share as a percentage, or `-`."""
    return "-" if share is None else f"{share * 100:.{digits}f}"


def count(number: float) -> str:
    """A count that was measured, as a whole number; `.` for none, so that others stand out."""
    return f"{number:,.0f}" if round(number) else "."


def table_titled(title: str, width: int) -> Table:
    """An empty table, tight where a line is short."""
    padding = (0, 1, 0, 0) if width >= WIDE else (0, 0, 0, 0)
    return Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", padding=padding, pad_edge=False)


def stage_table(record: Record, width: int) -> Table:
    """One row a stage, in so many characters a line if it can be."""
    table = table_titled("Every stage", width)
    names = [name for name in COLUMNS if width >= WIDE or name not in ONLY_WIDE]
    for name in names:
        left = name in ("stage", "by cluster")
        wraps = name == "by cluster"
        table.add_column(name, justify="left" if left else "right", no_wrap=not wraps, min_width=10 if wraps else None)
    for scenario in record.scenarios:
        table.add_row(Text(scenario.key, style="bold"))
        for stage in scenario.stages:
            if not stage.pause:
                cells = stage_cells(record, stage)
                table.add_row(*(cells[name] for name in names))
        table.add_section()
    return table


def stage_cells(record: Record, stage: Stage) -> dict[str, str]:
    """The cells of a stage, by column."""
    f = stage_figures(record, stage, stage.begin)
    # A report that spans the change of stages would bring in a cluster that wasn't read yet, or not any more.
    clusters = {name: rate for name, rate in f.clusters.items() if name in stage.clusters}
    return {
        "stage": f" {stage.name}",
        "hit %": percent(f.hit_rate),
        "low": percent(f.lowest_hit_rate, 0),
        "by cluster": ", ".join(f"{name} {percent(rate, 0)}" for name, rate in clusters.items()),
        "origin": f"{f.origin:,.0f}",
        "peak": f"{f.origin_peak:,.0f}",
        "p99": f"{f.slowest:.0f}",
        "errors": count(sum(f.errors.values())),
        "lost": count(sum(f.lost.values())),
        "stale": count(f.stale),
        "moved": percent(stage.moved),
        "diff": "-" if stage.disagreements is None else str(stage.disagreements),
    }


def comparison_table(record: Record, width: int) -> Table:
    """What each way of changing a cluster costs."""
    table = table_titled("What a change costs", width)
    table.add_column("change", no_wrap=True)
    for name in ("moved", "hit %", "lowest", "origin", "peak", "rise", "p99"):
        table.add_column(name, justify="right", no_wrap=True)
    for key, text, names in COMPARED:
        scenario = next((known for known in record.scenarios if known.key == key), None)
        after = harm(record, key, names)
        if scenario is None or after is None:
            continue
        table.add_row(*comparison_row(record, scenario, text, after, names))
    return table


def comparison_row(record: Record, scenario: Scenario, text: str, after: Figures, names: tuple[str, ...]) -> list[str]:
    """The cells of one way."""
    first = before(scenario)
    usual = None if first is None else stage_figures(record, first, first.begin)
    moved = [stage.moved for stage in scenario.stages if stage.moved is not None and (not names or stage.name in names)]
    return [
        text,
        percent(max(moved, default=None)),
        percent(usual.hit_rate if usual else None),
        percent(after.lowest_hit_rate),
        f"{usual.origin:,.0f}" if usual else "-",
        f"{after.origin_peak:,.0f}",
        f"x {after.origin_peak / usual.origin:.1f}" if usual and usual.origin else "-",
        f"{after.slowest:.0f}",
    ]


def remarks(record: Record) -> list[str]:
    """What the figures don't say by themselves."""
    naive = sum(record.stale(*scenario.span()) for scenario in record.scenarios if scenario.key in NAIVE)
    migrated = [scenario for scenario in record.scenarios if scenario.key not in NAIVE]
    stale_there = sum(record.stale(*scenario.span()) for scenario in migrated)
    stale = (
        f"Stale reads: {record.judged:,} reads were judged by the version that their value carries. {naive:,} were "
        "stale where the list of nodes was changed by hand: what is written under one list is invalidated in the wrong "
        f"place for the other. In the migrations {stale_there:,} were."
    )
    told = [stale]
    lost = sum(value for name, value in record.ledger.totals.items() if name.startswith("lost:"))
    if lost:
        told.append(
            f"Lost invalidations: {lost:,.0f} deletes could not reach the dead node. Their callers got an error, and "
            "the writes count as not completed. A cluster that missed invalidations needs a fresh key_prefix before it "
            "is used again."
        )
    return told


def print_summary(console: Console, record: Record, checks: list[Check]) -> None:
    """Prints everything."""
    console.print()
    console.print(stage_table(record, console.width))
    console.print(Text(LEGEND, style="dim"))
    console.print()
    console.print(comparison_table(record, console.width))
    console.print(Text(COMPARISON_LEGEND.format(record.settings.origin_capacity), style="dim"))
    for text in remarks(record):
        console.print()
        console.print(Text(text))
    console.print()
    for check in checks:
        word, style = ("ok", "green") if check.passed else ("FAILED", "bold red")
        console.print(Text.assemble((f"{word:>6}  ", style), check.text, (f": {check.figure}", "dim")))
