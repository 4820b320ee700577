"""The valid spec that spec errors are edits of, and how an edit becomes a case."""

from __future__ import annotations

import unicodedata
from typing import Any, NamedTuple

from oracle.places import place

BASE = """{
  "format": 1,
  "generation": 12,
  "primary": "blue",
  "standby": "green",
  "max_ttl": "1d",
  "clusters": {
    "blue": {
      "placement": {"kind": "modulo", "flavor": "libmemcached", "hash": "crc"},
      "nodes": [
        {"id": "mc1", "address": "10.0.0.1:11211"},
        {"id": "mc2", "address": "10.0.0.2:11211"}
      ]
    },
    "green": {
      "placement": {"kind": "ring", "vnodes": 160, "seed": 7, "hash_tag": "{}"},
      "replicas": 2,
      "key_prefix": "g1:",
      "nodes": [
        {"id": "mc7", "address": "10.0.1.7:11211", "weight": 2, "zone": "kr-1a"},
        {"id": "mc8", "address": "10.0.1.8:11211", "weight": 3, "zone": "kr-1b", "down": true},
        {"id": "서버-9", "address": "10.0.1.9:11211", "weight": 1}
      ]
    }
  },
  "migration": {
    "id": "2026-11-blue-green",
    "from": "blue",
    "to": "green",
    "stage": "ramp",
    "percent": 10,
    "schedule": {"start": "2999-01-01T00:00:00Z", "from": 10, "to": 100, "over": "2h"},
    "regions": {
      "kr": {"stage": "ramp", "percent": 50},
      "jp": {"stage": "prepare"},
      "us": {"stage": "ramp", "schedule": {"start": "2000-01-01T00:00:00Z", "steps": [10, 25.5, 50], "every": "10m"}}
    }
  },
  "breaker": {"failures": 3, "open": "1s", "max_open": "60s", "max_ejected": 0.5}
}
"""


class Edit(NamedTuple):
    """Replaces `old`, which occurs once in BASE, by `new`; the error is then at `pointer`."""

    old: str
    new: str
    pointer: str
    says: list[str]


def edited(edit: Edit) -> str:
    """The text after one edit."""
    assert BASE.count(edit.old) == 1, f"{edit.old!r} occurs {BASE.count(edit.old)} times"
    return BASE.replace(edit.old, edit.new)


def shown(pointer: str) -> str:
    """A pointer as errors give it: control characters are escaped, since it ends up in logs and C strings."""
    short = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return "".join(short.get(c, f"\\u{{{ord(c):x}}}") if unicodedata.category(c) == "Cc" else c for c in pointer)


def invalid(text: str, pointer: str, says: list[str], kind: str = "spec_invalid") -> dict[str, Any]:
    """A case whose place is found from the pointer."""
    line, column = place(text, pointer)
    return {"spec": text, "kind": kind, "pointer": shown(pointer), "line": line, "column": column, "says": says}


# A seed is one too, but it may be a secret: no message shows it.
NUMBERS = {"format", "generation", "vnodes", "max_load", "replicas", "weight", "percent", "failures"} | {"max_ejected"}


def holds_a_number(pointer: str) -> bool:
    """Whether a number belongs there, so that a wrong one is a wrong value and not a wrong type."""
    *_, parent, last = ["", *pointer.split("/")]
    return last in NUMBERS or parent == "steps" or (parent == "schedule" and last in ("from", "to"))


def variants(old: str, form: str, values: list[str], pointer: str, says: list[str] | None = None) -> list[Edit]:
    """One edit for each value: `form` with %s replaced by it; a message must name a number that is out of range."""
    edits = []
    for value in values:
        number = value.lstrip("-").replace(".", "").isdigit()
        shown = [value] if number and holds_a_number(pointer) else []
        edits.append(Edit(old, form.replace("%s", value), pointer, [*shown, *(says or [])]))
    return edits


def quoted(old: str, form: str, values: list[str], pointer: str, says: list[str] | None = None) -> list[Edit]:
    """As `variants`, for strings: a message must hold the string itself."""
    return [
        Edit(old, form.replace("%s", f'"{value}"'), pointer, [*([value] if value else []), *(says or [])])
        for value in values
    ]


def file_of(edits: list[Edit], more: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A whole file of the kind `spec_error`."""
    cases = [invalid(edited(edit), edit.pointer, edit.says) for edit in edits]
    return {
        "version": 1,
        "kind": "spec_error",
        "provenance": "written by hand from docs/spec.md; line and column found from the pointer by oracle/places.py",
        "cases": [*cases, *(more or [])],
    }
