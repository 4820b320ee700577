"""Spec errors of nodes."""

from __future__ import annotations

from typing import Any

from builders.error_base import BASE, Edit, invalid, quoted, variants

N = "/clusters/green/nodes"
B = "/clusters/blue/nodes"
MC8 = '{"id": "mc8", "address": "10.0.1.8:11211", "weight": 3, "zone": "kr-1b", "down": true}'
ID, ADDRESS = '"id": "mc8"', '"address": "10.0.1.8:11211"'
WEIGHT, LAST_WEIGHT = '"weight": 3', '"weight": 1}'
ZONE, DOWN = '"zone": "kr-1b"', '"down": true'
BAD_ADDRESSES = [
    "10.0.1.8", "10.0.1.8:", ":11211", "10.0.1.8:0", "10.0.1.8:65536", "10.0.1.8:99999999999", "10.0.1.8:12a",
    "10.0.1.8:-1", "10.0.1.8:+1", "10.0.1.8: 1", "::1:11211", "[::1]", "[::1]11211", "[::1]:", "[::1:11211", "[]:1",
    "[10.0.1.8]:1", "[zz::1]:1", "a b:1", "http://cache:1", "tcp:cache:1", "relative/a.sock", "./a.sock", "cache",
    "cache:01", "a,b:1", "a@b:1", "*:1", "호스트:1", "[fe80::1%eth0]:1",
]  # fmt: skip

EDITS = [
    *variants(MC8, "%s", ['"mc8"', "[]", "8", "null"], f"{N}/1"),
    Edit(f"{ID}, ", "", f"{N}/1", ["id"]),
    Edit(f"{ADDRESS}, ", "", f"{N}/1", ["address"]),
    Edit(WEIGHT, '"weigth": 3', f"{N}/1/weigth", ["weigth"]),
    Edit(WEIGHT, '"weight": 3, "weight": 3', f"{N}/1/weight", ["weight"]),
    Edit(ID, '"id": "mc8", "id": "mc8"', f"{N}/1/id", ["id"]),
    Edit(ID, '"id": ""', f"{N}/1/id", []),
    *variants(ID, '"id": %s', ['"\\u0000"', '"a\\u001f"', '"a\\u007fb"', '"\\u0085"', '"tab\\t"'], f"{N}/1/id"),
    Edit(ID, f'"id": "{"x" * 256}"', f"{N}/1/id", ["255"]),
    Edit(ID, f'"id": "{"é" * 128}"', f"{N}/1/id", ["255"]),
    *variants(ID, '"id": %s', ["8", "[]", "true"], f"{N}/1/id"),
    *quoted(ID, '"id": %s', ["mc7"], f"{N}/1/id"),
    *quoted(ADDRESS, '"address": %s', ["10.0.1.7:11211"], f"{N}/1/address"),
    *quoted(ID, '"id": %s', ["mc2"], f"{N}/1/address"),
    Edit(ADDRESS, '"address": ""', f"{N}/1/address", []),
    *quoted(ADDRESS, '"address": %s', BAD_ADDRESSES, f"{N}/1/address"),
    *variants(
        ADDRESS,
        '"address": %s',
        ['"cache\\u0000:1"', '"/run/a\\nb"', "11211", "[]", f'"/{"x" * 107}"', f'"{"x" * 254}:1"'],
        f"{N}/1/address",
    ),
    *variants(WEIGHT, '"weight": %s', ["1001", "-1", "4294967296"], f"{N}/1/weight", ["0 to 1000"]),
    *variants(
        WEIGHT,
        '"weight": %s',
        ["1.5", "1.0", "1e2", '"3"', "false", "[]", "null", "99999999999999999999"],
        f"{N}/1/weight",
    ),
    *variants(LAST_WEIGHT, '"weight": %s}', ["1001"], f"{N}/2/weight", ["0 to 1000"]),
    *variants(DOWN, '"down": %s', ["1", '"true"', "[]", "null"], f"{N}/1/down"),
    *variants(ZONE, '"zone": %s', ["1", "null", '""', '"a\\u0001"', f'"{"z" * 256}"'], f"{N}/1/zone"),
    Edit('"10.0.0.2:11211"', '"10.0.0.2:11211", "weight": 2', f"{B}/1/weight", ["modulo"]),
    Edit('"10.0.0.2:11211"', '"10.0.0.2:11211", "weight": 0', f"{B}/1/weight", ["modulo"]),
    Edit('"10.0.0.2:11211"', '"10.0.0.2:11211", "down": true', f"{B}/1/down", ["modulo"]),
    Edit('"mc2", "address": "10.0.0.2:11211"', '"mc1", "address": "10.0.0.2:11211"', f"{B}/1/id", ["mc1"]),
]


def more() -> list[dict[str, Any]]:
    """Lists of nodes as a whole: of a wrong shape, empty, or with no node that takes keys."""
    start = BASE.index('"nodes": [', BASE.index('"green": {'))
    old = BASE[start : BASE.index("]", start) + 1]
    text = BASE.replace('  "replicas": 2', '  "replicas": 1')
    lists = [invalid(text.replace(old, f'"nodes": {value}'), N, []) for value in ("[]", "{}", '"mc7"', "3")]
    idle = old.replace('"weight": 2', '"weight": 0').replace('"weight": 1', '"weight": 0')
    down = old.replace('"weight": 2', '"weight": 2, "down": true').replace('"weight": 1', '"weight": 1, "down": true')
    none = idle.replace('"weight": 3', '"weight": 0')
    lists += [invalid(text.replace(old, members), N, []) for members in (idle, down, none)]
    lists.append(invalid(text.replace(f'"g1:",\n      {old}', '"g1:"'), "/clusters/green", ["nodes"]))
    fewer = BASE.replace('"weight": 2', '"weight": 0').replace('"weight": 3', '"weight": 0')
    lists.append(invalid(fewer, "/clusters/green/replicas", ["2", "1"]))
    return lists
