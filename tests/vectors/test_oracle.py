"""The oracle against facts worked out elsewhere, and the freshness of every vector file."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import generate
import pytest
import xxhash
from builders.fast_path import fnv1a
from builders.keys import AWKWARD, with_bucket
from builders.routes import NOW_MS
from builders.specs import migrating, modulo, node, nodes, only, ring
from oracle import hashing
from oracle.placement import Placer, points
from oracle.places import place
from oracle.route import Router
from oracle.spec import duration_ms, load, timestamp_ms

HERE = Path(__file__).parent


def test_committed_files_equal_a_regeneration() -> None:
    assert generate.differences() == []


def test_index_lists_every_file() -> None:
    listed = [entry["file"] for entry in json.loads((HERE / "index.json").read_text("utf-8"))["files"]]
    assert sorted(listed) == sorted(path.name for path in HERE.glob("*.json") if path.name != "index.json")
    for name in listed:
        assert json.loads((HERE / name).read_text("utf-8"))["version"] == 1


def test_known_hashes() -> None:
    # XXH3's published results for the empty input; CRC-32 of "123456789" is its well-known check value.
    assert hashing.xxh3_64(b"", 0) == 0x2D06800538D394C2
    assert hashing.digest(b"") == "99aa06d3014798d86001c324468d497f"
    assert hashing.crc(b"123456789") == (0xCBF43926 >> 16) & 0x7FFF
    # The example of Jenkins' article, which libmemcached's one-at-a-time repeats.
    assert hashing.one_at_a_time(b"a") == 0xCA2E9442
    assert hashing.one_at_a_time(b"The quick brown fox jumps over the lazy dog") == 0x519E91F5
    assert fnv1a(b"a") == 0xAF63DC4C8601EC8C


@pytest.mark.parametrize("key", AWKWARD)
def test_crc_is_that_of_zlib(key: bytes) -> None:
    assert hashing.crc(key) == (zlib.crc32(key) >> 16) & 0x7FFF


@pytest.mark.parametrize(
    ("key", "placed"),
    [
        (b"a{b}c", b"b"),
        (b"a{b}{c}", b"b"),
        (b"{}{b}", b"{}{b}"),
        (b"{b", b"{b"),
        (b"}{b}", b"b"),
        (b"{{b}}", b"{b"),
        (b"", b""),
    ],
)
def test_hash_tags(key: bytes, placed: bytes) -> None:
    assert hashing.tagged(key, "{}") == placed
    assert hashing.tagged(key, None) == key


def test_a_point_is_the_hash_of_id_and_number() -> None:
    ring_points = points(load(only(ring([node(7, weight=2)], vnodes=3, seed=9))).primary)
    names = [b"n7" + bytes([number, 0, 0, 0]) for number in range(6)]
    assert [point.hash for point in ring_points] == sorted(xxhash.xxh3_64_intdigest(name, seed=9) for name in names)


def test_a_key_above_the_highest_point_wraps_to_the_lowest() -> None:
    placer = Placer(load(only(ring(nodes(3), vnodes=1))).primary)
    keys = [str(i).encode() for i in range(100)]
    above = [key for key in keys if hashing.xxh3_64(key, 0) > placer.ring[-1].hash]
    assert above, "no key above the highest point: choose other keys"
    assert {placer.nodes(key)[0].id for key in above} == {placer.ring[0].node.id}


def test_removing_a_node_moves_only_its_keys() -> None:
    five, four = Placer(load(only(ring(nodes(5)))).primary), Placer(load(only(ring(nodes(4)))).primary)
    for key in (f"user:{i}".encode() for i in range(500)):
        before, after = five.nodes(key)[0].id, four.nodes(key)[0].id
        assert before in (after, "n4")


def test_replicas_prefer_unseen_zones() -> None:
    members = [node(i, zone="aab"[i]) for i in range(3)]
    placer = Placer(load(only(ring(members, replicas=2))).primary)
    for key in (f"user:{i}".encode() for i in range(50)):
        assert {found.zone for found in placer.nodes(key)} == {"a", "b"}


def test_a_key_has_moved_when_its_bucket_is_below_the_weight() -> None:
    key = with_bucket(1250, "m1", 1)[0]
    for percent, moved in ((12.5, False), (12.51, True)):
        spec = migrating(modulo(nodes(2)), ring(nodes(2, "g", 9)), "ramp", percent=percent)
        assert Router(spec, None, NOW_MS).route(key).moved is moved


def test_the_route_table() -> None:
    blue, green = modulo([node(1)]), ring([node(2)])
    table = {
        "none": (["blue/n1"], None, ["blue/n1"]),
        "prepare": (["blue/n1"], None, ["blue/n1", "green/n2"]),
        "ramp": (["green/n2"], ["blue/n1"], ["blue/n1", "green/n2"]),
        "soak": (["green/n2"], None, ["blue/n1", "green/n2"]),
    }
    for stage, (read, fallback, invalidate) in table.items():
        route = Router(migrating(blue, green, stage, percent=100), None, NOW_MS).route(b"key")
        assert [found.name for found in route.read] == read
        assert (None if route.fallback is None else [found.name for found in route.fallback]) == fallback
        assert [found.name for found in route.invalidate] == invalidate
        assert route.fill is (fallback is not None)


def test_one_shared_node_with_one_prefix_has_nothing_to_migrate() -> None:
    for prefix, fallback in (("", False), ("new:", True)):
        spec = migrating(ring([node(1)]), ring([node(1)], key_prefix=prefix), "ramp", percent=100)
        route = Router(spec, None, NOW_MS).route(b"key")
        assert (route.fallback is not None, len(route.invalidate)) == (fallback, 1 + fallback)


def test_times() -> None:
    assert timestamp_ms("2000-01-01T00:00:00Z") == 946_684_800_000
    durations = [duration_ms(text) for text in ("500ms", "2s", "3m", "2h", "1d")]
    assert durations == [500, 2000, 180_000, 7_200_000, 24 * 3_600_000]


def test_places() -> None:
    text = '{\n "a/b": [1, {"한": 2}],\n "c": "한", "d": 4, "d": 5}'
    assert place(text, "") == (1, 1)
    assert place(text, "/a~1b/1/한") == (2, 21)
    assert place(text, "/d") == (3, 27)


def test_the_worked_examples_of_the_placement_page() -> None:
    page = (HERE / "../../docs/placement.md").read_text("utf-8")
    members = [dict(node(i), id=f"mc{i}", zone="aab"[i - 1], weight=[1, 2, 1][i - 1]) for i in (1, 2, 3)]
    placer = Placer(load(only(ring(members, vnodes=2, replicas=2))).primary)
    for point in placer.ring:
        assert f"| {point.hash:016x} | {point.node.id} |" in page
    examples = {b"user:42": "mc1 mc3", b"user:1": "mc3 mc2", b"": "mc3 mc2", b"user:14": "mc2 mc3"}
    for key, ids in examples.items():
        assert " ".join(found.id for found in placer.nodes(key)) == ids
        assert f"{hashing.xxh3_64(key, 0):016x}" in page
    for key in (b"user:42", "é".encode()):
        value, crc = hashing.one_at_a_time(key), hashing.crc(key)
        row = f"{value:08x} = {value} | {value % 5} | {zlib.crc32(key):08x} | {crc} | {crc % 5} |"
        assert row in page
    seed = hashing.xxh3_64(b"ringshift/bucket/v1" + b"2026-11-blue-green", 0)
    value = hashing.xxh3_64(b"user:42", seed)
    bucket = hashing.bucket(b"user:42", "2026-11-blue-green")
    assert all(text in page for text in (f"{seed:016x}", f"{value:016x}", str(value >> 32), f"bucket {bucket}."))


def test_the_example_of_the_spec_page_is_a_spec() -> None:
    page = (HERE / "../../docs/spec.md").read_text("utf-8")
    text = page.split("```json\n")[1].split("```")[0]
    route = Router(text, "kr", NOW_MS).route(b"user:42")
    assert (route.generation, route.stage, route.read[0].name) == (12, "ramp", "blue/mc1")
