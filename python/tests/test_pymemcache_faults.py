"""The pymemcache adapter when nodes are dead, hang or cut connections: what callers see, and what is reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pymemcache.exceptions import MemcacheIllegalInputError, MemcacheUnexpectedCloseError
from servers import Relay, Server
from specs import cluster, spec

import ringshift
from ringshift.adapters._memcached_connection import Connection
from ringshift.adapters.pymemcache import Client

KEYS = [f"user:{at}" for at in range(60)]
# A breaker that stays out of the way.
PATIENT = {"failures": 100, "rate": 1, "cluster_rate": 1, "min_requests": 1_000_000}


def alone(server: Any, **more: Any) -> str:
    return spec(1, cluster(f"a@{server.address}"), **{"breaker": PATIENT, **more})


def moving(nodes: list[Any], percent: float = 100, **more: Any) -> str:
    blue = cluster(f"a@{nodes[0].address}", f"b@{nodes[1].address}", kind="modulo")
    green = cluster(f"c@{nodes[2].address}", f"d@{nodes[3].address}", prefix="g1:")
    return spec(2, blue, green, "ramp", percent, **{"breaker": PATIENT, **more})


def counts(router: ringshift.Router, *outcomes: str) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for request in router.metrics()["requests"]:
        if request["outcome"] in (outcomes or ("error", "timeout", "unreachable")):
            at = (request["op"], request["outcome"])
            found[at] = found.get(at, 0) + request["count"]
    return found


def server_of(servers: list[Server], node: ringshift.Node) -> Server:
    return next(server for server in servers if server.address == node.address)


def test_a_dead_node_is_a_miss_to_readers_and_an_error_to_writers(relays: list[Relay]) -> None:
    relay = relays[0]
    with ringshift.Router.from_spec(alone(relay)) as router, Client(router) as client:
        client.set("k", b"1")
        relay.cut = lambda _: True
        assert client.get("k") is None
        assert client.get("k", b"default") == b"default"
        assert client.get_many(["k", "l"]) == {}
        assert client.gets("k") == (None, None)
        assert client.add("k", b"1") is False
        assert client.touch("k") is False
        assert counts(router) == {("read", "error"): 5, ("fill", "error"): 1}
        writes: list[Callable[[], object]] = [
            lambda: client.set("k", b"1"),
            lambda: client.set_many({"k": b"1"}),
            lambda: client.replace("k", b"1"),
            lambda: client.delete("k"),
            lambda: client.delete_many(["k"]),
        ]
        for write in writes:
            with pytest.raises(ringshift.InvalidationLostError) as raised:
                write()
            error = raised.value
            assert (error.cluster, error.node, error.key) == ("blue", "a", b"k")
            assert error.lost == (ringshift.LostInvalidation("blue", "a", relay.address, b"k"),)
            assert isinstance(error.__cause__, ConnectionError | MemcacheUnexpectedCloseError)
            assert "cluster blue, node a" in str(error)
            assert relay.address in str(error)
            assert "'k'" not in str(error)
        assert counts(router)["invalidate", "error"] == len(writes)
        with pytest.raises((ConnectionError, MemcacheUnexpectedCloseError)):
            client.incr("n", 1)
        relay.cut = lambda _: False
        # What the errors were about is there, and is not read: it is removed as soon as that can be sent.
        assert client.get("k") is None
        assert client.set("k", b"2") is True
        assert client.get("k") == b"2"


def test_a_node_that_hangs_is_a_timeout(servers: list[Server]) -> None:
    server = servers[0]
    with ringshift.Router.from_spec(alone(server)) as router, Client(router, timeout=0.05) as client:
        client.set("k", b"1")
        server.pause()
        assert client.get("k") is None
        assert client.get_many(["k"]) == {}
        with pytest.raises(ringshift.InvalidationLostError, match="timed out") as raised:
            client.delete("k")
        assert isinstance(raised.value.__cause__, TimeoutError)
        with pytest.raises(TimeoutError):
            client.incr("n", 1)
        assert counts(router) == {("read", "timeout"): 2, ("invalidate", "timeout"): 1, ("fill", "timeout"): 1}
        server.resume()
        # A late reply is never taken for the reply to another command.
        client.set("l", b"2")
        assert client.get("l") == b"2"


def test_the_node_behind_a_lost_one_is_invalidated_all_the_same(servers: list[Server]) -> None:
    with ringshift.Router.from_spec(moving(servers)) as router, Client(router) as client:
        first, second = router.route("k").invalidate
        client.set("k", b"old")
        server_of(servers, first).kill()
        with pytest.raises(ringshift.InvalidationLostError) as raised:
            client.delete("k")
        assert [(lost.cluster, lost.node) for lost in raised.value.lost] == [("blue", first.id)]
        assert server_of(servers, second).get("g1:k") is None
        other = next(key for key in KEYS if router.route(key).invalidate == (first, second))
        with pytest.raises(ringshift.InvalidationLostError):
            client.set(other, b"new")
        assert server_of(servers, second).get(f"g1:{other}") == b"new"
        # Nobody knows what the first one holds, and it may have been copied.
        assert client.get("k") is None
        server_of(servers, second).kill()
        with pytest.raises(ringshift.InvalidationLostError, match="and 1 more") as raised:
            client.delete("k")
        assert [(lost.cluster, lost.node) for lost in raised.value.lost] == [("blue", first.id), ("green", second.id)]


def test_of_many_keys_only_those_of_the_dead_node_are_lost(servers: list[Server]) -> None:
    with ringshift.Router.from_spec(moving(servers, 50)) as router, Client(router) as client:
        client.set_many(dict.fromkeys(KEYS, b"old"))
        servers[1].kill()
        expected = {key for key in KEYS if router.route(key).invalidate[0].id == "b"}
        assert 0 < len(expected) < len(KEYS)
        for write in (lambda: client.set_many(dict.fromkeys(KEYS, b"new")), lambda: client.delete_many(KEYS)):
            with pytest.raises(ringshift.InvalidationLostError) as raised:
                write()
            assert {lost.key.decode() for lost in raised.value.lost} == expected
            assert {lost.node for lost in raised.value.lost} == {"b"}
        assert client.get_many(KEYS) == {}


def test_a_dead_destination_is_passed_over_and_not_filled(servers: list[Server]) -> None:
    with ringshift.Router.from_spec(moving(servers)) as router, Client(router) as client:
        first, second = router.route("k").invalidate
        server_of(servers, first).set("k", b"1")
        server_of(servers, second).kill()
        assert client.get("k") == b"1"
        assert client.get_many(["k"]) == {"k": b"1"}
        # The second read is kept away from it.
        assert counts(router) == {("read", "unreachable"): 1}
        server_of(servers, second).start()
        assert server_of(servers, second).get("g1:k") is None


def test_a_dead_source_is_a_miss(servers: list[Server]) -> None:
    with ringshift.Router.from_spec(moving(servers)) as router, Client(router) as client:
        first, second = router.route("k").invalidate
        server_of(servers, first).kill()
        assert client.get("k") is None
        assert client.get_many(["k"]) == {}
        server_of(servers, second).set("g1:k", b"1")
        assert client.get("k") == b"1"


def test_a_copy_that_fails_does_not_hurt_the_reader(relays: list[Relay]) -> None:
    with ringshift.Router.from_spec(moving(relays)) as router, Client(router) as client:
        first, second = router.route("k").invalidate
        source, target = [next(r for r in relays if r.address == node.address) for node in (first, second)]
        source.server.set("k", b"1")
        target.cut = lambda line: line.startswith("cas ")
        assert client.get("k") == b"1"
        assert client.get_many(["k"]) == {"k": b"1"}
        assert target.server.get("g1:k") is None
        assert counts(router)["fill", "error"] == 2


def test_a_breaker_opens_and_closes_again(relays: list[Relay]) -> None:
    text = spec(1, cluster(f"a@{relays[0].address}", f"b@{relays[1].address}"), breaker={"failures": 3, "open": "20ms"})
    with ringshift.Router.from_spec(text) as router, Client(router) as client:
        key = next(key for key in KEYS if router.route(key).invalidate[0].id == "a")
        client.set(key, b"1")
        relays[0].cut = lambda _: True
        for _ in range(3):
            assert client.get(key) is None
        assert counts(router) == {("read", "error"): 3}
        states = {breaker["node"]: breaker["state"] for breaker in router.metrics()["breakers"]}
        assert states["a"] != "closed"
        assert states["b"] == "closed"
        # Invalidations are never kept back by a breaker.
        with pytest.raises(ringshift.InvalidationLostError):
            client.delete(key)
        relays[0].cut = lambda _: False
        while router.metrics()["breakers"][0]["state"] != "closed":
            assert client.get(key) is None
        assert client.set(key, b"2") is True
        assert client.get(key) == b"2"


def test_with_every_breaker_open_nothing_is_asked_and_a_set_stores_nothing(servers: list[Server]) -> None:
    text = alone(servers[0], breaker={"failures": 1, "open": "60s", "max_ejected": 1.0})
    with ringshift.Router.from_spec(text) as router, Client(router) as client:
        client.set("k", b"old")
        router.report(router.nodes[0], "error")
        assert router.route("k").read is None
        assert client.get("k") is None
        assert client.get_many(["k"]) == {}
        assert client.add("k", b"1") is False
        assert client.set("k", b"new") is False
        assert client.set_many({"k": b"new"}) == ["k"]
        # The old value is gone: it would be stale when the breaker closes.
        assert servers[0].get("k") is None


@pytest.mark.parametrize("restarted", [False, True])
def test_connections_that_died_while_idle_are_replaced(relays: list[Relay], restarted: bool) -> None:
    relay = relays[0]
    with ringshift.Router.from_spec(alone(relay)) as router, Client(router) as client:
        acts: list[Callable[[], object]] = [
            lambda: client.set("k", b"1"),
            lambda: client.set_many({"k": b"1"}),
            lambda: client.get("k"),
            lambda: client.get_many(["k"]),
            lambda: client.touch("k"),
            lambda: client.delete("k"),
            lambda: client.add("k", b"1"),
            lambda: client.delete_many(["k"]),
        ]
        for act in acts:
            act()
            if restarted:
                relay.server.kill()
                relay.server.start()
            else:
                relay.drop()
            act()
        assert counts(router) == {}
        # What is not safe to send twice is not.
        client.set("n", "1")
        relay.drop()
        with pytest.raises((ConnectionError, MemcacheUnexpectedCloseError)):
            client.incr("n", 1)


def test_a_connection_that_dies_in_the_middle_of_many(relays: list[Relay]) -> None:
    relay = relays[0]
    with ringshift.Router.from_spec(alone(relay)) as router, Client(router) as client:
        client.set_many(dict.fromkeys(KEYS, b"1"))
        client.close()
        relay.cut = lambda line: line.startswith("get ")
        assert client.get_many(KEYS) == {}
        assert client.get(KEYS[0]) is None
        relay.cut = lambda line: line.startswith("delete user:30")
        with pytest.raises(ringshift.InvalidationLostError) as raised:
            client.delete_many(KEYS)
        # It can't be known which were carried out, so all of this node are owed.
        assert {lost.key.decode() for lost in raised.value.lost} == set(KEYS)
        relay.cut = lambda _: False
        assert client.delete_many(KEYS) is True
        assert client.get_many(KEYS) == {}


def test_of_many_keys_those_that_were_answered_are_not_lost(relays: list[Relay]) -> None:
    relay = relays[0]
    keys = [f"key:{at:03}" for at in range(150)]
    with ringshift.Router.from_spec(alone(relay)) as router, Client(router) as client:
        for write in (lambda: client.delete_many(keys), lambda: client.set_many(dict.fromkeys(keys, b"2"))):
            client.set_many(dict.fromkeys(keys, b"1"))
            client.close()
            before = counts(router, "error", "ok")
            # So many are sent before their answers are read.
            relay.cut = lambda line: line.split(" ")[1:2] == ["key:120"]
            with pytest.raises(ringshift.InvalidationLostError) as raised:
                write()
            assert [lost.key.decode() for lost in raised.value.lost] == keys[100:]
            after = counts(router, "error", "ok")
            assert after["invalidate", "error"] - before.get(("invalidate", "error"), 0) == 50
            assert after["invalidate", "ok"] - before["invalidate", "ok"] == 100
            assert [route.read is not None for route in router.route_many(keys)] == [True] * 100 + [False] * 50
            relay.cut = lambda _: False
            while any(route.read is None for route in router.route_many(keys)):
                client.get("other")


def test_an_owed_key_that_is_too_long_holds_no_other_up(servers: list[Server]) -> None:
    blue, green = cluster(f"a@{servers[0].address}"), cluster(f"b@{servers[1].address}", prefix="generation:1:")
    long, short, never = "l" * 240, "s", "two words\r\nflush_all"
    with ringshift.Router.from_spec(spec(1, blue, breaker=PATIENT)) as router, Client(router) as client:
        for key in (long, short, never):
            if key is not never:
                servers[0].set(key, b"old")
            router.lost(router.nodes[0], key, "unsent")
        router.apply(spec(2, blue, green, "prepare", breaker=PATIENT))
        client.get("other")
        assert router.route(short).read is not None
        assert servers[0].get(short) is None
        # Where it can't be it is not, which nobody asks for.
        assert router.route(long).read is not None
        assert servers[0].get(long) is None
        assert router.metrics()["owed"]["keys"] == 0
        assert counts(router) == {}
        assert counts(router, "unsent") == {("invalidate", "unsent"): 3}
        assert counts(router, "ok")["invalidate", "ok"] == 3
        with pytest.raises(MemcacheIllegalInputError):
            client.get(long)


def test_thousands_of_keys_at_once(servers: list[Server]) -> None:
    """More than fits into the sockets' buffers in either direction."""
    with ringshift.Router.from_spec(moving(servers, 0)) as router, Client(router) as client:
        values = {f"key:{at}": b"%d" % at * 2000 for at in range(3000)}
        assert client.set_many(values) == []
        router.apply(moving(servers, 100).replace('"generation": 2', '"generation": 3'))
        assert client.get_many(values) == values
        assert client.get_many(values) == values
        assert client.delete_many(values) is True
        assert client.get_many(values) == {}


