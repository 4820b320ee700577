"""Placements are compared line by line, and moves are counted by node."""

from __future__ import annotations

from demo.placing import Placing, disagreements, moved_share


def test_equal_answers_agree() -> None:
    lines = ["blue/a|-|0", "blue/b|green/c|1"]
    assert disagreements({"python": lines, "c": list(lines), "go": list(lines)}, 2) == 0


def test_a_different_line_is_a_disagreement() -> None:
    lines = ["blue/a|-|0", "blue/b|-|0"]
    assert disagreements({"python": lines, "c": ["blue/a|-|0", "blue/a|-|0"], "go": lines}, 2) == 1


def test_missing_and_surplus_lines_are_disagreements() -> None:
    lines = ["blue/a|-|0", "blue/b|-|0"]
    assert disagreements({"python": lines, "c": lines[:1]}, 2) == 1
    assert disagreements({"python": lines, "c": [*lines, "x"]}, 2) == 1
    assert disagreements({"python": [], "c": []}, 2) == 2


def test_what_is_told_by_lines() -> None:
    placing = Placing(["blue/a|-|0", "green/c|blue/b|1", "-|-|0"], 0)
    assert placing.nodes() == ["a", "c", "-"]
    assert placing.clusters() == {"blue", "green"}


def test_moved_share() -> None:
    assert moved_share(["a", "b", "c", "d"], ["a", "x", "c", "y"]) == 0.5
    assert moved_share([], []) == 0.0
