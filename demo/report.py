"""What a worker tells: one line of JSON at a time, checked when it is read.

Names of counts: `requests`, `reads`, `hits`, `misses`, `writes` and, from the router's own metrics,
`router:CLUSTER:OP:OUTCOME`. Names of events: `error:CLUSTER/NODE` (a request that failed on a node),
`read-error:CLUSTER/NODE` (a read among them) and `lost:CLUSTER/NODE` (an invalidation that wasn't acknowledged).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

MICRO = 1_000_000


@dataclass(frozen=True)
class Report:
    """What one worker did in an interval."""

    begin: int
    """Microseconds of the monotonic clock; the interval goes up to `end`."""
    end: int
    generation: int
    """Generation in force in the worker."""
    drained: int
    """The oldest generation that a request still running began under."""
    stage: str
    counts: dict[str, float]
    breakers: dict[str, str]
    """State of each breaker that isn't closed, by `CLUSTER/NODE`."""
    reads: list[tuple[int, int, int, int]]
    """Reads that returned a value: rank of the key, version, began, took (microseconds)."""
    writes: list[tuple[int, int, int, int]]
    """Writes that completed: rank of the key, version, began, completed."""
    events: list[tuple[str, int]]
    """What is told with its moment: name, microseconds."""
    failures: list[str]
    """Texts of errors that no worker should meet."""


def parse_line(line: str | bytes) -> dict[str, Any]:
    """One line of a worker as an object with a `kind`."""
    message = json.loads(line)
    if not isinstance(message, dict) or not isinstance(message.get("kind"), str):
        raise ValueError(f"a worker printed {line!r}; use a JSON object with a kind")
    return message


def parse_report(message: dict[str, Any]) -> Report:
    """A message of kind `report`."""
    return Report(
        begin=int(message["begin"]),
        end=int(message["end"]),
        generation=int(message["generation"]),
        drained=int(message["drained"]),
        stage=str(message["stage"]),
        counts={str(name): float(value) for name, value in message["counts"].items()},
        breakers={str(node): str(state) for node, state in message["breakers"].items()},
        reads=[(int(k), int(v), int(b), int(t)) for k, v, b, t in message["reads"]],
        writes=[(int(k), int(v), int(b), int(e)) for k, v, b, e in message["writes"]],
        events=[(str(name), int(moment)) for name, moment in message["events"]],
        failures=[str(text) for text in message["failures"]],
    )
