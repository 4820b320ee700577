"""The benchmark's tables say what was measured, and the page keeps everything that a person wrote around them."""

from pathlib import Path

import goals
import machine
import pytest
import report
from goals import RATIO, Goal


def line(
    subject: str, nodes: int, ns: list[float], even: float | None = None, moved: float | None = None
) -> report.Line:
    known = {"suite": "go", "subject": subject, "nodes": nodes, "keys": 1000, "ns": ns}
    return known | {"max_over_avg": even, "moved": moved}


LINES = [
    line("ringshift: route", 10, [20.0, 90.0, 21.0, 19.0, 22.0], 1.1),
    line("peer", 10, [43.0, 41.0, 42.0, 40.0, 990.0], 1.3),
    line("ringshift: route", 100, [30.0] * 5, 1.19, 1.046),
    line("peer", 100, [12_000.0] * 5, 1.304, 99.5),
    line("ringshift: route", 1000, [30.0] * 5),
    {"suite": "go", "versions": {"peer": "1.2.3"}},
    {"suite": "go", "check": "it is right", "ok": True, "detail": "1000 keys"},
    {"suite": "go", "subject": "building", "nodes": 10, "unit": "ms", "values": [1.0, 1.234, 9.0]},
    {"suite": "go", "subject": "two threads", "nodes": 100, "unit": "keys/s", "values": [1_234.5]},
]


def page(facts: list[str]) -> list[str]:
    goal = Goal("Go", "a ratio", RATIO, (("go", "ringshift: route"), ("go", "peer")), {10: 0.4, 100: 0.4, 1_000: 0.4})
    return report.page(LINES, goals.evaluate(LINES, (goal,)), facts).splitlines()


def test_a_cell_is_the_median_and_its_ratio_to_the_reference() -> None:
    rows = page(["a machine"])
    assert "| **ringshift: route** | 21.0 ns | 30.0 ns | 30.0 ns | 1.19 | 1.05 |" in rows
    assert "| peer | 42.0 ns · 2.00x | 12 µs · 400x |  | 1.30 | 99.50 |" in rows
    assert "Measured on: a machine." in rows
    assert any(row.startswith("peer 1.2.3. ") for row in rows)


def test_what_is_no_time_of_a_key_has_a_table_with_units() -> None:
    rows = page([])
    assert "| building | ms | 1.23 |" in rows
    # In a table of its own, as it has another number of nodes.
    assert rows[rows.index("| two threads | keys/s | 1,234 |") - 2] == "|  |  | N = 100 |"


def test_the_goals_stand_before_the_tables() -> None:
    rows = page([])
    assert rows.index("## Goals") < rows.index("## Tables")
    assert "1 met, 1 not met, 1 not measured." in rows
    assert "| Go | a ratio | 10 | 0.50x | ≤ 0.40x | not met |" in rows
    assert "| Go | a ratio | 100 | 0.00x | ≤ 0.40x | met |" in rows
    assert "| Go | a ratio | 1,000 |  | ≤ 0.40x | not measured: no “peer” in go |" in rows


def test_the_spread_of_the_rounds_is_told() -> None:
    # (990 / 40 - 1) is the widest; of five spreads the middle one is 0.
    assert any("Slowest round over fastest: 0% in the median of the rows, 2375% at most." in row for row in page([]))


def test_only_what_is_between_the_marks_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    report.write(file, "new")
    report.write(file, "newer")
    assert file.read_text() == f"before\n{report.BEGIN}\nnewer\n{report.END}\nafter\n"


def test_a_page_without_marks_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text("a page\n")
    with pytest.raises(SystemExit, match=r"page\.md lacks its marks"):
        report.write(file, "new")
    assert file.read_text() == "a page\n"


def test_the_machine_is_named_by_its_processor_and_toolchains_not_by_a_path() -> None:
    first, second = machine.facts()
    assert " cores, " in first
    assert [word.split(" ")[0] for word in second.split(", ")] == ["Rust", "C", "Go"]
    assert "unknown" not in second
    assert "/home" not in first + second
    assert str(Path.cwd()) not in first + second
