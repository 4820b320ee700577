"""The live screen of a terminal: where the story stands, sparklines of the last half minute, clusters and workers."""

from __future__ import annotations

from collections import Counter
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from demo.figures import LEAST_READS, cluster_hit_rates
from demo.record import Record, Scenario, Stage, now
from demo.report import Report
from demo.summary import percent

BARS = " ▁▂▃▄▅▆▇█"
RECENT = 1.0
"""Seconds over which the present figures are taken."""
STEP = 0.5
LABEL_WIDTH = 34
NAME_WIDTH = 14


class Screen:
    """Draws a record into the terminal for as long as it is entered."""

    def __init__(self, console: Console, record: Record) -> None:
        """Draws this record."""
        self._console = console
        self._record = record
        self._live = Live(console=console, auto_refresh=False, transient=True, screen=False)

    def __enter__(self) -> Self:
        """Takes the terminal's lower part."""
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Gives it back."""
        self._live.stop()

    def update(self) -> None:
        """Draws the present state."""
        self._live.update(self.draw(), refresh=True)

    def draw(self) -> RenderableType:
        """The whole screen."""
        record = self._record
        end = record.complete_until()
        parts: list[RenderableType] = [self._head()]
        if record.scenarios:
            parts += [story(record.scenarios), steps(record.scenarios[-1]), Text()]
        parts += [self._sparks(end), Text(), self._clusters(end), Text(), self._workers(end), Text(), self._foot(end)]
        return Group(*parts)

    def _head(self) -> Text:
        record = self._record
        elapsed = now() - record.begin
        text = Text.assemble(("ringshift", "bold cyan"), ("  a live migration on real memcached servers  ", "dim"))
        text.append(f"{elapsed:5.1f} s")
        if record.scenarios:
            text.append(f"\n{record.scenarios[-1].title}\n", style="bold")
            text.append(record.scenarios[-1].text, style="dim")
        return text

    def _sparks(self, end: float) -> Table:
        record = self._record
        length = max(10, min(self._console.width - LABEL_WIDTH, 80))
        begin = max(record.begin, end - length * STEP)
        ledger = record.ledger
        hits = ledger.ratios("hits", "reads", begin, end, width=STEP, step=STEP, least=LEAST_READS)
        loads = ledger.rates("origin:reads", begin, end, width=STEP, step=STEP)
        capacity = record.settings.origin_capacity
        table = Table.grid(padding=(0, 1))
        table.add_column(width=NAME_WIDTH)
        table.add_column(width=12, justify="right")
        table.add_column(no_wrap=True)
        table.add_row(
            "hit rate",
            f"{percent(hits[-1].value) if hits else '-'} %",
            Text(sparkline([window.value for window in hits], 1.0), style="green"),
        )
        load = loads[-1].value if loads else 0.0
        table.add_row(
            "origin reads",
            f"{load:,.0f} /s",
            Text(
                sparkline([window.value for window in loads], capacity),
                style="red" if load > capacity / 2 else "yellow",
            ),
        )
        waiting = f"{record.waiting} wait in the origin" if record.waiting else ""
        table.add_row("slowest 1 %", f"{record.latency(0.99, end - RECENT, end):.0f} ms", Text(waiting, style="red"))
        return table

    def _clusters(self, end: float) -> Table:
        sums = self._record.ledger.sums(end - RECENT, end)
        table = table_of("cluster", "reads/s", "hit rate", "failed/s")
        table.add_column("breakers that aren't closed")
        breakers = self._record.breakers()
        for name, rate in cluster_hit_rates(sums).items():
            failed = sum(sums.get(f"router:{name}:read:{outcome}", 0.0) for outcome in ("error", "timeout"))
            asked = failed + sum(sums.get(f"router:{name}:read:{outcome}", 0.0) for outcome in ("hit", "miss"))
            told = [
                f"{node.partition('/')[2]}: {states_text(states)}"
                for node, states in breakers.items()
                if node.partition("/")[0] == name
            ]
            shown = Text(f"{failed / RECENT:,.0f}", style="red" if failed else "")
            breaking = Text("; ".join(told), style="red")
            table.add_row(name, f"{asked / RECENT:,.0f}", f"{percent(rate)} %", shown, breaking)
        return table

    def _workers(self, end: float) -> Table:
        sums = self._record.ledger.sums(end - RECENT, end)
        table = table_of("worker", "requests/s", "generation")
        table.add_column("stage")
        wanted = self._record.stage.generation if self._record.stage else 0
        for worker, report in self._record.latest.items():
            rate = sums.get(f"worker:{worker}", 0.0) / RECENT
            table.add_row(worker, f"{rate:,.0f}", generation(report, wanted), report.stage if report else "")
        return table

    def _foot(self, end: float) -> Text:
        record = self._record
        totals = record.ledger.totals
        errors = sum(value for name, value in totals.items() if name.startswith("error:"))
        lost = sum(value for name, value in totals.items() if name.startswith("lost:"))
        checked = [stage for stage in record.stages if stage.disagreements is not None]
        differing = sum(stage.disagreements or 0 for stage in checked)
        text = Text()
        for name, number in (
            ("errors", errors),
            ("lost invalidations", lost),
            ("stale reads", float(record.stale(0.0, end))),
        ):
            text.append(f"{name} ")
            text.append(f"{number:,.0f}   ", style="bold red" if number else "green")
        text.append("disagreements ")
        text.append(f"{differing}", style="bold red" if differing else "green")
        text.append(f" of {len(checked) * record.settings.placed_keys:,}")
        if record.marks:
            text.append(f"\n{record.marks[-1].text}", style="dim")
        return text


def table_of(first: str, *others: str) -> Table:
    """A table without lines: names on the left, numbers on the right."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column(first, width=NAME_WIDTH)
    for name in others:
        table.add_column(name, justify="right", width=10)
    return table


def states_text(states: dict[str, str]) -> str:
    """How many workers see a node in which state."""
    counted = Counter(states.values())
    return ", ".join(f"{state.replace('_', '-')} in {number}" for state, number in sorted(counted.items()))


def generation(report: Report | None, wanted: int) -> Text:
    """A worker's generation, in yellow while it is behind."""
    if report is None:
        return Text("-")
    return Text(str(report.generation), style="" if report.generation >= wanted else "yellow")


def story(scenarios: list[Scenario]) -> Text:
    """The scenarios so far, the present one last."""
    text = Text()
    for scenario in scenarios[:-1]:
        text.append(f"✓ {scenario.key}  ", style="dim green")
    text.append(f"▶ {scenarios[-1].key}", style="bold cyan")
    return text


def steps(scenario: Scenario) -> Text:
    """The stages of a scenario so far."""
    text = Text()
    shown: list[Stage] = scenario.stages
    for stage in shown:
        style = "dim" if stage.end is not None else "bold reverse"
        text.append(f" {stage.name} ", style=style)
        if stage is not shown[-1]:
            text.append(">", style="dim")
    return text


def sparkline(values: list[float], top: float) -> str:
    """Values from 0 to `top` as bars, a character each."""
    last = len(BARS) - 1
    return "".join(BARS[max(0, min(last, round(value / top * last)))] for value in values)
