"""Nobody reads a stale value while a fleet is moved, servers die, hang and flap, processes die, and files are bad."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from chaos import Chaos
from fleet import FAMILIES
from staleness import judge

SECONDS = float(os.environ.get("CHAOS_SECONDS", "8"))
"""For each family of clients and round; `make soak` takes longer."""
ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "1"))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", range(1, ROUNDS + 1))
@pytest.mark.timeout(SECONDS + 300)
def test_chaos(tmp_path: Path, family: str, seed: int) -> None:
    with Chaos(tmp_path, FAMILIES[family], family, seed) as chaos:
        chaos.begin()
        chaos.run(SECONDS)
        owed = [worker.call("metrics")["owed"] for worker in chaos.workers]
        counted = chaos.end()
        # Some workers write at their end, and have written nothing if they were killed.
        verdict = judge(trace for trace in chaos.traces if trace.exists())
    happened = ", ".join(f"{count} {what}" for what, count in sorted(chaos.counts.items()))
    lost, repaid = sum(counts["lost"] for counts in counted), sum(each["repaid"] for each in owed)
    print(
        f"{family}, round {seed} of {SECONDS:.0f} s: {happened}; {verdict.reads} reads, {verdict.writes} writes, "
        f"{lost} invalidations lost and {repaid} keys repaid by those that live, {len(verdict.stale)} stale reads"
    )
    assert verdict.stale == []
    assert all(counts["errors"] == 0 for counts in counted)
    assert verdict.reads > 1000
    assert verdict.writes > 100
