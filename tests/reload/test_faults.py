"""Every fault of the table, before the watcher of every language."""

from __future__ import annotations

from typing import Any

import pytest
from faults import SpecFile, scenarios
from hosts import Watched

ALL = scenarios()


@pytest.mark.parametrize("scenario", ALL, ids=[scenario["name"] for scenario in ALL])
def test_the_last_good_spec_serves_and_the_next_is_taken_up(
    host: tuple[SpecFile, Watched], scenario: dict[str, Any]
) -> None:
    file, watched = host
    told, back = scenario["told"], scenario.get("back", False)
    before = watched.ask()
    assert before["generation"] == file.generation
    assert before["reloads"]["last_error"] is None or before["reloads"]["last_error"] == ""
    watched.seen += len(before["events"])

    for step in scenario["fault"]:
        # The steps of a fault follow one another at once, but for those that take their time.
        for _ in file.do(step):
            is_told(watched.after(2), told, file, before, once=False)
    answer = watched.after(2)
    if told is None:
        assert answer["events"] == []
        assert answer["reloads"]["rejected"] == before["reloads"]["rejected"]
    else:
        is_told(answer, told, file, before, once=is_counted_once(scenario))
        # However often it is looked at.
        again = watched.after(2)
        assert again["events"] == answer["events"]
        assert again["reloads"]["rejected"] == answer["reloads"]["rejected"]

    file.mend(scenario.get("mend"), back=back)
    after = watched.after(2)
    assert after["generation"] == file.generation, "the next good spec is in force after two refreshes"
    assert not after["reloads"]["last_error"]
    assert not after["reloads"]["last_error_kind"]
    last = after["events"][-1]
    assert (last["kind"], last["generation"]) == ("mended" if back else "applied", file.generation)
    assert after["wrong"] == 0
    watched.seen = last["sequence"]


def is_counted_once(scenario: dict[str, Any]) -> bool:
    """Whether the fault is one state of the file; between the steps of others a refresh may see more than one."""
    return len(scenario["fault"]) == 1 and scenario["fault"][0][0] not in ("slowly", "storm")


def is_told(
    answer: dict[str, Any], told: dict[str, Any], file: SpecFile, before: dict[str, Any], *, once: bool
) -> None:
    """The last good spec serves, and metrics and events say why."""
    reloads, kind = answer["reloads"], told["kind"]
    assert answer["wrong"] == 0
    if kind is None:
        # Of many faults the last is told, and whichever good specs were seen between them are in force.
        assert before["generation"] <= answer["generation"] <= file.generation
        kind = "spec_syntax"
    else:
        assert answer["generation"] == before["generation"]
    assert reloads["last_error_kind"] == kind
    assert str(file.path) in reloads["last_error"]
    assert told.get("says", "") in reloads["last_error"]
    event = answer["events"][-1]
    assert (event["kind"], event["level"], event["error"]) == ("rejected", "warning", kind)
    assert event["generation"] == answer["generation"]
    assert event["message"] == reloads["last_error"]
    if "line" in told:
        assert (event["line"], event["column"]) == (told["line"], told["column"])
        assert (event["pointer"] or None) == told.get("pointer")
        assert f":{told['line']}:{told['column']}: {told.get('pointer', '')}" in event["message"]
    if once:
        assert len(answer["events"]) == 1
        assert reloads["rejected"] == before["reloads"]["rejected"] + 1
