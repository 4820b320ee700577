"""Scenarios as README.md describes them, read strictly: whatever is not known is an error that names its place."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from fakes.journal import FAILING, Fault

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FAMILIES = ("memcached", "redis")
SPEC = {"clusters", "stage", "percent", "regions", "max_ttl", "final"}
CLUSTER = {"nodes", "prefix", "replicas"}
CALLS = {
    "get": {"key"},
    "get_many": {"keys"},
    "get_or_load": {"key", "expire"},
    "set": {"key", "value", "expire"},
    "add": {"key", "value", "expire"},
    "replace": {"key", "value", "expire"},
    "touch": {"key", "expire"},
    "delete": {"key"},
    "invalidate": {"key"},
    "incr": {"key", "amount"},
    "together": {"calls"},
}
OPTIONAL = {"expire"}
AFTER_CALL = {"result", "error", "lost", "faults", "release"}
FAULTS = {*FAILING, "pause", "hold", "change"}
ON = {"read", "fill", "set", "add", "replace", "delete", "touch", "incr", "load", "put"}
CHANGES = {"restart", "refuse", "accept", "delete", "set", "stand_in", "edit", "origin"}


class ScenarioError(Exception):
    """A scenario that is not written as README.md says."""


@dataclass(slots=True)
class Scenario:
    """One scenario."""

    name: str
    says: str
    spec: dict[str, Any]
    steps: list[dict[str, Any]]
    log: list[Any]
    end: dict[str, dict[str, Any]]
    only: str | None = None
    region: str = ""
    servers: dict[str, dict[str, Any]] = field(default_factory=dict)
    start: dict[str, dict[str, Any]] = field(default_factory=dict)
    origin: dict[str, str] = field(default_factory=dict)

    @property
    def nodes(self) -> list[str]:
        """The nodes of all clusters, each once."""
        return list(dict.fromkeys(node for cluster in self.spec["clusters"].values() for node in cluster["nodes"]))

    @property
    def hangs(self) -> bool:
        """Whether the client has to wait until a node's time is over."""
        return any(fault["do"] == "hang" for step in self.steps for fault in step.get("faults", []))

    def fits(self, family: str) -> bool:
        """Whether it is for a protocol family."""
        return self.only in {None, family}


def load_all(directory: Path = HERE / "scenarios") -> list[Scenario]:
    """All scenarios of all files; names are unique."""
    found: dict[str, Scenario] = {}
    for path in sorted(directory.glob("*.json")):
        for one in load(path):
            if one.name in found:
                raise ScenarioError(f"{path.name}: {one.name}: another scenario has this name")
            found[one.name] = one
    return list(found.values())


def load(path: Path) -> list[Scenario]:
    """The scenarios of one file."""
    data = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_unique)
    _fields(data, {"about", "spec", "scenarios"}, {"about", "spec", "scenarios"}, path.name)
    _spec(data["spec"], f"{path.name}: spec")
    return [_scenario(one, data["spec"], path.name) for one in data["scenarios"]]


def faults_of(step: dict[str, Any]) -> list[Fault]:
    """The faults of a step."""
    return [
        Fault(
            at=one["at"],
            on=one["on"],
            do=one["do"],
            key=one.get("key"),
            changes=one.get("changes", []),
            milliseconds=one.get("milliseconds", 0),
            skip=one.get("skip", 0),
        )
        for one in step.get("faults", [])
    ]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ScenarioError(f"a field occurs twice among {[name for name, _ in pairs]}")
    return made


def _fields(one: Any, known: set[str], required: set[str], where: str) -> None:
    if not isinstance(one, dict):
        raise ScenarioError(f"{where}: not an object: {one!r}")
    if unknown := one.keys() - known:
        raise ScenarioError(f"{where}: unknown {sorted(unknown)}; there are {sorted(known)}")
    if missing := required - one.keys():
        raise ScenarioError(f"{where}: without {sorted(missing)}")


@cache
def _docs() -> str:
    return _plain((ROOT / "docs" / "migration.md").read_text(encoding="utf-8"))


def _plain(text: str) -> str:
    """Text without marks and line breaks."""
    return " ".join(text.replace("*", "").replace("`", "").split())


def _spec(spec: Any, where: str) -> None:
    _fields(spec, SPEC, {"clusters"}, where)
    if not 1 <= len(spec["clusters"]) <= 2:
        raise ScenarioError(f"{where}: one cluster, or the one that is left and the one that is moved to")
    for name, cluster in spec["clusters"].items():
        _fields(cluster, CLUSTER, {"nodes"}, f"{where}: {name}")


