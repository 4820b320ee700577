"""The chart is well-formed, small, and shows what was recorded."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from demo.chart import Chart, nice_step, stage_label, unbroken
from demo.ledger import Window
from demo.record import Mark, Record, Scenario, Stage
from demo.settings import Settings

SVG = "{http://www.w3.org/2000/svg}"


def recorded() -> Record:
    record = Record(Settings(), ["python-1"])
    record.begin = 100.0
    for tick in range(100):
        begin = 100.0 + tick / 5
        hits = 10.0 if 40 <= tick < 50 else 190.0
        record.ledger.add(begin, begin + 0.2, {"reads": 200.0, "hits": hits})
        record.ledger.add(begin, begin + 0.2, {"origin:reads": 200.0 - hits})
    scenario = Scenario("a < b", "A title", "A text.")
    scenario.stages = [
        Stage(scenario.key, "filling", 100.0, 1, pause=True, end=102.0),
        Stage(scenario.key, "hash % 4", 102.0, 1, end=108.0),
        Stage(scenario.key, "ramp 10 %", 108.0, 2, end=120.0),
    ]
    record.scenarios.append(scenario)
    record.marks.append(Mark(109.0, "v2 killed & gone"))
    return record


def test_the_chart_is_well_formed_and_tells_the_extremes() -> None:
    text = Chart(recorded()).draw()
    root = ElementTree.fromstring(text)
    words = {element.text for element in root.iter(f"{SVG}text")}
    assert {"a < b", "hash % 4", "10 %", "v2 killed & gone", "5 %", "950"} <= words
    assert len(text) < 60_000


def test_no_line_runs_across_a_gap() -> None:
    values = [Window(t, t + 0.5, 1.0) for t in (0.0, 0.25, 0.5, 3.0, 3.25)]
    assert [len(run) for run in unbroken(values)] == [3, 2]
    assert unbroken([]) == []


@pytest.mark.parametrize("top", [0.0, 1.0, 7.0, 99.0, 1400.0, 123_456.0])
def test_grid_lines_are_few(top: float) -> None:
    assert 0 <= top / nice_step(top) <= 6


@pytest.mark.parametrize(
    ("name", "label"),
    [("ramp 10 %", "10 %"), ("ramp 50 %, v2 dead", "v2 dead"), ("soak", "soak"), ("back to none", "back to none")],
)
def test_labels_are_short(name: str, label: str) -> None:
    assert stage_label(name) == label
