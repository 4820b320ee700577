"""The pymemcache adapter through a migration: every stage, copies, the order of invalidations, shared nodes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pymemcache.exceptions import MemcacheIllegalInputError
from servers import Relay, Server
from specs import cluster, final, spec

import ringshift
from ringshift.adapters.pymemcache import Client

KEYS = [f"user:{at}" for at in range(80)]
STAGES = ["none", "prepare", "ramp", "soak"]


def blue(nodes: list[Any]) -> dict[str, Any]:
    """The old cluster: two nodes by hash(key) % N."""
    return cluster(f"a@{nodes[0].address}", f"b@{nodes[1].address}", kind="modulo")


def green(nodes: list[Any], **more: Any) -> dict[str, Any]:
    """The new cluster: two other nodes on a ring, under a prefix."""
    return cluster(f"c@{nodes[2].address}", f"d@{nodes[3].address}", prefix="g1:", **more)


def moving(nodes: list[Any], stage: str, percent: float = 50, generation: int = 2, **more: Any) -> str:
    return spec(generation, blue(nodes), green(nodes), stage, percent, **more)


def where(servers: list[Server], key: str) -> set[str]:
    """In which of the clusters a key is."""
    held = {"blue" for server in servers[:2] if server.get(key) is not None}
    return held | {"green" for server in servers[2:] if server.get(f"g1:{key}") is not None}


def split(router: ringshift.Router) -> tuple[str, str]:
    """A key that has moved and one that has not."""
    moved = next(key for key in KEYS if router.route(key).moved)
    unmoved = next(key for key in KEYS if not router.route(key).moved)
    return moved, unmoved


def test_the_whole_way_keeps_every_value(servers: list[Server]) -> None:
    with ringshift.Router.from_spec(spec(1, blue(servers))) as router, Client(router) as client:
        values = {key: f"value of {key}".encode() for key in KEYS}
        client.set_many(values, expire=600)
        steps = [
            moving(servers, "prepare", generation=2),
            *[moving(servers, "ramp", percent, generation=3 + at) for at, percent in enumerate((10, 25, 50, 75, 100))],
            moving(servers, "soak", generation=8),
            final(9, green(servers)),
        ]
        for text in steps:
            assert router.apply(text) is True
            for key in KEYS[:40]:
                assert client.get(key) == values[key]
            assert client.get_many(KEYS) == values
        assert all("green" in where(servers, key) for key in KEYS)
        errors = [r for r in router.metrics()["requests"] if r["outcome"] in {"error", "timeout"}]
        assert errors == []


@pytest.mark.parametrize("stage", STAGES)
def test_a_set_is_read_and_nothing_else_is_left(servers: list[Server], stage: str) -> None:
    with ringshift.Router.from_spec(moving(servers, stage)) as router, Client(router) as client:
        stores: list[Callable[[str], bool]] = [
            lambda key: client.set(key, b"new"),
            lambda key: client.set_many({key: b"new"}) == [],
        ]
        for store in stores:
            for key in KEYS[:20]:
                for server in servers[:2]:
                    server.set(key, b"old")
                for server in servers[2:]:
                    server.set(f"g1:{key}", b"old")
                assert store(key) is True
                assert client.get(key) == b"new"
                assert client.get_many([key]) == {key: b"new"}
                route = router.route(key)
                assert route.read is not None
                for node in route.invalidate:
                    server = next(server for server in servers if server.address == node.address)
                    expected = b"new" if node is route.read.node else None
                    assert server.get(node.key_prefix + key) == expected


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("delete", [Client.delete, lambda client, key: client.delete_many([key])])
def test_a_delete_leaves_nothing_that_is_read_in_this_or_the_next_stage(
    servers: list[Server], stage: str, delete: Callable[[Client, str], bool]
) -> None:
    with ringshift.Router.from_spec(moving(servers, stage)) as router, Client(router) as client:
        for key in KEYS[:20]:
            for node in router.route(key).invalidate:
                server = next(server for server in servers if server.address == node.address)
                server.set(node.key_prefix + key, b"old")
            assert delete(client, key) is True
            assert client.get(key) is None
            if stage != "none":
                assert where(servers, key) == set()
        assert client.delete(KEYS[0]) is False


@pytest.mark.parametrize("many", [False, True])
def test_a_value_is_copied_with_its_bytes_flags_and_remaining_time(servers: list[Server], many: bool) -> None:
    with ringshift.Router.from_spec(moving(servers, "ramp")) as router, Client(router) as client:
        moved, unmoved = split(router)
        source = next(s for s in servers if s.address == router.route(moved).invalidate[0].address)
        target = next(s for s in servers if s.address == router.route(moved).invalidate[1].address)
        value = bytes(range(256)) + b"\r\nEND\r\n"
        for expire, low, high in ((0, -1, -1), (1000, 990, 1000), (2_000_000_000, 10**8, 2_000_000_000)):
            source.set(moved, value, expire=expire, flags=65_535)
            found = client.get_many([moved, "none"]).get(moved) if many else client.get(moved)
            assert found == value
            assert target.get(f"g1:{moved}") == value
            flags, ttl = target.flags_and_ttl(f"g1:{moved}")
            assert flags == 65_535
            assert low <= ttl <= high
            # Never longer than at the source.
            left = source.flags_and_ttl(moved)[1]
            assert ttl <= left or left == ttl == -1
            client.delete(moved)
        client.set(unmoved, b"stays")
        assert client.get(unmoved) == b"stays"
        assert where(servers, unmoved) == {"blue"}


def test_a_copy_is_limited_to_max_ttl_too(servers: list[Server]) -> None:
    text = moving(servers, "ramp", 100, max_ttl="10m")
    with ringshift.Router.from_spec(text) as router, Client(router) as client:
        source = next(s for s in servers if s.address == router.route("k").invalidate[0].address)
        target = next(s for s in servers if s.address == router.route("k").invalidate[1].address)
        source.set("k", b"for ever")
        assert client.get("k") == b"for ever"
        assert 590 <= target.flags_and_ttl("g1:k")[1] <= 600


def test_a_copy_never_replaces_what_is_there(servers: list[Server], relays: list[Relay]) -> None:
    """Between the miss and the copy somebody else fills: theirs stays."""
    with ringshift.Router.from_spec(moving(relays, "ramp", 100)) as router, Client(router) as client:
        node = router.route("k").invalidate[1]
        target = next(relay.server for relay in relays if relay.address == node.address)
        source = next(relay for relay in relays if relay.address == router.route("k").invalidate[0].address)
        source.server.set("k", b"old")

        def fill_meanwhile(line: str) -> bool:
            if line.startswith("mg "):
                target.set("g1:k", b"newer")
            return False

        source.cut = fill_meanwhile
        assert client.get("k") == b"old"
        assert target.get("g1:k") == b"newer"
        assert client.get("k") == b"newer"


def test_invalidations_are_acknowledged_one_by_one_in_order(
    relays: list[Relay], log: list[tuple[str, str, str]]
) -> None:
    with ringshift.Router.from_spec(moving(relays, "ramp", 50)) as router, Client(router) as client:
        moved, unmoved = split(router)
        names = {relay.address: relay.name for relay in relays}
        for key in (moved, unmoved):
            first, second = [names[node.address] for node in router.route(key).invalidate]
            assert first in "ab"
            assert second in "cd"
            stored = "c" if key == moved else "a"
            for act in (
                lambda: client.delete(key),  # noqa: B023
                lambda: client.delete_many([key]),  # noqa: B023
                lambda: client.set(key, b"v"),  # noqa: B023
                lambda: client.set_many({key: b"v"}),  # noqa: B023
                lambda: client.replace(key, b"v"),  # noqa: B023
            ):
                log.clear()
                act()
                # A replace reads first.
                log[:] = [entry for entry in log if not entry[2].startswith(("mg", "VA", "get", "VALUE", "END"))]
                order = [(name, mark) for name, mark, line in log if line != "v"]
                assert order == [(first, "->"), (first, "<-"), (second, "->"), (second, "<-")]
                verbs = {name: line.split()[0] for name, mark, line in log if mark == "->" and line != "v"}
                both = [verbs[first], verbs[second]]
                assert both.count("delete") == (2 if "set" not in both and "replace" not in both else 1)
                if "set" in both:
                    assert (both[0] == "set") == (stored == "a")


def test_many_keys_are_invalidated_in_order_and_together(relays: list[Relay], log: list[tuple[str, str, str]]) -> None:
    with ringshift.Router.from_spec(moving(relays, "ramp", 50)) as router, Client(router) as client:
        client.delete_many(KEYS)
        log.clear()
        client.delete_many(KEYS)
        marks = [(name, mark) for name, mark, _ in log]
        last_source = max(at for at, (name, mark) in enumerate(marks) if name in "ab" and mark == "<-")
        first_target = min(at for at, (name, mark) in enumerate(marks) if name in "cd" and mark == "->")
        assert last_source < first_target
        deleted = [line.split()[1] for _, mark, line in log if mark == "->"]
        assert sorted(deleted) == sorted([*KEYS, *[f"g1:{key}" for key in KEYS]])


def test_a_read_asks_the_fallback_only_after_a_miss(relays: list[Relay], log: list[tuple[str, str, str]]) -> None:
    with ringshift.Router.from_spec(moving(relays, "ramp", 50)) as router, Client(router) as client:
        moved, unmoved = split(router)
        names = {relay.address: relay.name for relay in relays}
        source, target = [names[node.address] for node in router.route(moved).invalidate]
        client.get(moved)
        log.clear()
        assert client.get(moved) is None
        asked = [(name, line) for name, mark, line in log if mark == "->"]
        assert asked == [(target, f"mg g1:{moved} v f t c N30"), (source, f"mg {moved} v f t c")]
        log.clear()
        assert client.get(unmoved) is None
        assert [line for _, mark, line in log if mark == "->"] == [f"get {unmoved}"]
        client.set(moved, b"v")
        log.clear()
        assert client.get(moved) == b"v"
        assert [line for _, mark, line in log if mark == "->"] == [f"mg g1:{moved} v f t c N30"]


def test_many_keys_are_one_request_a_node(relays: list[Relay], log: list[tuple[str, str, str]]) -> None:
    with ringshift.Router.from_spec(moving(relays, "ramp", 50)) as router, Client(router) as client:
        values = {key: key.encode() for key in KEYS}
        router.apply(moving(relays, "prepare", generation=3))
        client.set_many(values)
        router.apply(moving(relays, "ramp", 50, generation=4))
        log.clear()
        assert client.get_many(KEYS) == values
        gets = [line for _, mark, line in log if mark == "->" and line.startswith("get ")]
        assert len(gets) == 2
        moved = [key for key in KEYS if router.route(key).moved]
        seen = [line.split()[:2] for _, mark, line in log if mark == "->" and " " in line]
        assert sorted(key for do, key in seen if do == "mg") == sorted([*moved, *(f"g1:{key}" for key in moved)])
        assert sorted(key for do, key in seen if do == "cas") == sorted(f"g1:{key}" for key in moved)
        log.clear()
        assert client.get_many(KEYS) == values
        seen = [line.split()[:2] for _, mark, line in log if mark == "->"]
        assert sorted(key for do, key in seen if do == "mg") == sorted(f"g1:{key}" for key in moved)
        assert {do for do, _ in seen} == {"get", "mg"}


def test_add_and_touch_in_a_ramp(servers: list[Server]) -> None:
    with ringshift.Router.from_spec(moving(servers, "ramp")) as router, Client(router) as client:
        moved, unmoved = split(router)
        assert client.add(moved, b"1") is True
        assert client.add(unmoved, b"1") is True
        assert (where(servers, moved), where(servers, unmoved)) == ({"green"}, {"blue"})
        assert client.touch(moved, 50) is True
        client.delete(moved)
        # What is still only at the source gets its time there.
        source = next(s for s in servers if s.address == router.route(moved).invalidate[0].address)
        source.set(moved, b"2")
        assert client.touch(moved, 50) is True
        assert 40 <= source.flags_and_ttl(moved)[1] <= 50


def test_cas_in_every_stage(servers: list[Server]) -> None:
    for generation, stage in enumerate(STAGES, 2):
        with (
            ringshift.Router.from_spec(moving(servers, stage, generation=generation)) as router,
            Client(router) as client,
        ):
            for key in KEYS[:20]:
                client.set(key, b"1")
                _, token = client.gets(key)
                assert client.cas(key, b"2", token) is True
                assert client.cas(key, b"3", token) is False
                # Even a refused one has removed the key elsewhere, which is never wrong.
                assert client.get(key) == b"2"


def test_a_token_of_another_stage_is_void(servers: list[Server]) -> None:
    with ringshift.Router.from_spec(moving(servers, "prepare")) as router, Client(router) as client:
        client.set("k", b"1")
        _, token = client.gets("k")
        router.apply(moving(servers, "ramp", 100, generation=3))
        assert client.cas("k", b"2", token) is False
        assert client.get("k") == b"1"


def test_what_is_kept_nowhere_else_is_refused_while_migrating(servers: list[Server]) -> None:
    with ringshift.Router.from_spec(moving(servers, "none")) as router, Client(router) as client:
        client.set("n", "1")
        assert client.incr("n", 1) == 2
        for generation, stage in enumerate(STAGES[1:], 3):
            router.apply(moving(servers, stage, generation=generation))
            acts: list[Callable[[], object]] = [
                lambda: client.incr("n", 1), lambda: client.decr("n", 1),
                lambda: client.append("n", "1"), lambda: client.prepend("n", "1"),
            ]  # fmt: skip
            for act in acts:
                with pytest.raises(ringshift.InvalidArgumentError, match="is refused during a migration"):
                    act()


def test_a_key_must_fit_into_both_clusters(servers: list[Server]) -> None:
    with ringshift.Router.from_spec(moving(servers, "none")) as router, Client(router) as client:
        long = "x" * 250
        client.set(long, b"1")
        router.apply(moving(servers, "prepare", generation=3))
        with pytest.raises(MemcacheIllegalInputError, match="with its prefix"):
            client.set(long, b"1")


def test_a_server_without_meta_commands_is_read_but_not_copied(servers: list[Server], relays: list[Relay]) -> None:
    """Its remaining time can't be known, and none is invented. (The relay answers as memcached 1.4 does.)"""
    old_server = next(relay for relay in relays if relay.name == "a")
    alone = cluster(f"a@{old_server.address}", kind="modulo")
    with ringshift.Router.from_spec(spec(2, alone, green(relays), "ramp", 100)) as router, Client(router) as client:
        servers[0].set("k", b"1", expire=100)
        old_server.rewrite = lambda line: line.replace("mg ", "no_such_command ", 1)
        assert client.get("k") == b"1"
        assert client.get_many(["k"]) == {"k": b"1"}
        assert where(servers, "k") == {"blue"}
        assert json.loads(json.dumps(router.metrics()["breakers"])) == [
            {**breaker, "state": "closed"} for breaker in router.metrics()["breakers"]
        ]
