"""Stale reads: judged by completed writes only, and only once everything about them is known."""

from __future__ import annotations

import pytest

from demo.staleness import StaleJudge


@pytest.fixture
def judge() -> StaleJudge:
    return StaleJudge(["a", "b"])


def report_all(judge: StaleJudge, until: int) -> None:
    judge.reported("a", until)
    judge.reported("b", until)


def test_an_old_version_after_a_completed_write_is_stale(judge: StaleJudge) -> None:
    judge.write(1, version=2, completed=100)
    judge.read(1, version=1, began=101)
    report_all(judge, 200)
    (stale,) = judge.judge()
    assert (stale.read.key, stale.read.version, stale.newest) == (1, 1, 2)
    assert judge.judged == 1


@pytest.mark.parametrize(
    ("version", "began"),
    [(2, 101), (3, 101), (1, 100), (1, 95)],
    ids=["the new version", "a newer one", "began at the same moment", "began before the write completed"],
)
def test_what_is_not_stale(judge: StaleJudge, version: int, began: int) -> None:
    judge.write(1, version=2, completed=100)
    judge.read(1, version=version, began=began)
    report_all(judge, 200)
    assert judge.judge() == []
    assert judge.judged == 1


def test_other_keys_do_not_count(judge: StaleJudge) -> None:
    judge.write(2, version=9, completed=100)
    judge.read(1, version=1, began=150)
    report_all(judge, 200)
    assert judge.judge() == []


def test_a_read_waits_for_the_slowest_process(judge: StaleJudge) -> None:
    judge.read(1, version=1, began=150)
    judge.reported("a", 300)
    assert judge.judge() == []
    assert judge.judged == 0
    # Only now comes the other process, with a write that had completed long before.
    judge.write(1, version=2, completed=100)
    judge.reported("b", 300)
    assert len(judge.judge()) == 1


def test_a_read_at_the_edge_of_what_is_known_waits(judge: StaleJudge) -> None:
    judge.read(1, version=1, began=200)
    report_all(judge, 200)
    judge.judge()
    assert judge.judged == 0


def test_a_late_report_of_a_newer_version_holds_for_later_moments(judge: StaleJudge) -> None:
    judge.write(1, version=2, completed=10)
    judge.write(1, version=3, completed=30)
    # Completed between the two, and newer than both.
    judge.write(1, version=5, completed=20)
    judge.read(1, version=3, began=31)
    judge.read(1, version=3, began=19)
    report_all(judge, 100)
    (stale,) = judge.judge()
    assert (stale.read.began, stale.newest) == (31, 5)


def test_each_read_is_judged_once(judge: StaleJudge) -> None:
    judge.write(1, version=2, completed=10)
    judge.read(1, version=1, began=11)
    report_all(judge, 100)
    assert len(judge.judge()) == 1
    assert judge.judge() == []
