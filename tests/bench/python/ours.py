"""The library: the whole route, without and in the middle of a migration, one by one and in batches."""

import json
from array import array
from typing import Any

import ringshift
from measure import ADDED, BATCH, Owner, Subject, check, in_batches, one_by_one
from ringshift_bench_floor import Floor

POINTS = 160
# Keys that every way of asking is asked about.
CHECKED = 20_000


def spec(nodes: list[str], *, migrating: bool) -> bytes:
    """One cluster; when migrating, half of the keys on the way to another with one node more."""

    def cluster(names: list[str], prefix: str) -> dict[str, Any]:
        members = [{"id": name, "address": name} for name in names]
        return {"placement": {"kind": "ring", "vnodes": POINTS}, "key_prefix": prefix, "nodes": members}

    text: dict[str, Any] = {
        "format": 1,
        "generation": 1,
        "primary": "blue",
        "clusters": {"blue": cluster(nodes, "")},
    }
    if migrating:
        text["clusters"]["green"] = cluster([*nodes, ADDED], "g1:")
        text["standby"] = "green"
        text["migration"] = {"id": "bench", "from": "blue", "to": "green", "stage": "ramp", "percent": 50}
    return json.dumps(text).encode()


class Nothing:
    """What calling a method of Python's own costs."""

    def method(self, key: str) -> None:
        """Does nothing."""


def floors() -> list[Subject]:
    """What no call can go below."""
    return [
        Subject("floor: builtin that does nothing", one_by_one(callable)),
        Subject("floor: Python method that does nothing", one_by_one(Nothing().method)),
        Subject("floor: PyO3 method that takes a str", one_by_one(Floor().method)),
    ]


def ours(nodes: list[str]) -> list[Subject]:
    """Everything of ours that is measured for these nodes."""
    router = ringshift.Router.from_spec(spec(nodes, migrating=False))
    migrating = ringshift.Router.from_spec(spec(nodes, migrating=True))

    def grown(added: str) -> Owner:
        return owner_in(ringshift.Router.from_spec(spec([*nodes, added], migrating=False)))

    room = array("I", bytes(4 * BATCH))
    return [
        Subject("ringshift: route", one_by_one(router.route), owner_in(router), grown, is_ours=True),
        Subject("ringshift: route, migrating", one_by_one(migrating.route)),
        in_batches("ringshift: index_many", lambda keys: router.index_many(keys, room)),
        in_batches("ringshift: route_many", router.route_many),
        in_batches("ringshift: group_by_node", router.group_by_node),
    ]


def owner_in(router: ringshift.Router) -> Owner:
    """Tells a key's node."""
    return lambda key: read_node(router.route(key)).address


def read_node(route: ringshift.Route) -> ringshift.Node:
    """The node to read; no breaker is open here, so there is one."""
    assert route.read is not None
    return route.read.node


def check_ours(nodes: list[str], keys: list[str]) -> None:
    """Every way of asking for the same keys gives the same node."""
    router = ringshift.Router.from_spec(spec(nodes, migrating=False))
    some = keys[:CHECKED]
    expected = [read_node(router.route(key)) for key in some]
    grouped: list[Any] = [None] * len(some)
    for node, positions in router.group_by_node(some).items():
        for position in positions:
            grouped[position] = node
    ways = {
        "bytes": [read_node(router.route(key.encode())) for key in some],
        "index_many": [router.node(index) for index in router.index_many(some)],
        "route_many": [read_node(route) for route in router.route_many(some)],
        "group_by_node": grouped,
    }
    wrong = [
        f"{way}: another node for {key}"
        for way, found in ways.items()
        for key, one, other in zip(some, expected, found, strict=True)
        if one is not other
    ]
    detail = wrong[0] if wrong else f"{len(some)} keys"
    check(f"all ways of asking give the same node, N = {len(nodes)}", not wrong, detail)
