"""The tables of evenness say what was measured, a missed goal is told apart from a broken bound, and the page stays."""

import json
from pathlib import Path

import evenness
import pytest


def curve(nodes: int, max_load: str | None, worst: float, moved: list[float], vnodes: int = 512) -> evenness.Line:
    changes = dict.fromkeys(evenness.CHANGES, moved)
    return {
        "kind": "curve", "nodes": nodes, "mixed": False, "vnodes": vnodes, "max_load": max_load, "worst": worst,
        "build_ms": 2.5, "bytes": 1 << 20, **changes,
    }  # fmt: skip


LINES: list[evenness.Line] = [
    {"kind": "clusters", "nodes": 10, "vnodes": 512, "worst": [1.05, 1.1, 1.2, 1.07]},
    {"kind": "lookups", "nodes": 10, "vnodes": 512, "ns": [8.0, 99.0, 9.0]},
    curve(10, None, 1.09, [1.0, 0.9]),
    curve(10, "1.05", 1.05, [1.0, 1.2]),
    curve(1000, "1.05", 1.05, [1.3, 1.4]),
    {"kind": "curve", "nodes": 10, "mixed": False, "vnodes": 40, "max_load": "1.02", "impossible": "use 1.03"},
]


def test_tables_have_a_row_for_vnodes_and_a_column_for_nodes() -> None:
    rows = evenness.tables(LINES).splitlines()
    assert "| `vnodes` | N = 10 | N = 1,000 |" in rows
    for row in ("| 512 | 1.08 · 25% |", "| 512 | 9.0 ns |", "| 512 | 2.5 ms · 1.0 MiB |", "| 40 | impossible |"):
        assert row in rows
    assert "| 512 | 1.10 · 1.20 | 1.35 · 1.40 |" in rows


def test_a_goal_is_met_by_the_mean() -> None:
    assert [(round(figure, 2), met) for _, figure, met in evenness.goals(LINES)] == [(1.1, True), (1.35, False)]


def test_only_a_broken_bound_is_a_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evenness.faults(LINES) == []
    broken = [*LINES, curve(3, "1.05", 1.0501, [1.0])]
    assert len(evenness.faults(broken)) == 1
    for lines, status in ((LINES, 0), (broken, 1)):
        path = tmp_path / "lines"
        path.write_text("\n".join(json.dumps(line) for line in lines))
        assert evenness.main(["--no-write", "--lines", str(path)]) == status
        assert "not met 1000 nodes of equal weights" in capsys.readouterr().out
