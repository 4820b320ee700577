"""The kind `schedule`: weights at given moments, for an implementation whose clock a test can set."""

from __future__ import annotations

from typing import Any

from oracle.route import Router
from oracle.spec import timestamp_ms

from builders.specs import Fields, default_ring, migrating, modulo, nodes

START = "2026-11-22T10:00:00Z"


def build() -> dict[str, Any]:
    """Linear and stepped schedules just before, at and just after each of their corners."""
    blue, green = modulo(nodes(3)), default_ring(nodes(4, "g", 100))
    start = timestamp_ms(START)
    hour = 3_600_000
    plans: list[tuple[Fields, list[int]]] = [
        ({"schedule": {"start": START, "from": 10, "to": 100, "over": "2h"}},
         [-hour, -1, 0, 1, 799, 800, 801, hour, 2 * hour - 1, 2 * hour, 2 * hour + 1, 9000 * hour]),
        ({"percent": 5, "schedule": {"start": START, "from": 0.01, "to": 33.33, "over": "7s"}},
         [-1, 0, 1, 2, 3, 999, 1000, 3500, 6998, 6999, 7000]),
        ({"schedule": {"start": START, "from": 40, "to": 40, "over": "1ms"}}, [-1, 0, 1]),
        ({"schedule": {"start": START, "from": 0, "to": 100, "over": "365d"}}, [-1, 0, hour, 100 * 24 * hour]),
        ({"percent": 1, "schedule": {"start": START, "steps": [10, 25, 50, 75, 100], "every": "10m"}},
         [-1, 0, 599_999, 600_000, 1_199_999, 1_200_000, 1_800_000, 2_399_999, 2_400_000, 3_000_000, 9000 * hour]),
        ({"schedule": {"start": START, "steps": [12.5], "every": "500ms"}}, [-1, 0, 499, 500, 1000]),
        ({"schedule": {"start": START, "steps": [0, 0.01, 99.99], "every": "1ms"}}, [-1, 0, 1, 2, 3]),
    ]  # fmt: skip
    cases = []
    for plan, offsets in plans:
        spec = migrating(blue, green, "ramp", **plan)
        times = [start + offset for offset in offsets]
        weights = [Router(spec, None, now).weight for now in times]
        cases.append({"spec": spec, "region": None, "now_ms": [str(now) for now in times], "weight": weights})
    return {"version": 1, "kind": "schedule", "provenance": "oracle; integer arithmetic, floor", "cases": cases}
