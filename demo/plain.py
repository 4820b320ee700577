"""Plain lines in place of the live screen: for a pipe, a log, or a terminal that wants no colours."""

from __future__ import annotations

import math
import textwrap
from typing import Self

from rich.console import Console

from demo.figures import Figures, stage_figures
from demo.record import Record, Stage
from demo.summary import percent

COLUMNS = 100


class PlainView:
    """Prints each scenario as it starts, and each stage once everything about it is known."""

    def __init__(self, console: Console, record: Record) -> None:
        """Prints what comes into this record."""
        self._console = console
        self._record = record
        self._scenarios = 0
        self._stages = 0
        self._marks = 0

    def __enter__(self) -> Self:
        """Nothing to set up."""
        return self

    def __exit__(self, *_: object) -> None:
        """Prints what is left."""
        self.update()
        self._print_marks(math.inf)

    def update(self) -> None:
        """Prints what is new."""
        done = [stage for stage in self._record.stages if stage.end is not None]
        for stage in done[self._stages :]:
            if stage.end is None or self._record.complete_until() < stage.end:
                break
            self._print_marks(stage.end)
            self._begin(stage.scenario)
            self._stages += 1
            if not stage.pause:
                self._print(stage_line(stage, stage_figures(self._record, stage, stage.begin)))
        if self._stages == len(done) and self._record.stage is not None:
            self._begin(self._record.stage.scenario)

    def _print_marks(self, until: float) -> None:
        for mark in self._record.marks[self._marks :]:
            if mark.at <= until:
                self._marks += 1
                self._print(f"   ! {mark.text}")

    def _begin(self, key: str) -> None:
        scenarios = self._record.scenarios
        while self._scenarios < len(scenarios) and (self._scenarios == 0 or scenarios[self._scenarios - 1].key != key):
            scenario = scenarios[self._scenarios]
            self._scenarios += 1
            self._print("")
            self._print(f"{self._scenarios}. {scenario.title}")
            self._print(textwrap.fill(scenario.text, COLUMNS, initial_indent="   ", subsequent_indent="   "))

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def stage_line(stage: Stage, f: Figures) -> str:
    """A stage in one line."""
    parts = [
        f"   {stage.name:<24}",
        f"hit {percent(f.hit_rate):>5} % (lowest {percent(f.lowest_hit_rate, 0):>2} %)",
        f"origin {f.origin:>6,.0f}/s (peak {f.origin_peak:>5,.0f})",
        f"p99 {f.slowest:>3.0f} ms",
        f"moved {percent(stage.moved):>5} %",
    ]
    for name, number in (
        ("errors", sum(f.errors.values())),
        ("lost invalidations", sum(f.lost.values())),
        ("stale", float(f.stale)),
        ("disagreements", float(stage.disagreements or 0)),
    ):
        if round(number):
            parts.append(f"{name} {number:,.0f}")
    return "  ".join(parts)
