"""The pictures of a run: well formed, ours first, with every subject that was measured and no other."""

from typing import Any
from xml.etree import ElementTree

import bars
import chart
from svg import Scale, apart


def line(suite: str, subject: str, nodes: int, ns: float, **more: float) -> dict[str, Any]:
    return {"suite": suite, "subject": subject, "nodes": nodes, "ns": [ns], "max_over_avg": None, "moved": None} | more


LINES = [
    line("go", "floor: nothing", 10, 1),
    line("go", "floor: nothing", 100, 1),
    line("go", "peer <1>", 10, 100),
    line("go", "peer <1>", 100, 1_000, max_over_avg=1.3, moved=99.0),
    line("go", "ringshift: route", 10, 20),
    line("go", "ringshift: route", 100, 40, max_over_avg=1.2, moved=1.05),
    line("go", "ringshift: IndexMany, 1000 keys a call", 100, 10),
]


def texts(lines: list[dict[str, Any]]) -> list[str]:
    root = ElementTree.fromstring(chart.draw(lines))
    return [element.text or "" for element in root.iter() if element.tag.endswith("text")]


def test_the_picture_names_ours_and_the_peers_but_no_floor_and_no_batch() -> None:
    found = texts(LINES)
    assert found.count("ringshift route") == 1
    # Once with its line, once with its balance.
    assert found.count("peer <1>") == 2
    assert found.count("ringshift (Go)") == 1
    assert "moved 99x" in found
    assert not [text for text in found if "floor" in text or "IndexMany" in text]


def test_a_language_without_figures_says_so() -> None:
    assert texts(LINES).count("not measured") == 4
    assert texts([]).count("not measured") == 5


def test_a_scale_puts_equal_ratios_at_equal_distances() -> None:
    scale = Scale(1, 100, 200, 0)
    assert [scale.at(value) for value in (1, 10, 100)] == [200, 100, 0]
    assert Scale(0, 4, 0, 8, logarithmic=False).at(1) == 2


def test_labels_are_moved_apart_within_their_bounds() -> None:
    assert apart([50, 10, 51], 14, 0, 100) == [50, 10, 64]
    assert apart([99, 100, 98], 14, 0, 100) == [86, 100, 72]
    assert apart([-5, 3], 14, 0, 100) == [0, 14]


def test_bars_are_in_parts_of_our_own_time_and_cut_where_they_are_too_long() -> None:
    rows = bars.draw(LINES).splitlines()
    assert rows[1:3] == ["Go", f"  {'ringshift: route':<38} {'████':<41}  1.00x"]
    assert rows[3] == f"  {'peer <1>':<38} {'█' * 40}»    25x"
    assert len(rows) == 4
