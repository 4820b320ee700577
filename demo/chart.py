"""The run as a picture: hit rate above, load on the origin below, over time, as an SVG file.

Written by hand, so that the file stays small and follows the reader's light or dark background by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path

from demo.figures import LEAST_READS
from demo.ledger import Window
from demo.record import Record, Scenario

WIDTH = 1240
HEIGHT = 506
LEFT = 64
TITLE = "Hit rate of the cache and load on the origin while clusters change under load"
RIGHT = 20
WINDOW = 0.5
STEP = 0.25

STYLE = """
  .card{fill:#fff;stroke:#d0d7de} text{fill:#1f2328;font:12px system-ui,-apple-system,"Segoe UI",sans-serif}
  .small{font-size:10.5px;fill:#59636e} .title{font-size:15px;font-weight:600} .name{font-weight:600}
  .odd{fill:#f3f5f8} .even{fill:#fff} .pause{fill:#afb8c1;opacity:.35} .grid{stroke:#d8dee4} .step{stroke:#c4ccd4}
  .hit{stroke:#1a7f64} .hitarea{fill:#1a7f64;opacity:.13} .load{stroke:#c4501b} .loadarea{fill:#c4501b;opacity:.18}
  .limit{stroke:#c4501b;stroke-dasharray:5 4;opacity:.8} .hittext{fill:#116149} .loadtext{fill:#a33f11}
  .harm{stroke:#cf222e} .harmtext{fill:#cf222e;font-weight:600} .event{stroke:#656d76;stroke-dasharray:2 3}
  @media (prefers-color-scheme:dark){ .card{fill:#0d1117;stroke:#30363d} text{fill:#e6edf3} .small{fill:#9198a1}
  .odd{fill:#151b23} .even{fill:#0d1117} .pause{fill:#656c76} .grid{stroke:#262c36} .step{stroke:#3d444d}
  .hit{stroke:#3fb68b} .hitarea{fill:#3fb68b} .load{stroke:#f0883e} .loadarea{fill:#f0883e} .limit{stroke:#f0883e}
  .hittext{fill:#56d4a4} .loadtext{fill:#f5a66c} .harm{stroke:#ff7b72} .harmtext{fill:#ff7b72} .event{stroke:#9198a1} }
"""


@dataclass(frozen=True)
class Panel:
    """A strip of the picture with its own vertical scale from 0 to `top`."""

    y: float
    height: float
    top: float

    def at(self, value: float) -> float:
        """Where a value lies."""
        return self.y + self.height * (1 - min(max(value / self.top, 0.0), 1.0))


class Chart:
    """Draws one record."""

    def __init__(self, record: Record) -> None:
        """Prepares scales for everything up to the last stage's end."""
        self._record = record
        self._begin = record.stages[0].begin
        self._end = max(stage.until(stage.begin) for stage in record.stages)
        self._out: list[str] = []
        self._end = max([self._end, *(mark.at for mark in record.marks)])
        self._hits = Panel(132, 140, 1.0)
        self._loads = Panel(312, 150, self._top_load())

    def draw(self) -> str:
        """The whole picture."""
        self._out = []
        self._frame()
        for number, scenario in enumerate(self._record.scenarios):
            self._band(scenario, number)
        self._scales()
        self._series()
        for scenario in self._record.scenarios:
            self._steps(scenario)
        for scenario in self._record.scenarios:
            self._extremes(scenario)
        self._events()
        return "\n".join([*self._out, "</svg>", ""])

    def _top_load(self) -> float:
        peak = max((window.value for window in self._load_windows(self._begin, self._end)), default=0.0)
        return 1.12 * max(peak, self._record.settings.origin_capacity)

    def _load_windows(self, begin: float, end: float) -> list[Window]:
        return self._record.ledger.rates("origin:reads", begin, end, width=WINDOW, step=STEP)

    def _hit_windows(self, begin: float, end: float) -> list[Window]:
        return self._record.ledger.ratios("hits", "reads", begin, end, width=WINDOW, step=STEP, least=LEAST_READS)

    def _x(self, moment: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (moment - self._begin) / max(self._end - self._begin, 1e-9)

    def _frame(self) -> None:
        self._out += [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{TITLE}">',
            f"<style>{STYLE}</style>",
            f'<rect class="card" x=".5" y=".5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="8"/>',
        ]
        self._text(LEFT, 27, TITLE, "title")
        s = self._record.settings
        load = f"{s.requests_per_second:,} requests per second by {len(s.workers)} workers in {workers_text(s.workers)}"
        self._text(WIDTH - RIGHT, 27, load, "small", "end")

    def _band(self, scenario: Scenario, number: int) -> None:
        begin = scenario.stages[0].begin
        left, right = self._x(begin), self._x(scenario.stages[-1].until(begin))
        bottom = self._loads.y + self._loads.height
        shade = "odd" if number % 2 == 0 else "even"
        self._out.append(
            f'<rect class="{shade}" x="{left:.1f}" y="42" width="{right - left:.1f}" height="{bottom - 42:.1f}"/>'
        )
        self._text(left + 6, 59, scenario.key, "name")

    def _steps(self, scenario: Scenario) -> None:
        bottom = self._loads.y + self._loads.height
        for stage in scenario.stages:
            x, width = self._x(stage.begin), self._x(stage.until(stage.begin)) - self._x(stage.begin)
            if stage.pause:
                self._out.append(
                    f'<rect class="pause" x="{x:.1f}" y="{self._hits.y}" width="{width:.1f}" '
                    f'height="{bottom - self._hits.y:.1f}"/>'
                )
                continue
            self._out.append(f'<path class="step" d="M{x:.1f} {self._hits.y}V{bottom:.1f}"/>')
            # Slanted, so that the names of short stages don't run into each other.
            place = f'transform="translate({x + 4:.1f} {self._hits.y - 5:.1f})rotate(-45)"'
            self._out.append(f'<text class="small" {place}>{escape(stage_label(stage.name))}</text>')

    def _scales(self) -> None:
        for share in (0.0, 0.5, 1.0):
            self._grid(self._hits, share, f"{share * 100:.0f} %")
        step = nice_step(self._loads.top)
        value = 0.0
        while value <= self._loads.top:
            self._grid(self._loads, value, f"{value:,.0f}")
            value += step
        self._text(LEFT + 16, self._hits.y + self._hits.height + 22, "origin reads per second", "loadtext")
        self._text(LEFT + 16, self._hits.y + self._hits.height - 8, "hit rate", "hittext")
        capacity = self._record.settings.origin_capacity
        y = self._loads.at(capacity)
        self._out.append(f'<path class="limit" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        self._text(
            WIDTH - RIGHT - 4, y - 5, f"the most that the origin can do: {capacity:,.0f}", "small loadtext", "end"
        )
        bottom = self._loads.y + self._loads.height
        for second in range(0, int(self._end - self._begin) + 1, 10):
            self._text(self._x(self._begin + second), bottom + 18, f"{second} s", "small", "middle")

    def _grid(self, panel: Panel, value: float, text: str) -> None:
        y = panel.at(value)
        self._out.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        self._text(LEFT - 8, y + 4, text, "small", "end")

    def _series(self) -> None:
        self._line(self._hit_windows(self._begin, self._end), self._hits, "hit")
        self._line(self._load_windows(self._begin, self._end), self._loads, "load")

    def _line(self, values: list[Window], panel: Panel, name: str) -> None:
        floor = panel.y + panel.height
        for run in unbroken(values):
            points = [f"{self._x((w.begin + w.end) / 2):.1f} {panel.at(w.value):.1f}" for w in run]
            first, last = points[0].split()[0], points[-1].split()[0]
            self._out.append(
                f'<path class="{name}area" d="M{first} {floor:.1f}L{"L".join(points)}L{last} {floor:.1f}Z"/>'
            )
            self._out.append(f'<path class="{name}" fill="none" stroke-width="1.6" d="M{"L".join(points)}"/>')

    def _extremes(self, scenario: Scenario) -> None:
        stages = [stage for stage in scenario.stages if not stage.pause]
        if not stages:
            return
        begin, end = stages[0].begin, stages[-1].until(stages[0].begin)
        lowest = min(self._hit_windows(begin, end), key=lambda window: window.value, default=None)
        highest = max(self._load_windows(begin, end), key=lambda window: window.value, default=None)
        if lowest is not None:
            x, y = self._x((lowest.begin + lowest.end) / 2), self._hits.at(lowest.value)
            self._text(
                x, min(y + 15, self._hits.y + self._hits.height - 3), f"{lowest.value * 100:.0f} %", "hittext", "middle"
            )
        if highest is not None:
            x, y = self._x((highest.begin + highest.end) / 2), self._loads.at(highest.value)
            self._text(x, y - 6, f"{highest.value:,.0f}", "loadtext", "middle")

    def _events(self) -> None:
        for mark in self._record.marks:
            x = self._x(mark.at)
            kind = "harm" if mark.harm else "event"
            self._out.append(f'<path class="{kind}" d="M{x:.1f} {self._hits.y}V{self._loads.y + self._loads.height}"/>')
            self._text(x - 4, self._hits.y + self._hits.height + 22, mark.text, f"small {kind}text", "end")

    def _text(self, x: float, y: float, text: str, style: str = "", anchor: str = "start") -> None:
        self._out.append(f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>')


def workers_text(languages: Sequence[str]) -> str:
    """The languages of the workers."""
    return " and ".join(sorted({language.capitalize() for language in languages}, reverse=True))


def stage_label(name: str) -> str:
    """A stage's name as short as it can be told under the chart's narrow columns."""
    return name.removeprefix("ramp ").removeprefix("back to ").partition(", ")[2] or name.removeprefix("ramp ")


def nice_step(top: float) -> float:
    """A round distance of grid lines that gives three to six of them."""
    size = 10.0 ** (len(str(int(max(top, 1.0)))) - 1)
    return next(step for step in (size * f for f in (0.2, 0.25, 0.5, 1, 2, 2.5, 5)) if top / step <= 6)


def unbroken(values: list[Window]) -> list[list[Window]]:
    """Splits windows where a gap in time lies between them: a line must not run across a pause."""
    runs: list[list[Window]] = [values[:1]] if values else []
    for before, after in pairwise(values):
        if after.begin - before.begin > 2 * STEP:
            runs.append([])
        runs[-1].append(after)
    return runs


def write_chart(record: Record, path: Path) -> None:
    """Draws a record into a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(Chart(record).draw(), encoding="utf-8")
