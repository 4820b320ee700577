"""Specs for tests: two clusters, blue and green, and a migration between them."""

from __future__ import annotations

import json
from typing import Any


def cluster(*nodes: str, prefix: str = "", kind: str = "ring", **more: Any) -> dict[str, Any]:
    """A cluster of nodes given as `id@address`, or as an id alone, which gets an address that nobody listens at."""
    placement = {"kind": "ring"} if kind == "ring" else {"kind": "modulo", "flavor": "libmemcached"}
    listed = []
    for at, node in enumerate(nodes):
        name, _, address = node.partition("@")
        listed.append({"id": name, "address": address or f"127.0.0.1:{at + 1}"})
    made: dict[str, Any] = {"placement": placement, "nodes": listed, **more}
    if prefix:
        made["key_prefix"] = prefix
    return made


def spec(
    generation: int,
    blue: dict[str, Any],
    green: dict[str, Any] | None = None,
    stage: str | None = None,
    percent: float = 100,
    **more: Any,
) -> str:
    """The text of a spec in which blue serves, or in which blue moves to green."""
    made: dict[str, Any] = {"format": 1, "generation": generation, "primary": "blue", "clusters": {"blue": blue}}
    if green is not None:
        made["clusters"]["green"] = green
        made["standby"] = "green"
    if stage is not None:
        made["migration"] = {"id": "move", "from": "blue", "to": "green", "stage": stage}
        if stage == "ramp":
            made["migration"]["percent"] = percent
    return json.dumps({**made, **more}, indent=1)


def final(generation: int, green: dict[str, Any]) -> str:
    """The text of a spec in which green serves."""
    return json.dumps(
        {"format": 1, "generation": generation, "primary": "green", "clusters": {"green": green}}, indent=1
    )