def _scenario(one: Any, spec: dict[str, Any], file: str) -> Scenario:
    where = f"{file}: {one.get('name') if isinstance(one, dict) else one}"
    known = {"name", "says", "only", "spec", "region", "servers", "start", "origin", "steps", "log", "end"}
    _fields(one, known, {"name", "says", "steps", "log", "end"}, where)
    more = dict(one)
    only = more.pop("only", None)
    if only is not None:
        _fields(only, {"family", "because"}, {"family", "because"}, f"{where}: only")
        if only["family"] not in FAMILIES:
            raise ScenarioError(f"{where}: only: the families are {FAMILIES}")
    if _plain(one["says"]) not in _docs():
        raise ScenarioError(f"{where}: says: no such sentence in docs/migration.md: {one['says']!r}")
    scenario = Scenario(**{**more, "spec": {**spec, **one.get("spec", {})}}, only=only and only["family"])
    _spec(scenario.spec, f"{where}: spec")
    nodes = {*scenario.nodes}
    for name in ("servers", "start", "end"):
        if unknown := getattr(scenario, name).keys() - nodes:
            raise ScenarioError(f"{where}: {name}: no node of the spec: {sorted(unknown)}")
    for node, server in scenario.servers.items():
        _fields(server, {"old", "cas"}, set(), f"{where}: servers: {node}")
    for items in (*scenario.start.values(), *scenario.end.values()):
        for item in items.values():
            if not isinstance(item, str):
                _fields(item, {"value", "flags", "ttl", "stand_in"}, set(), f"{where}: item")
    for at, step in enumerate(scenario.steps):
        _step(step, nodes, f"{where}: step {at}")
    _log(scenario.log, nodes, where)
    return scenario


def _step(step: Any, nodes: set[str], where: str) -> None:
    if not isinstance(step, dict):
        raise ScenarioError(f"{where}: not an object")
    if "background" in step:
        _fields(step, {"background", "faults"}, {"background", "faults"}, where)
        if step["background"] not in {"read", "write"}:
            raise ScenarioError(f"{where}: background: read or write")
    elif "finish" in step:
        _fields(step, {"finish"}, {"finish"}, where)
    elif "changes" in step:
        _fields(step, {"changes"}, {"changes"}, where)
        _changes(step["changes"], nodes, where)
    else:
        _call(step, AFTER_CALL, where)
        if ("result" in step) == ("error" in step):
            raise ScenarioError(f"{where}: either a result or an error is expected")
    for fault in step.get("faults", []):
        known = {"at", "on", "do", "key", "changes", "milliseconds", "skip"}
        _fields(fault, known, {"at", "on", "do"}, f"{where}: fault")
        if fault["at"] not in nodes | {"origin"} or fault["on"] not in ON or fault["do"] not in FAULTS:
            raise ScenarioError(f"{where}: fault: unknown node, kind of command or kind of fault in {fault}")
        _changes(fault.get("changes", []), nodes, where)


def _call(call: Any, more: set[str], where: str) -> None:
    _fields(call, {"do", *CALLS.get(call.get("do"), set()), *more}, {"do"}, where)
    if call["do"] not in CALLS:
        raise ScenarioError(f"{where}: no call {call['do']}")
    _fields(call, {"do", *CALLS[call["do"]], *more}, CALLS[call["do"]] - OPTIONAL, where)
    for inner in call.get("calls", []):
        _call(inner, set(), where)


def _changes(changes: Any, nodes: set[str], where: str) -> None:
    for change in changes:
        _fields(change, CHANGES, set(), f"{where}: change")
        if len(change) != 1:
            raise ScenarioError(f"{where}: a change is one thing: {change}")
        ((name, what),) = change.items()
        node = what if isinstance(what, str) else what[0] if isinstance(what, list) else None
        if name not in {"edit", "origin"} and node not in nodes:
            raise ScenarioError(f"{where}: change: no node {node}")
        if name == "edit":
            _fields(what, SPEC, set(), f"{where}: edit")


def _log(log: Any, nodes: set[str], where: str) -> None:
    for entry in log:
        if isinstance(entry, list):
            _log(entry, nodes, where)
            continue
        if isinstance(entry, dict):
            _fields(entry, {"maybe"}, {"maybe"}, f"{where}: log")
        text = entry["maybe"] if isinstance(entry, dict) else entry
        if text.split(" ")[0] not in nodes | {"origin"}:
            raise ScenarioError(f"{where}: log: no node in {text!r}")
