"""The weight of a plan, in basis points, at a moment."""

from __future__ import annotations

from typing import Any

from oracle.spec import Plan, basis_points, duration_ms, timestamp_ms


def weight(plan: Plan, now_ms: int) -> int:
    """0 before ramp, 10000 after it, within it what percent or schedule say at `now_ms` (since 1970)."""
    if plan.stage != "ramp":
        return 10_000 if plan.stage == "soak" else 0
    if plan.schedule is None:
        return plan.percent
    elapsed = now_ms - timestamp_ms(plan.schedule["start"])
    return plan.percent if elapsed < 0 else since_start(plan.schedule, elapsed)


def since_start(schedule: dict[str, Any], elapsed: int) -> int:
    """What a schedule says `elapsed` milliseconds after its start."""
    if "steps" in schedule:
        steps = schedule["steps"]
        number = elapsed // duration_ms(schedule["every"])
        return basis_points(steps[min(number, len(steps) - 1)])
    first, last = basis_points(schedule["from"]), basis_points(schedule["to"])
    over = duration_ms(schedule["over"])
    return last if elapsed >= over else first + (last - first) * elapsed // over
