"""The figures of one stage, computed from the record."""

from __future__ import annotations

from dataclasses import dataclass

from demo.record import Record, Stage

WIDTH = 0.5
"""Seconds of the windows in which peaks and lows are looked for."""
STEP = 0.25
LEAST_READS = 50.0
"""A window with fewer reads says nothing about the hit rate."""


@dataclass(frozen=True)
class Figures:
    """What a stage did."""

    seconds: float
    requests: float
    """Per second."""
    hit_rate: float
    """Share of the reads that got their value from a cache, 0 to 1."""
    lowest_hit_rate: float
    """In the worst half second."""
    clusters: dict[str, float]
    """Hit rate of the reads that went to each cluster."""
    origin: float
    """Reads of the origin per second."""
    origin_peak: float
    """In the worst half second."""
    slowest: float
    """Milliseconds that 99 % of the reads didn't exceed."""
    errors: dict[str, float]
    """Requests that failed, by node."""
    lost: dict[str, float]
    """Invalidations that weren't acknowledged, by node."""
    stale: int
    """Stale reads."""


def figures(record: Record, begin: float, end: float) -> Figures:
    """The figures of a span of time."""
    ledger = record.ledger
    sums = ledger.sums(begin, end)
    seconds = max(end - begin, 1e-9)
    reads = sums.get("reads", 0.0)
    rates = ledger.rates("origin:reads", begin, end, width=WIDTH, step=STEP)
    ratios = ledger.ratios("hits", "reads", begin, end, width=WIDTH, step=STEP, least=LEAST_READS)
    return Figures(
        seconds=seconds,
        requests=sums.get("requests", 0.0) / seconds,
        hit_rate=sums.get("hits", 0.0) / reads if reads else 0.0,
        lowest_hit_rate=min((window.value for window in ratios), default=0.0),
        clusters=cluster_hit_rates(sums),
        origin=sums.get("origin:reads", 0.0) / seconds,
        origin_peak=max((window.value for window in rates), default=0.0),
        slowest=record.latency(0.99, begin, end),
        errors=by_node(sums, "error:"),
        lost=by_node(sums, "lost:"),
        stale=record.stale(begin, end),
    )


def stage_figures(record: Record, stage: Stage, moment: float) -> Figures:
    """The figures of a stage, up to `moment` if it still runs."""
    return figures(record, stage.begin, stage.until(moment))


def cluster_hit_rates(sums: dict[str, float]) -> dict[str, float]:
    """The hit rate of each cluster that was read, from the routers' own metrics."""
    rates: dict[str, float] = {}
    for name in sums:
        parts = name.split(":")
        if parts[0] != "router" or parts[2] != "read" or parts[1] in rates:
            continue
        hits = sums.get(f"router:{parts[1]}:read:hit", 0.0)
        asked = hits + sums.get(f"router:{parts[1]}:read:miss", 0.0)
        if asked >= 1:
            rates[parts[1]] = hits / asked
    return dict(sorted(rates.items()))


def by_node(sums: dict[str, float], prefix: str) -> dict[str, float]:
    """Counts whose name begins with `prefix`, by what follows it."""
    return {name[len(prefix) :]: value for name, value in sorted(sums.items()) if name.startswith(prefix) and value > 0}
