"""Everything that happened in a run, as it comes in: what the screen, the tables and the chart are made of."""

from __future__ import annotations

import time
from bisect import bisect_left
from dataclasses import dataclass, field

from demo.ledger import Ledger, percentile
from demo.report import MICRO, Report
from demo.settings import Settings
from demo.staleness import Stale, StaleJudge

DISORDER = 3.0
"""Seconds by which reports of different workers can lie apart, and more."""


def now() -> float:
    """The moment in seconds of the monotonic clock: the same one in all processes of this machine."""
    return time.monotonic_ns() / 1e9


@dataclass
class Stage:
    """One step of a scenario, from the moment its spec was published."""

    scenario: str
    name: str
    begin: float
    generation: int
    pause: bool = False
    """Whether load stood still, to fill the caches by hand: such a stage isn't measured."""
    adopted: float | None = None
    """When every worker ran its generation and no older request was left."""
    end: float | None = None
    moved: float | None = None
    """Share of the keys that are read from another node than at the start of the scenario."""
    clusters: frozenset[str] = frozenset()
    """The clusters that any key is read from in this stage, fallbacks included."""
    disagreements: int | None = None
    """Keys that the four languages don't all place alike."""

    def until(self, moment: float) -> float:
        """Its end, or `moment` while it runs."""
        return moment if self.end is None else self.end


@dataclass
class Scenario:
    """One part of the story."""

    key: str
    """A word or two: its name in tables and in the chart."""
    title: str
    text: str
    stages: list[Stage] = field(default_factory=list)

    def span(self) -> tuple[float, float]:
        """When it began and ended; it has to have a stage."""
        return self.stages[0].begin, self.stages[-1].until(self.stages[-1].begin)


@dataclass(frozen=True)
class Mark:
    """A moment worth a note in the chart."""

    at: float
    text: str
    harm: bool = False
    """Whether it was no one's intention."""


class Record:
    """The growing record of one run. For use from one event loop."""

    def __init__(self, settings: Settings, workers: list[str]) -> None:
        """Waits for these workers."""
        self.settings = settings
        self.begin = now()
        self.ledger = Ledger()
        self.scenarios: list[Scenario] = []
        self.marks: list[Mark] = []
        self.latest: dict[str, Report | None] = dict.fromkeys(workers)
        self.waiting = 0
        """Requests that wait in the origin."""
        self.failures: list[str] = []
        """Errors that no worker should have met."""
        self._origin_end = self.begin
        self._judge = StaleJudge(workers)
        self._stale: list[Stale] = []
        # In the order of the reports: sorted by moment but for the time that lies between two of them.
        self._latencies: list[tuple[float, int]] = []

    def take(self, worker: str, report: Report) -> None:
        """Takes a worker's report."""
        self.latest[worker] = report
        counts = dict(report.counts)
        counts[f"worker:{worker}"] = counts.get("requests", 0.0)
        self.ledger.add(report.begin / MICRO, report.end / MICRO, counts)
        self.failures += [f"{worker}: {text}" for text in report.failures]
        for name, moment in report.events:
            # Long enough to be an interval, and too short to reach into another stage.
            self.ledger.add((moment - 1) / MICRO, moment / MICRO, {name: 1.0})
        for key, version, _, completed in report.writes:
            self._judge.write(key, version, completed)
        for key, version, began, took in report.reads:
            self._judge.read(key, version, began)
            self._latencies.append((began / MICRO, took))
        self._judge.reported(worker, report.end)
        self._stale += self._judge.judge()

    def take_origin(self, begin: float, end: float, counts: dict[str, float], waiting: int) -> None:
        """Takes what the origin did in an interval."""
        self.waiting = waiting
        self._origin_end = end
        self.ledger.add(begin, end, {f"origin:{name}": value for name, value in counts.items()})

    def complete_until(self) -> float:
        """The moment up to which every process has reported."""
        ends = [report.end / MICRO if report else self.begin for report in self.latest.values()]
        return min([*ends, self._origin_end])

    def stale(self, begin: float, end: float) -> int:
        """Stale reads that began in a span of time."""
        return sum(1 for stale in self._stale if begin <= stale.read.began / MICRO < end)

    def stale_keys(self, begin: float, end: float) -> int:
        """How many different keys they were of."""
        return len({stale.read.key for stale in self._stale if begin <= stale.read.began / MICRO < end})

    @property
    def judged(self) -> int:
        """Reads whose version was checked."""
        return self._judge.judged

    def latency(self, share: float, begin: float, end: float) -> float:
        """The milliseconds that a share of the reads of a span of time didn't exceed."""
        first = bisect_left(self._latencies, (begin - DISORDER, 0))
        last = bisect_left(self._latencies, (end + DISORDER, 0))
        return percentile([took for moment, took in self._latencies[first:last] if begin <= moment < end], share) / 1000

    @property
    def stages(self) -> list[Stage]:
        """All stages so far."""
        return [stage for scenario in self.scenarios for stage in scenario.stages]

    @property
    def stage(self) -> Stage | None:
        """The stage that runs, or ran last."""
        stages = self.stages
        return stages[-1] if stages else None

    def breakers(self) -> dict[str, dict[str, str]]:
        """Breakers that aren't closed: node -> worker -> state."""
        found: dict[str, dict[str, str]] = {}
        for worker, report in self.latest.items():
            for node, state in (report.breakers if report else {}).items():
                found.setdefault(node, {})[worker] = state
        return found