def test_no_more_is_sent_than_the_other_side_can_answer(relays: list[Relay], log: list[tuple[str, str, str]]) -> None:
    """With all requests sent before a reply is read, both sides could wait until the other one reads."""
    with ringshift.Router.from_spec(alone(relays[0])) as router, Client(router) as client:
        keys = [f"key:{at}" for at in range(1000)]
        client.set_many(dict.fromkeys(keys, b"1"))
        log.clear()
        client.delete_many(keys)
        unanswered = most = 0
        for _, mark, _line in log:
            unanswered += 1 if mark == "->" else -1
            most = max(most, unanswered)
        assert unanswered == 0
        assert most <= 100


def test_a_full_pool_says_nothing_about_the_node(servers: list[Server]) -> None:
    with ringshift.Router.from_spec(alone(servers[0])) as router, Client(router, max_pool_size=1) as client:
        client.set("k", b"1")
        pool = client._transport.client(servers[0].address)
        with pool.client_pool.get_and_release():
            assert client.get("k") is None
            with pytest.raises(ringshift.InvalidationLostError):
                client.delete("k")
            with pytest.raises(RuntimeError):
                client.incr("n", 1)
        assert counts(router) == {}
        assert counts(router, "unsent") == {("read", "unsent"): 1, ("invalidate", "unsent"): 1, ("fill", "unsent"): 1}
        assert router.metrics()["breakers"][0]["state"] == "closed"
        # The value is there, and is not read: it is removed now that this can be sent.
        assert servers[0].get("k") == b"1"
        assert client.get("k") is None
        assert servers[0].get("k") is None
        assert client.set("k", b"2")
        assert client.get("k") == b"2"


