"""Random specs and keys against the naive second implementation in tests/vectors/oracle."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from specs import cluster, spec

import ringshift

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "vectors"))
from oracle.route import Router as Oracle

NAMES = st.text(
    st.characters(min_codepoint=0x20, exclude_characters="\x7f@", exclude_categories=["C"]), min_size=1, max_size=8
)
KEYS = st.lists(st.one_of(st.binary(max_size=40), st.text(max_size=20).map(str.encode)), min_size=1, max_size=30)


@st.composite
def rings(draw: st.DrawFn, names: list[str], port: int, prefix: str) -> dict[str, Any]:
    """A ring over some of the names, or a modulo without what modulo refuses."""
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=6, unique=True))
    # An id has one address, whatever its cluster.
    nodes = [f"{name}@127.0.0.1:{port + names.index(name)}" for name in chosen]
    made = cluster(*nodes, prefix=prefix, kind=draw(st.sampled_from(["ring", "ring", "modulo"])))
    tag = draw(st.sampled_from([None, "{}", "<>"]))
    if tag:
        made["placement"]["hash_tag"] = tag
    if made["placement"]["kind"] == "modulo":
        made["placement"]["hash"] = draw(st.sampled_from(["one_at_a_time", "crc"]))
        return made
    made["placement"]["vnodes"] = draw(st.integers(1, 20))
    made["placement"]["seed"] = draw(st.one_of(st.integers(0, 9), st.just(str(2**64 - 1))))
    for node in made["nodes"][1:]:
        node["weight"] = draw(st.integers(0, 4))
        node["down"] = draw(st.booleans())
    for node in made["nodes"]:
        zone = draw(st.sampled_from([None, "z1", "z2"]))
        if zone:
            node["zone"] = zone
    eligible = sum(node.get("weight", 1) > 0 for node in made["nodes"])
    made["replicas"] = draw(st.integers(1, min(3, eligible)))
    return made


@st.composite
def specs(draw: st.DrawFn) -> str:
    names = draw(st.lists(NAMES, min_size=1, max_size=8, unique=True))
    same = draw(st.booleans())
    blue = draw(rings(names, 1, ""))
    green = draw(rings(names, 1, "" if same else "g1:"))
    stage = draw(st.sampled_from([None, "none", "prepare", "ramp", "soak"]))
    percent = draw(st.one_of(st.sampled_from([0, 100]), st.integers(0, 10_000).map(lambda points: points / 100)))
    return spec(3, blue, green, stage, percent)


def names(nodes: Any) -> list[tuple[str, str]]:
    return [(node.cluster, node.id) for node in nodes]


@settings(max_examples=300, deadline=None)
@given(specs(), KEYS)
def test_routes_are_the_oracles(text: str, keys: list[bytes]) -> None:
    router = ringshift.Router.from_spec(text)
    oracle = Oracle(text, None, 0)
    assert router.weight == oracle.weight
    for key, route in zip(keys, router.route_many(keys), strict=True):
        expected = oracle.route(key)
        assert route.read is not None
        assert names(route.read.nodes) == names(expected.read)
        assert (None if route.fallback is None else names(route.fallback.nodes)) == (
            None if expected.fallback is None else names(expected.fallback)
        )
        assert names(route.invalidate) == names(expected.invalidate)
        assert (route.fill, route.stage, route.moved) == (expected.fill, expected.stage, expected.moved)
        assert router.route(key) is route
