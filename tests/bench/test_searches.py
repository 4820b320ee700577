"""The table of ways to search a ring, and what makes its run fail."""

import pytest
import searches
from report import Line


def way(subject: str, nodes: int, nanoseconds: list[float]) -> Line:
    return {
        "suite": "searches",
        "subject": subject,
        "nodes": nodes,
        "ns": nanoseconds,
        "wrong": 0,
        "bytes_a_point": 19.14,
    }


def check(ok: bool) -> Line:
    return {"suite": "searches", "check": "binary search is exact", "ok": ok, "detail": "0.5 of the keys are wrong"}


LINES = [
    way("binary", 10, [3.0, 1.0, 2.0]),
    way("line", 10, [1.0]),
    way("binary", 100, [150.4]),
    way("line", 100, [7.0]),
]


def test_a_row_holds_medians_and_memory() -> None:
    rows = searches.table(LINES).splitlines()
    assert rows[0] == "|  | N = 10 | N = 100 | bytes a point at N = 100 |"
    assert rows[2:] == ["| binary | 2.00 | 150 | 19.1 |", "| line | 1.00 | 7.00 | 19.1 |"]


@pytest.mark.parametrize(
    ("lines", "faults"),
    [
        ([check(True)], []),
        ([check(True), check(False)], ["binary search is exact: 0.5 of the keys are wrong"]),
        ([], ["nothing was checked"]),
    ],
)
def test_a_wrong_answer_is_a_fault_and_so_is_no_check(lines: list[Line], faults: list[str]) -> None:
    assert searches.faults(LINES + lines) == faults
