"""What would move between two specs, against what routes do under them."""

from __future__ import annotations

import pytest
from specs import cluster, spec

import ringshift

KEYS = [f"user:{at}" for at in range(20_000)]
THREE = [f"n{at}@127.0.0.1:{at + 1}" for at in range(3)]
FOUR = [*THREE, "n3@127.0.0.1:4"]


def owners(text: str) -> list[str]:
    return [route.invalidate[-1].id for route in ringshift.Router.from_spec(text).route_many(KEYS)]


@pytest.mark.parametrize("kind", ["ring", "modulo"])
def test_adding_a_node(kind: str) -> None:
    before, after = spec(1, cluster(*THREE, kind=kind)), spec(2, cluster(*FOUR, kind=kind))
    moves = ringshift.moves(before, after.encode())
    assert moves.keys() == ringshift.Moves.__annotations__.keys()
    assert moves["migration"] is None
    (blue,) = moves["clusters"]
    assert blue.keys() == ringshift.ClusterMoves.__required_keys__
    assert (blue["from"], blue["to"], blue["sample"], blue["error"]) == ("blue", "blue", None, 0)
    pairs = list(zip(owners(before), owners(after), strict=True))
    seen = sum(old != new for old, new in pairs) / len(KEYS)
    assert abs(blue["moved"] - seen) < 0.03
    assert abs(sum(flow["share"] for flow in blue["flows"]) - blue["moved"]) < 1e-9
    for flow in blue["flows"]:
        share = pairs.count((flow["from"], flow["to"])) / len(KEYS)
        assert abs(flow["share"] - share) < 0.03
    if kind == "ring":
        assert {flow["to"] for flow in blue["flows"]} == {"n3"}


def test_a_migration_and_a_sample() -> None:
    blue = cluster(*THREE, kind="modulo")
    text = spec(2, blue, cluster(*FOUR), "ramp", 10)
    moves = ringshift.moves(spec(1, blue), text)
    assert [each["moved"] for each in moves["clusters"]] == [0]
    migration = moves["migration"]
    assert migration is not None
    assert (migration["from"], migration["to"]) == ("blue", "green")
    assert migration["sample"] is not None
    assert 0 < migration["error"] < 0.01
    assert 0.5 < migration["moved"] < 1


def test_both_texts_are_checked() -> None:
    good = spec(1, cluster("a"))
    for arguments in ((good, "{"), ("{", good)):
        with pytest.raises(ringshift.SpecSyntaxError):
            ringshift.moves(*arguments)
    with pytest.raises(TypeError):
        ringshift.moves(good, 1)  # type: ignore[arg-type]
