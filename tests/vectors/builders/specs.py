"""Texts of specs. Vectors hold a spec as the text that a file would have, so that places in it are exact."""

from __future__ import annotations

import json
from typing import Any

Fields = dict[str, Any]


def node(number: int, prefix: str = "n", **more: Any) -> Fields:
    """Node `n<number>` at an address of its own."""
    host = f"10.{number // 65536}.{number // 256 % 256}.{number % 256}"
    return {"id": f"{prefix}{number}", "address": f"{host}:11211", **more}


def nodes(count: int, prefix: str = "n", first: int = 0) -> list[Fields]:
    """`count` nodes of weight 1."""
    return [node(i, prefix) for i in range(first, first + count)]


def ring(
    members: list[Fields],
    *,
    vnodes: int | None = 160,
    replicas: int | None = None,
    key_prefix: str | None = None,
    **rule: Any,
) -> Fields:
    """A cluster placed by `ring`; `vnodes` None leaves the number of virtual nodes to the default."""
    points = {} if vnodes is None else {"vnodes": vnodes}
    fields: Fields = {"placement": {"kind": "ring", **points, **rule}, "nodes": members}
    if replicas is not None:
        fields["replicas"] = replicas
    if key_prefix is not None:
        fields["key_prefix"] = key_prefix
    return fields


def default_ring(members: list[Fields], **more: Any) -> Fields:
    """A cluster placed by `ring` that leaves out what has a default."""
    return ring(members, **{"vnodes": None, **more})


def modulo(members: list[Fields], *, key_prefix: str | None = None, **rule: Any) -> Fields:
    """A cluster placed by `modulo`, flavor `libmemcached`."""
    fields: Fields = {"placement": {"kind": "modulo", "flavor": "libmemcached", **rule}, "nodes": members}
    if key_prefix is not None:
        fields["key_prefix"] = key_prefix
    return fields


def _dump(value: Any, indent: int = 0) -> str:
    """JSON with one node a line: what a person would write."""
    inner = " " * (indent + 2)
    if isinstance(value, dict) and any(isinstance(item, (dict, list)) for item in value.values()):
        members = [f"{inner}{json.dumps(k, ensure_ascii=False)}: {_dump(v, indent + 2)}" for k, v in value.items()]
        return "{\n" + ",\n".join(members) + "\n" + " " * indent + "}"
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return "[\n" + ",\n".join(inner + _dump(item, indent + 2) for item in value) + "\n" + " " * indent + "]"
    return json.dumps(value, ensure_ascii=False)


def only(cluster: Fields, generation: int = 1, **more: Any) -> str:
    """A spec with nothing but a primary cluster."""
    return _dump({"format": 1, "generation": generation, "primary": "blue", **more, "clusters": {"blue": cluster}})


def migrating(blue: Fields, green: Fields, stage: str, *, generation: int = 2, name: str = "m1", **more: Any) -> str:
    """A spec with a migration from blue to green; `more` goes into the migration."""
    return _dump(
        {
            "format": 1,
            "generation": generation,
            "primary": "blue",
            "standby": "green",
            "clusters": {"blue": blue, "green": green},
            "migration": {"id": name, "from": "blue", "to": "green", "stage": stage, **more},
        }
    )


def text_of(fields: Fields) -> str:
    """Any spec's text."""
    return _dump(fields)
