"""The vectors that every language runs: tests/vectors, over its index."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ringshift

VECTORS = Path(__file__).resolve().parents[2] / "tests" / "vectors"
INDEX = json.loads((VECTORS / "index.json").read_text())["files"]


def spec_text(case: dict[str, Any]) -> bytes:
    if "spec_hex" in case:
        return bytes.fromhex(str(case["spec_hex"]))
    if "spec_parts" in case:
        return b"".join(
            (text * times if times == 1 else "".join(text.replace("#", str(at)) for at in range(times))).encode()
            for text, times in case["spec_parts"]
        )
    return str(case["spec"]).encode()


def key_bytes(case: dict[str, Any]) -> bytes:
    if "key_repeat" in case:
        text, times = case["key_repeat"]
        return bytes.fromhex(text) * int(times)
    return bytes.fromhex(case["key"])


def names(target: ringshift.Target | None) -> list[str] | None:
    return None if target is None else [f"{node.cluster}/{node.id}" for node in target.nodes]


def run_route(content: dict[str, Any]) -> int:
    ran = 0
    for group in content["groups"]:
        router = ringshift.Router.from_spec(spec_text(group), region=group["region"])
        assert router.weight == group["weight"]
        for each in router.nodes:
            assert each.key_prefix == group["key_prefix"][each.cluster]
        keys = [key_bytes(case) for case in group["cases"]]
        assert list(router.index_many(keys)) == [
            route.read.node.index for route in router.route_many(keys) if route.read
        ]
        for case, key, also in zip(group["cases"], keys, router.route_many(keys), strict=True):
            for route in (router.route(key), also):
                assert {
                    "read": names(route.read),
                    "fallback": names(route.fallback),
                    "fill": route.fill,
                    "invalidate": [f"{node.cluster}/{node.id}" for node in route.invalidate],
                    "moved": route.moved,
                    "stage": route.stage,
                    "generation": route.generation,
                } == {name: case[name] for name in case if name not in {"key", "key_repeat", "about"}}
            ran += 1
        for node, positions in router.group_by_node(keys).items():
            assert node is not None
            for at in positions:
                assert group["cases"][at]["read"][0] == f"{node.cluster}/{node.id}"
    return ran


def run_accept(content: dict[str, Any]) -> int:
    for case in content["cases"]:
        router = ringshift.Router.from_spec(spec_text(case), region=case["region"])
        assert router.generation == int(case["generation"])
        assert router.digest == case["digest"]
        assert router.stage == case["stage"]
        assert router.weight == case["weight"]
        most = case["max_ttl_ms"]
        assert router.max_ttl == (None if most is None else int(most) / 1000)
    return len(content["cases"])


def run_spec_error(content: dict[str, Any]) -> int:
    for case in content["cases"]:
        text = spec_text(case)
        with pytest.raises(ringshift.SpecError) as raised:
            ringshift.Router.from_spec(text)
        error = raised.value
        assert error.kind == case["kind"], error
        assert error.pointer == case["pointer"], error
        if "line" in case:
            assert (error.line, error.column) == (case["line"], case["column"]), error
        else:
            assert error.line is not None
            assert error.column is not None
        for words in case["says"]:
            assert words in str(error)
    return len(content["cases"])


def lines(router: ringshift.Router, numbers: range) -> Iterator[bytes]:
    @functools.cache
    def line(read: ringshift.Node, fallback: ringshift.Node | None, moved: bool) -> bytes:
        return f"{read.id}|{fallback.id if fallback else '-'}|{int(moved)}\n".encode()

    for route in router.route_many([f"user:{number}:profile" for number in numbers]):
        assert route.read is not None
        yield line(route.read.node, route.fallback and route.fallback.node, route.moved)


def run_digest(content: dict[str, Any]) -> int:
    for case in content["digests"]:
        router = ringshift.Router.from_spec(spec_text(case), region=case["region"])
        value = 0xCBF29CE484222325
        for start in range(0, content["keys"], 50_000):
            for byte in b"".join(lines(router, range(start, start + 50_000))):
                value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
            if start == 0:
                assert f"{value:016x}" == case["digest_50k"], case["about"]
        assert f"{value:016x}" == case["digest"], case["about"]
    return len(content["digests"])


def run_golden(content: dict[str, Any]) -> int:
    ran = 0
    keys = [bytes.fromhex(key) for key in content["keys"]]
    for text, expected in zip(content["specs"], content["expected"], strict=True):
        router = ringshift.Router.from_spec(text)
        spec = json.loads(text)
        listed = [node["id"] for node in spec["clusters"][spec["primary"]]["nodes"]]
        for route, index in zip(router.route_many(keys), expected, strict=True):
            assert route.read is not None
            assert route.read.node.id == listed[index]
            ran += 1
    return ran


def run_balance(content: dict[str, Any]) -> int:
    for case in content["cases"]:
        router = ringshift.Router.from_spec(spec_text(case), region=case["region"])
        warnings = router.metrics()["warnings"]
        told = [(each["cluster"], each["node"], each["load"], each["pointer"]) for each in warnings]
        assert told == [tuple(wanted.values()) for wanted in case["warnings"]]
    return len(content["cases"])


RUNNERS: dict[str, Callable[[dict[str, Any]], int]] = {
    "route": run_route,
    "accept": run_accept,
    "spec_error": run_spec_error,
    "digest": run_digest,
    "golden": run_golden,
    "balance": run_balance,
}
# It needs a clock that can be set, which no binding has; the core's own tests run it.
NEEDS_CLOCK = {"schedule"}


@pytest.mark.parametrize("entry", [e for e in INDEX if e["kind"] not in NEEDS_CLOCK], ids=lambda entry: entry["file"])
def test_vector_file(entry: dict[str, str]) -> None:
    content = json.loads((VECTORS / entry["file"]).read_bytes())
    assert (content["version"], content["kind"]) == (1, entry["kind"])
    assert RUNNERS[entry["kind"]](content) > 0


def test_every_kind_is_known() -> None:
    assert {entry["kind"] for entry in INDEX} <= RUNNERS.keys() | NEEDS_CLOCK
