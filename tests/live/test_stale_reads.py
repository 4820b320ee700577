"""No read is older than the newest write that had completed before it began, whatever the fleet goes through.

Several processes of every client read and write the same keys while they are moved, forward and back, at moments of
their own, and servers die. That the test can see stale reads is known because it finds them when a rule is broken.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fleet import FAMILIES
from moving import FORWARD, THERE_AND_BACK, Load, Moving, Step
from staleness import Verdict, judge

READS = int(os.environ.get("LIVE_READS", "50000"))
"""For each family of clients; `make soak` has more."""


def say(name: str, verdict: Verdict, counted: list[dict[str, int]]) -> None:
    loads, lost = (sum(counts[what] for counts in counted) for what in ("loads", "lost"))
    print(
        f"{name}: {verdict.reads} reads, {verdict.writes} writes, {loads} loads, {lost} invalidations sent again, "
        f"{len(verdict.stale)} stale reads"
    )


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.timeout(3600)
def test_no_read_is_stale(tmp_path: Path, family: str) -> None:
    reads = 0
    round_ = 0
    while reads < READS:
        round_ += 1
        folder = tmp_path / str(round_)
        folder.mkdir()
        with Moving(folder, FAMILIES[family], family, seed=round_) as moving:
            moving.begin()
            moving.migrate(FORWARD, crash=True)
            moving.migrate(THERE_AND_BACK, crash=True)
            counted = moving.end()
            verdict = judge(moving.traces)
        say(f"{family}, round {round_}", verdict, counted)
        assert verdict.stale == []
        assert all(counts["errors"] == 0 for counts in counted)
        assert all(counts["reads"] > 0 and counts["writes"] > 0 and counts["loads"] > 0 for counts in counted)
        reads += verdict.reads


@pytest.mark.parametrize(
    ("load", "steps"),
    [
        pytest.param(Load(mode="untokened"), FORWARD[:1], id="fills without a token"),
        pytest.param(
            Load(keys=10, writes=0.3, mode="backwards"),
            [Step("prepare"), Step("ramp", 100)],
            id="deletes in the wrong order",
        ),
        pytest.param(Load(), [Step("ramp", 100, delay=1, wait=False)], id="prepare is skipped"),
    ],
)
def test_a_broken_rule_is_seen(tmp_path: Path, load: Load, steps: list[Step]) -> None:
    stale = 0
    for round_ in range(5):
        folder = tmp_path / str(round_)
        folder.mkdir()
        with Moving(folder, ["pymemcache"] * 3, "memcached", round_, load) as moving:
            moving.begin()
            moving.count += 1
            for step in steps:
                moving.go(step)
            counted = moving.end()
            verdict = judge(moving.traces)
        say("a rule is broken", verdict, counted)
        stale += len(verdict.stale)
        if stale:
            break
    assert stale > 0
