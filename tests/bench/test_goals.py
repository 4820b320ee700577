"""Goals are held against figures exactly as they are written, and what wasn't measured never counts as met."""

import goals
import pytest
from goals import LOST, MORE, MORE_THAN_TWICE, RATIO, Goal


def line(suite: str, subject: str, nodes: int, *values: float) -> goals.Line:
    return {"suite": suite, "subject": subject, "nodes": nodes, "ns": list(values)}


def outcome_of(goal: Goal, *lines: goals.Line) -> goals.Outcome:
    (outcome,) = goals.evaluate(list(lines), (goal,))
    return outcome


def goal_of(formula: goals.Formula, bound: float, *, at_least: bool = False) -> Goal:
    return Goal("P", "text", formula, (("go", "ours"), ("c", "other")), {100: bound}, at_least)


@pytest.mark.parametrize(
    ("formula", "figure", "written"),
    [
        (RATIO, 1.25, "1.25x"),
        (MORE, 2.0, "+2.0 ns"),
        (MORE_THAN_TWICE, -6.0, "-6.0 ns"),
        (LOST, -25.0, "-25.0 %"),
    ],
)
def test_a_figure_is_computed_from_medians(formula: goals.Formula, figure: float, written: str) -> None:
    # Medians 10 and 8; means 370 and 28.
    lines = line("go", "ours", 100, 10, 1_090, 10), line("c", "other", 100, 8, 68, 8)
    outcome = outcome_of(goal_of(formula, figure), *lines)
    assert outcome.figure == figure
    assert outcome.met is True
    assert goals.rows([outcome]) == [("P", "text", "100", written, f"≤ {written}", "met")]


def test_the_bound_itself_is_met_and_what_is_beyond_is_not() -> None:
    lines = line("go", "ours", 100, 30), line("c", "other", 100, 10)
    assert outcome_of(goal_of(RATIO, 3), *lines).verdict == "met"
    assert outcome_of(goal_of(RATIO, 2.99), *lines).verdict == "not met"
    assert outcome_of(goal_of(RATIO, 3, at_least=True), *lines).verdict == "met"
    assert outcome_of(goal_of(RATIO, 3.01, at_least=True), *lines).verdict == "not met"


@pytest.mark.parametrize("at_least", [False, True])
@pytest.mark.parametrize(
    "lines",
    [
        [],
        [line("go", "ours", 100, 1)],
        [line("go", "ours", 100, 1), line("c", "other", 1_000, 1)],
        [line("go", "ours", 100, 1), line("go", "other", 100, 1)],
        [line("go", "ours", 100, 1), {"suite": "c", "subject": "other", "nodes": 100, "ns": []}],
        [line("go", "ours", 100, 1), {"suite": "c", "versions": {"other": "1"}}],
    ],
)
def test_a_missing_subject_is_not_measured(lines: list[goals.Line], at_least: bool) -> None:
    outcome = outcome_of(goal_of(RATIO, 1, at_least=at_least), *lines)
    assert outcome.figure is None
    assert outcome.met is None
    assert outcome.verdict.startswith("not measured: no “o")
    assert goals.rows([outcome])[0][3] == ""


def test_what_a_figure_needs_is_named() -> None:
    goal = Goal("P", "text", goals.plain("ns"), (("python", "fast"),), {100: 1}, needs="Python 3.13")
    assert outcome_of(goal).verdict == "not measured: no “fast” in python; needs Python 3.13"


def test_each_number_of_nodes_has_its_own_bound() -> None:
    goal = Goal("P", "text", goals.plain("ms", 0), (("rust", "build"),), {100: 1, 1_000: 10})
    values = [{"suite": "rust", "subject": "build", "nodes": n, "unit": "ms", "values": [5.0]} for n in (100, 1_000)]
    outcomes = goals.evaluate(values, (goal,))
    assert [(outcome.nodes, outcome.met) for outcome in outcomes] == [(100, False), (1_000, True)]
    assert goals.summary(outcomes) == "1 met, 1 not met, 0 not measured"
    assert "| P | text | 1,000 | 5 ms | ≤ 10 ms | met |" in goals.table(outcomes).splitlines()


def test_without_a_run_no_goal_is_met() -> None:
    outcomes = goals.evaluate([])
    assert len(outcomes) >= len(goals.GOALS)
    assert {outcome.met for outcome in outcomes} == {None}


def test_every_goal_of_a_language_is_there() -> None:
    points = [goal.point for goal in goals.GOALS]
    assert {point: points.count(point) for point in points} == {
        "Rust": 4,
        "Python": 4,
        "Node.js": 4,
        "Go": 2,
        "C": 1,
        "Core": 7,
    }
    for goal in goals.GOALS:
        assert goal.bounds
        # The formula takes as many figures as the goal has subjects.
        goal.formula.compute(*(1.0 for _ in goal.subjects))
