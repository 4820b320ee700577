"""The figures of the demonstration in one place: how much load, how many keys, how slow the origin is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The root of the checkout: the workers and programs in other languages are found from here."""


@dataclass(frozen=True)
class Settings:
    """Every figure that shapes a run. The defaults fit two cores and leave them half idle in the steady state."""

    keys: int = 2400
    """Size of the key population that the load asks for."""
    placed_keys: int = 5000
    """Keys that all languages place and compare: the population and further ones."""
    skew: float = 0.9
    """Exponent of the Zipf distribution: the key of rank r is asked for in proportion to 1 / r**skew."""
    reads_per_write: int = 50
    """How many reads come on one write, on average."""
    requests_per_second: int = 3000
    """Reads and writes that all workers together try to serve, per second."""
    workers: tuple[str, ...] = ("python", "node", "python", "node")
    """The language of each worker process."""
    lanes: int = 10
    """Requests that one worker serves at once."""
    trace_length: int = 300_000
    """Requests drawn in advance; each worker starts at its own place and wraps around."""
    seed: int = 20261122
    """Seed of the trace, so that every run asks for the same keys in the same order."""
    max_ttl: int = 16
    """The spec's `max_ttl` in seconds: the longest that any copy may live."""
    least_ttl: int = 11
    """The shortest life that a worker gives to a copy: what was cached together must not end together."""
    origin_slots: int = 10
    """Requests that the origin's store serves at once; more have to wait."""
    origin_latency: float = 0.008
    """Seconds that each of them takes. Slots / latency is the most that the origin can do per second."""
    watch: float = 0.15
    """Seconds between two refreshes of the spec in every worker."""
    report_every: float = 0.2
    """Seconds between two reports of a worker and of the origin."""
    pace: float = 1.0
    """Factor on the length of every stage."""

    @property
    def origin_capacity(self) -> float:
        """The most requests per second that the origin can serve."""
        return self.origin_slots / self.origin_latency

    @property
    def reads_per_second(self) -> float:
        """The reads among the requests."""
        return self.requests_per_second * self.reads_per_write / (self.reads_per_write + 1)

    def key(self, rank: int) -> str:
        """The key of a rank. Rank 0 is the most wanted one."""
        return f"user:{rank:05d}:profile"