def test_nonsense_from_a_server_is_an_error(relays: list[Relay]) -> None:
    relay = relays[0]
    with ringshift.Router.from_spec(alone(relay)) as router, Client(router) as client:
        client.set("k", b"1")
        relay.rewrite = lambda line: "version"
        assert client.get("k") is None
        assert client.get_many(["k"]) == {}
        assert client.touch("k") is False
        with pytest.raises(ringshift.InvalidationLostError):
            client.delete("k")
        assert counts(router) == {("read", "error"): 3, ("invalidate", "error"): 1}
        relay.rewrite = None
        assert client.get("k") is None
        assert client.set("k", b"2") is True
        assert client.get("k") == b"2"


def test_looking_for_the_connection_of_a_token_keeps_none_of_them(servers: list[Server]) -> None:
    server = servers[0]
    with ringshift.Router.from_spec(alone(server)) as router, Client(router, max_pool_size=1) as client:

        def load() -> bytes:
            # The connection of the token is lost, and another one takes its place.
            client.close()
            client.get("other")
            return b"1"

        assert client.get_or_load("k", load) == b"1"
        assert server.get("k") is None
        assert client.set("k", b"2")
        assert client.delete("k")


def test_a_write_goes_on_when_its_connection_is_closed_by_another_thread(
    servers: list[Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    green = cluster(f"b@{servers[1].address}", prefix="g1:")
    text = spec(1, cluster(f"a@{servers[0].address}"), green, "prepare", breaker=PATIENT)
    servers[1].set("g1:k", b"old")
    with ringshift.Router.from_spec(text) as router, Client(router) as client:
        read = Connection._read_removed

        def closed_meanwhile(connection: Connection, line: bytes, rest: bytes) -> tuple[bytes, bool]:
            monkeypatch.undo()
            client.close()
            return read(connection, line, rest)

        monkeypatch.setattr(Connection, "_read_removed", closed_meanwhile)
        with pytest.raises(ringshift.InvalidationLostError):
            # More than are sent at once.
            client.delete_many(["k", *(f"k{at}" for at in range(100))])
        assert servers[1].get("g1:k") is None
        assert counts(router) == {}
        # What was answered before is not lost.
        assert 0 < counts(router, "unsent")["invalidate", "unsent"] <= 100
        assert router.route("k").read is not None
        assert router.route("k99").read is None
