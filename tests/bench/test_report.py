"""The benchmark's tables say what was measured, and the page keeps everything that a person wrote around them."""

from pathlib import Path

import machine
import pytest
import report


def line(subject: str, nodes: int, nanoseconds: list[float], balance: float | None = None) -> report.Line:
    return {"suite": "go", "subject": subject, "nodes": nodes, "keys": 1000, "ns": nanoseconds, "max_over_avg": balance}


LINES = [
    line("ringshift: route", 10, [20.0, 90.0, 21.0, 19.0, 22.0], 1.1),
    line("peer", 10, [43.0, 41.0, 42.0, 40.0, 990.0], 1.3),
    line("ringshift: route", 100, [30.0] * 5, 1.19),
    line("peer", 100, [12_000.0] * 5, 1.304),
    line("ringshift: route", 1000, [30.0] * 5),
    {"suite": "go", "versions": {"peer": "1.2.3"}},
]


def test_a_cell_is_the_median_and_its_ratio_to_the_reference() -> None:
    rows = report.tables(LINES, ["a machine"]).splitlines()
    assert "| **ringshift: route** | 21.0 ns | 30.0 ns | 30.0 ns | 1.19 |" in rows
    assert "| peer | 42.0 ns · 2.00x | 12 µs · 400x |  | 1.30 |" in rows
    assert "Measured on: a machine." in rows
    assert any(row.startswith("peer 1.2.3. ") for row in rows)


def test_the_spread_of_the_rounds_is_told() -> None:
    # (990 / 40 - 1) is the widest; of five spreads the middle one is 0.
    assert "Slowest round over fastest: 0% in the median of the rows, 2375% at most." in report.tables(LINES, [])


def test_only_what_is_between_the_marks_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    report.write(page, "new")
    report.write(page, "newer")
    assert page.read_text() == f"before\n{report.BEGIN}\nnewer\n{report.END}\nafter\n"


def test_a_page_without_marks_is_an_error(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a page\n")
    with pytest.raises(SystemExit, match=r"page\.md lacks its marks"):
        report.write(page, "new")
    assert page.read_text() == "a page\n"


def test_the_machine_is_named_by_its_processor_and_toolchains_not_by_a_path() -> None:
    first, second = machine.facts()
    assert " cores, " in first
    assert [word.split(" ")[0] for word in second.split(", ")] == ["Rust", "C", "Go"]
    assert "unknown" not in second
    assert "/home" not in first + second
    assert str(Path.cwd()) not in first + second
