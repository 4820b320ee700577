"""The kind `spec_error`: every rule of docs/spec.md broken, one at a time."""

from __future__ import annotations

from typing import Any

from oracle.places import place

from builders.error_base import BASE, Edit, file_of, invalid, quoted, variants
from builders.error_migration import EDITS as MIGRATION_EDITS
from builders.error_migration import more as migration_more
from builders.error_nodes import EDITS as NODE_EDITS
from builders.error_nodes import more as nodes_more
from builders.specs import Fields
from builders.texts import Parts, joined

MIB = 1024 * 1024
GENERATION = '"generation": 12'
TTL = '"max_ttl": "1d"'
MODULO = '{"kind": "modulo", "flavor": "libmemcached", "hash": "crc"}'
RING = '{"kind": "ring", "vnodes": 160, "seed": 7, "hash_tag": "{}"}'
BLUE, GREEN = "/clusters/blue", "/clusters/green"
WORDS_BAD_DURATION = [
    "1",
    "1 s",
    "-1s",
    "1.5h",
    "1w",
    "s",
    "1S",
    "1h30m",
    "99999999999999999999d",
    "3651d",
    "0s",
    "+1s",
]


def syntax(text: str) -> Fields:
    """A text that is not JSON: no pointer; line and column are the JSON parser's own."""
    return {"spec": text, "kind": "spec_syntax", "pointer": None, "says": []}


