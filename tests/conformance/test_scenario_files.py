"""The loader: what is not written as README.md says is an error that names its place."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scenario import ROOT, ScenarioError, load, load_all

GOOD: dict[str, Any] = {
    "about": "A theme.",
    "spec": {"clusters": {"a": {"nodes": ["a1"]}, "b": {"nodes": ["b1"], "prefix": "g1:"}}, "stage": "ramp"},
    "scenarios": [
        {
            "name": "one",
            "says": "the next is sent when the one before has acknowledged",
            "only": {"family": "redis", "because": "of a reason"},
            "start": {"a1": {"k": "v", "l": {"value": "v", "ttl": 5}}},
            "steps": [
                {"do": "get", "key": "k", "result": "v", "faults": [{"at": "a1", "on": "read", "do": "close"}]},
                {"changes": [{"restart": "a1"}, {"set": ["b1", "k", "v"]}, {"edit": {"stage": "soak"}}]},
                {"do": "together", "calls": [{"do": "delete", "key": "k"}], "result": [True]},
            ],
            "log": ["a1 get k", ["a1 delete k", {"maybe": "b1 delete k"}]],
            "end": {"a1": {}},
        }
    ],
}


def _first(data: dict[str, Any]) -> dict[str, Any]:
    one: dict[str, Any] = data["scenarios"][0]
    return one


def _set(where: Callable[[dict[str, Any]], Any], name: Any, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        where(data)[name] = value

    return change


WRONG = {
    "an unknown field of the file": (_set(lambda data: data, "more", 1), "unknown ['more']"),
    "an unknown field of a scenario": (_set(_first, "more", 1), "one: unknown ['more']"),
    "an unknown field of a spec": (_set(lambda data: data["spec"], "stages", 1), "spec: unknown ['stages']"),
    "an unknown field of a cluster": (_set(lambda data: data["spec"]["clusters"]["a"], "x", 1), "a: unknown ['x']"),
    "three clusters": (_set(lambda data: data["spec"]["clusters"], "c", {"nodes": []}), "one cluster, or"),
    "an unknown family": (_set(lambda data: _first(data)["only"], "family", "python"), "the families are"),
    "a family without a reason": (_set(_first, "only", {"family": "redis"}), "without ['because']"),
    "an item at no node": (_set(lambda data: _first(data)["start"], "z1", {}), "no node of the spec: ['z1']"),
    "an unknown field of an item": (_set(lambda data: _first(data)["end"], "a1", {"k": {"x": 1}}), "unknown ['x']"),
    "an unknown field of a server": (_set(_first, "servers", {"a1": {"young": True}}), "unknown ['young']"),
    "an unknown call": (_set(lambda data: _first(data)["steps"], 0, {"do": "gat", "result": 1}), "no call gat"),
    "a call without its key": (_set(lambda data: _first(data)["steps"], 0, {"do": "get", "result": 1}), "['key']"),
    "a call without a result": (_set(lambda data: _first(data)["steps"], 0, {"do": "get", "key": "k"}), "a result or"),
    "an inner call that is unknown": (
        _set(lambda data: _first(data)["steps"][2], "calls", [{"do": "gat"}]),
        "no call gat",
    ),
    "an unknown kind of fault": (
        _set(lambda data: _first(data)["steps"][0]["faults"][0], "do", "burn"),
        "unknown node",
    ),
    "an unknown change": (_set(lambda data: _first(data)["steps"][1], "changes", [{"burn": "a1"}]), "['burn']"),
    "a change of two things": (
        _set(lambda data: _first(data)["steps"][1], "changes", [{"restart": "a1", "refuse": "a1"}]),
        "a change is one thing",
    ),
    "a change at no node": (_set(lambda data: _first(data)["steps"][1], "changes", [{"restart": "z1"}]), "no node z1"),
    "a log of no node": (_set(_first, "log", ["z1 get k"]), "no node in 'z1 get k'"),
    "a sentence that the documentation has not": (_set(_first, "says", "nodes are nice"), "no such sentence"),
}


def _load(data: dict[str, Any], directory: Path) -> list[Any]:
    path = directory / "file.json"
    path.write_text(json.dumps(data))
    return load(path)


def test_what_is_right_is_read(tmp_path: Path) -> None:
    """The one that all others are made of."""
    (one,) = _load(GOOD, tmp_path)
    assert one.nodes == ["a1", "b1"]
    assert one.fits("redis")
    assert not one.fits("memcached")


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named(name: str, tmp_path: Path) -> None:
    """One fault at a time."""
    change, message = WRONG[name]
    data = copy.deepcopy(GOOD)
    change(data)
    with pytest.raises(ScenarioError, match=re.escape(message)):
        _load(data, tmp_path)


def test_a_field_that_occurs_twice(tmp_path: Path) -> None:
    """JSON's readers would take the last one."""
    (tmp_path / "file.json").write_text('{"about": 1, "about": 2}')
    with pytest.raises(ScenarioError, match="twice"):
        load(tmp_path / "file.json")


def test_a_name_that_occurs_twice(tmp_path: Path) -> None:
    """In whatever files."""
    for name in ("1.json", "2.json"):
        (tmp_path / name).write_text(json.dumps(GOOD))
    with pytest.raises(ScenarioError, match="another scenario has this name"):
        load_all(tmp_path)


def test_every_scenario_is_read() -> None:
    """And both families have theirs; none is limited to a language."""
    scenarios = load_all()
    assert {one.only for one in scenarios} == {None, "memcached", "redis"}
    assert (ROOT / "docs" / "migration.md").exists()