def syntax_cases() -> list[Fields]:
    """Empty, truncated, followed by garbage, not UTF-8, not JSON."""
    cuts = (1, 2, 14, 60, 300, len(BASE) // 2, BASE.index('"down"') + 8, len(BASE) - 2)
    texts = ["", " \n", "{", "nul", *(BASE[:cut] for cut in cuts)]
    texts += [BASE + "}", BASE + "x", BASE + "{}", BASE + "\x00", "\ufeff" + BASE, BASE.replace('"', "'")]
    texts += ["// spec\n" + BASE, BASE.replace("0.5}", "0.5,}"), BASE.replace("0.5}", "NaN}")]
    texts += [BASE.replace("12,", "012,"), BASE.replace("12,", "+12,"), BASE.replace("12,", "0x12,")]
    texts += [BASE.replace("mc1", "mc\\ud800"), BASE.replace("mc1", "mc\n1"), BASE.replace("mc1", "mc\\x31")]
    raw = [b"\xff\xfe" + BASE.encode("utf-16-le"), BASE.encode().replace(b"mc1", b"mc\xff"),
           BASE.encode().replace(b"mc1", b"\xed\xa0\x80"), b"\x00", bytes(range(128, 256))]  # fmt: skip
    cases = [syntax(text) for text in texts]
    cases += [{"spec_hex": text.hex(), "kind": "spec_syntax", "pointer": None, "says": []} for text in raw]
    for deep in ("[", '{"a":'):
        cases.append({"spec_parts": [[deep, 100_000]], "kind": "spec_syntax", "pointer": None, "says": []})
    return cases


def top() -> dict[str, Any]:
    """Syntax and the fields of the top level."""
    edits = [
        Edit('  "format": 1,\n', "", "", ["format"]),
        Edit(f"  {GENERATION},\n", "", "", ["generation"]),
        Edit('  "primary": "blue",\n', "", "", ["primary"]),
        *variants('"format": 1', '"format": %s', ["2", "0", '"1"', "1.5", "[]"], "/format"),
        *variants(GENERATION, '"generation": %s', ["0", "-1", "9007199254740992", "1.5", "1.0", "1e1"], "/generation"),
        *variants(GENERATION, '"generation": %s', ['"12"', "true", "[12]", "{}"], "/generation"),
        Edit(GENERATION, f"{GENERATION},\n  {GENERATION}", "/generation", ["generation"]),
        *quoted('"primary": "blue"', '"primary": %s', ["purple", "Blue", ""], "/primary"),
        *variants('"primary": "blue"', '"primary": %s', ["7", '["blue"]'], "/primary"),
        *quoted('"standby": "green"', '"standby": %s', ["purple", ""], "/standby"),
        *variants('"standby": "green"', '"standby": %s', ["7", "false", "null"], "/standby"),
        *quoted(TTL, '"max_ttl": %s', ["", *WORDS_BAD_DURATION], "/max_ttl"),
        *variants(TTL, '"max_ttl": %s', ["60", '["1d"]', "null"], "/max_ttl"),
        Edit(TTL, '"max_ttl": "1d", "shard": 3', "/shard", ["shard"]),
        Edit(TTL, '"max_ttl": "1d", "Primary": "blue"', "/Primary", ["Primary"]),
        Edit(TTL, '"max_ttl": "1d",\n  "a/b~c": {"x": 1}', "/a~1b~0c", ["a/b~c"]),
    ]
    roots = [invalid(text, "", []) for text in ("[]", '"spec"', "12", "null", "true")]
    roots += [invalid(" \n  {}", "", []), invalid('[{"format": 1}]', "", [])]
    same = BASE[: BASE.index('  "migration"')].rstrip().rstrip(",") + "\n}\n"
    roots.append(invalid(same.replace('"standby": "green"', '"standby": "blue"'), "/standby", ["blue"]))
    return file_of(edits, [*roots, *syntax_cases()])


def clusters() -> dict[str, Any]:
    """Clusters, their placements, replicas and prefixes."""
    ring = RING.replace('"vnodes": 160', "%s")
    placement = f"{GREEN}/placement"
    edits = [
        Edit(f'"placement": {RING},\n', "", GREEN, ["placement"]),
        *variants(RING, "%s", ['"ring"', "[]", "7"], placement),
        Edit(RING, "{}", placement, ["kind"]),
        Edit(RING, '{"vnodes": 160}', placement, ["kind"]),
        *quoted(RING, '{"kind": %s}', ["jump", "Ring", ""], f"{placement}/kind"),
        Edit(RING, '{"kind": 5}', f"{placement}/kind", []),
        *variants(RING, ring.replace("%s", '"vnodes": %s'), ["0", "10001", "-1"], f"{placement}/vnodes",
                  ["1 to 10000"]),
        *variants(RING, ring.replace("%s", '"vnodes": %s'), ["1.5", '"160"', "true"], f"{placement}/vnodes"),
        *variants(RING, '{"kind": "ring", "seed": %s}', ["-1", "18446744073709551616", "1.5"], f"{placement}/seed"),
        *variants(RING, '{"kind": "ring", "seed": "%s"}', ["", "-1", "abc", "0x10", "1.5", "18446744073709551616", " 1",
                "+1"], f"{placement}/seed"),
        *variants(RING, '{"kind": "ring", "seed": %s}', ["true", "[]", "null", "1.0", "1e3"], f"{placement}/seed"),
        *quoted(RING, '{"kind": "ring", "hash_tag": %s}', ["", "{", "{}}", "é", "한", "é}", "  ", "{ "],
                f"{placement}/hash_tag"),
        Edit(RING, '{"kind": "ring", "hash_tag": 5}', f"{placement}/hash_tag", []),
        *variants(RING, ring.replace("%s", '"max_load": %s'), ["0", "0.9999", "100.0001", "1.00001", "-1"],
                  f"{placement}/max_load", ["1 to 100"]),
        *variants(RING, ring.replace("%s", '"max_load": %s'), ['"1.05"', "true", "1.5e0"], f"{placement}/max_load"),
        # Well formed, but the ring's points are too few to keep it.
        Edit(RING, '{"kind": "ring", "vnodes": 3, "max_load": 1.001}', f"{placement}/max_load", ["or more"]),
        Edit(RING, '{"kind": "ring", "points": 5}', f"{placement}/points", ["points"]),
        Edit(RING, '{"kind": "ring", "hash": "crc"}', f"{placement}/hash", ["hash"]),
        Edit(RING, '{"kind": "ring", "flavor": "libmemcached"}', f"{placement}/flavor", ["flavor"]),
        Edit(RING, '{"kind": "ring", "vnodes": 1, "vnodes": 2}', f"{placement}/vnodes", ["vnodes"]),
        Edit(MODULO, '{"kind": "modulo"}', f"{BLUE}/placement", ["flavor"]),
        *quoted(MODULO, '{"kind": "modulo", "flavor": %s}', ["nosuch", ""], f"{BLUE}/placement/flavor"),
        *quoted(MODULO, '{"kind": "modulo", "flavor": "libmemcached", "hash": %s}', ["sha0", "CRC", ""],
                f"{BLUE}/placement/hash"),
        Edit(MODULO, MODULO.replace("}", ', "vnodes": 160}'), f"{BLUE}/placement/vnodes", ["vnodes"]),
        Edit(MODULO, MODULO.replace("}", ', "max_load": 2}'), f"{BLUE}/placement/max_load", ["max_load"]),
        Edit(MODULO, MODULO.replace("}", ', "seed": 0}'), f"{BLUE}/placement/seed", ["seed"]),
        *variants('"replicas": 2', '"replicas": %s', ["0", "9", "-1"], f"{GREEN}/replicas", ["1 to 8"]),
        *variants('"replicas": 2', '"replicas": %s', ["1.5", '"2"', "true"], f"{GREEN}/replicas"),
        *variants('"replicas": 2', '"replicas": %s', ["4"], f"{GREEN}/replicas", ["3"]),
        Edit(f"{MODULO},\n", f'{MODULO}, "replicas": 2,\n', f"{BLUE}/replicas", ["modulo"]),
        *quoted('"key_prefix": "g1:"', '"key_prefix": %s', ["a b", " ", "g1:한", "é"], f"{GREEN}/key_prefix"),
        *variants('"key_prefix": "g1:"', '"key_prefix": %s', ['"a\\n"', '"\\u007f"', "[]", f'"{"x" * 129}"'],
                  f"{GREEN}/key_prefix"),
        Edit('"key_prefix"', '"prefix"', f"{GREEN}/prefix", ["prefix"]),
        Edit('"replicas": 2,', '"replicas": 2, "replicas": 2,', f"{GREEN}/replicas", ["replicas"]),
    ]  # fmt: skip
    start, end = BASE.index('    "green": {'), BASE.index('  "migration"')
    head, green = BASE[:start].replace('  "standby": "green",\n', ""), BASE[start:end]
    alone = head + green.rstrip().rstrip(",") + "\n}\n"
    renamed = [invalid(alone.replace('"green"', f'"{name}"'), f"/clusters/{token}", [])
               for name, token in (("", ""), ("x" * 256, "x" * 256), ("é" * 128, "é" * 128))]  # fmt: skip
    for escape, name in (("a\\u0000", "a\x00"), ("\\u001f", "\x1f"), ("\\u007f", "\x7f"), ("\\n", "\n")):
        renamed.append(invalid(alone.replace('"green"', f'"{escape}"'), f"/clusters/{name}", []))
    twice = alone.replace('"green"', '"blue"')
    path = "/clusters/a~1b~0c"
    odd = alone.replace('"green"', '"a/b~c"').replace('"weight": 2', '"weight": 1001')
    whole = BASE[BASE.index('"clusters"') : end].rstrip().rstrip(",")
    shapes = [invalid(BASE.replace(whole, f'"clusters": {value}'), "/clusters", []) for value in ("[]", "7", '"blue"')]
    empty = BASE[: BASE.index('"clusters"')] + '"clusters": {}\n}\n'
    shapes.append(invalid(empty.replace('  "standby": "green",\n', ""), "/primary", ["blue"]))
    missing = BASE.replace(f"  {whole},\n", "")
    shapes.append(invalid(missing, "", ["clusters"]))
    values = [f'{head}    "green": {value}\n  }}\n}}\n' for value in ("[]", '"x"', "null")]
    shapes += [invalid(text, GREEN, []) for text in values]
    found = invalid(odd, f"{path}/nodes/0/weight", ["1001", "0 to 1000"])
    return file_of(edits, [*renamed, invalid(twice, BLUE, ["blue"]), found, *shapes])


def nodes_file() -> dict[str, Any]:
    """Nodes: ids, addresses, weights, zones."""
    return file_of(NODE_EDITS, nodes_more())


def migration_file() -> dict[str, Any]:
    """The migration, its schedule and regions, and the breaker."""
    return file_of(MIGRATION_EDITS, migration_more())


def start(parts: Parts, pointer: str) -> Fields:
    """Pointer, line and column of a value in a text of parts."""
    line, column = place(joined(parts), pointer)
    return {"pointer": pointer, "line": line, "column": column}


def limits() -> dict[str, Any]:
    """One more than each hard limit allows."""
    head = '{"format":1,"generation":1,"primary":"c0","clusters":{'
    nodes = '"nodes":[{"id":"a","address":"/a"}]}'
    ring = '{"placement":{"kind":"ring"},' + nodes
    one = head + '"c0":' + ring + "}}"
    blocks, rest = divmod(4 * MIB + 1 - len(one), 64)
    many_regions: Parts = [
        [head + '"c0":' + ring + ',"c1":' + ring + '},"standby":"c1","migration":{"id":"m","from":"c0","to":"c1",'
         '"stage":"none","regions":{', 1],
        ['"r#":{"stage":"none"},', 1024],
        ['"last":{"stage":"none"}}}}', 1],
    ]  # fmt: skip
    many_nodes: Parts = [
        [head + '"c0":{"placement":{"kind":"ring","vnodes":1},"nodes":[', 1],
        ['{"id":"n#","address":"/n#"},', 8192],
        ['{"id":"last","address":"/last"}]}}}', 1],
    ]
    many_clusters: Parts = [[head, 1], ['"c#":' + ring + ",", 64], ['"last":' + ring + "}}", 1]]
    too_long: Parts = [[one, 1], [" " * 64, blocks], [" " * rest, 1]]
    heavy = '{"placement":{"kind":"ring","vnodes":%d%s},%s"nodes":[{"id":"a","address":"/a","weight":%d}]}'
    # 2^20 points, and 96 for each node beside those that it has.
    most, node = 1 << 20, 96

    def counted(points: int) -> list[str]:
        return [str(points), str(most)]

    alone = head + '"c0":' + heavy % (8192, "", "", 128) + "}}"
    together = head + '"c0":' + heavy % (8192, "", "", 64) + ',"c1":' + heavy % (8192, "", "", 64) + "}}"
    down = alone.replace('"weight":128}', '"weight":127},{"id":"b","address":"/b","down":true}')
    bounded = head + '"c0":' + heavy % (8192, ',"max_load":2', "", 32) + "}}"
    replicated = head + '"c0":' + heavy % (8192, "", '"replicas":2,', 32) + "}}"
    replicated = replicated.replace('"weight":32}', '"weight":31},{"id":"b","address":"/b"}')
    both = replicated.replace("8192", '4682,"max_load":2')
    limit = {"kind": "spec_limit"}
    return file_of([], [
        {"spec_parts": too_long, **limit, "pointer": None, "line": None, "column": None, "says": []},
        {"spec_parts": many_clusters, **limit, **start(many_clusters, "/clusters"), "says": ["65", "64"]},
        {"spec_parts": many_nodes, **limit, **start(many_nodes, "/clusters/c0/nodes"), "says": ["8193", "8192"]},
        {"spec_parts": many_regions, **limit, **start(many_regions, "/migration/regions"), "says": ["1025", "1024"]},
        invalid(alone, "/clusters/c0", counted(most + node), "spec_limit"),
        invalid(together, "/clusters/c1", counted(most + 2 * node), "spec_limit"),
        invalid(down, "/clusters/c0", counted(most + 2 * node), "spec_limit"),
        invalid(bounded, "/clusters/c0", [*counted(most + node), "max_load"], "spec_limit"),
        invalid(replicated, "/clusters/c0", [*counted(most + 2 * node), "replicas"], "spec_limit"),
        invalid(both, "/clusters/c0", [*counted(32 * 4682 * 7 + 2 * node), "max_load", "replicas"], "spec_limit"),
    ])  # fmt: skip
