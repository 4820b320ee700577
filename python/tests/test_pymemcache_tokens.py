"""Fills of the pymemcache adapter: what a reader stores never outlives an invalidation that it did not see."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
from pymemcache import serde
from servers import Relay, Server, until
from specs import cluster, spec

import ringshift
from ringshift.adapters.pymemcache import Client


def alone(node: Any, **more: Any) -> str:
    return spec(1, cluster(f"a@{node.address}"), **more)


def ramp(source: Any, target: Any) -> str:
    return spec(2, cluster(f"a@{source.address}"), cluster(f"c@{target.address}", prefix="g1:"), "ramp", 100)


def forget_meta(relay: Relay) -> None:
    """The relay answers as a server before 1.6 does."""
    relay.rewrite = lambda line: line.replace("mg ", "no_such_command ", 1)


@pytest.mark.parametrize("meta", [True, False])
def test_a_load_is_stored_for_its_time(servers: list[Server], relays: list[Relay], meta: bool) -> None:
    if not meta:
        forget_meta(relays[0])
    with ringshift.Router.from_spec(alone(relays[0])) as router, Client(router) as client:
        assert client.get_or_load("k", lambda: b"\0\xff\r\nvalue", expire=100) == b"\0\xff\r\nvalue"
        assert client.get_or_load("k", lambda: pytest.fail("it is cached"), expire=100) == b"\0\xff\r\nvalue"
        assert servers[0].get("k") == b"\0\xff\r\nvalue"
        assert servers[0].flags_and_ttl("k")[1] in {99, 100}
        assert client.get_or_load("text", lambda: "text") == "text"
        assert client.get("text") == b"text"


@pytest.mark.parametrize("meta", [True, False])
def test_an_invalidation_during_a_load_defeats_its_fill(relays: list[Relay], meta: bool) -> None:
    if not meta:
        forget_meta(relays[0])
    with ringshift.Router.from_spec(alone(relays[0])) as router, Client(router) as client, Client(router) as writer:

        def overtaken() -> bytes:
            writer.invalidate("k")
            return b"old"

        def overtaken_and_leased_again() -> bytes:
            writer.invalidate("k")
            assert writer.get_or_load("k", lambda: b"new") == b"new"
            return b"old"

        assert client.get_or_load("k", overtaken) == b"old"
        assert client.get("k") is None
        assert client.get_or_load("k", overtaken_and_leased_again) == b"old"
        assert client.get("k") == b"new"


def test_two_readers_of_two_processes_may_fill_by_one_token(servers: list[Server]) -> None:
    with ringshift.Router.from_spec(alone(servers[0])) as router, Client(router) as one, Client(router) as other:
        loaded = one.get_or_load("k", lambda: other.get_or_load("k", lambda: b"1"))
        assert loaded == b"1"
        assert one.get("k") == b"1"


@pytest.mark.parametrize("meta", [True, False])
def test_an_invalidation_during_a_copy_defeats_it(servers: list[Server], relays: list[Relay], meta: bool) -> None:
    source, target = relays[0], relays[2]
    with ringshift.Router.from_spec(ramp(source, target)) as router, Client(router) as reader, Client(router) as writer:
        for read in (reader.get, lambda key: reader.get_many([key])[key]):
            servers[0].set("k", b"old")

            overtaken: list[bool] = []

            def overtake(line: str, overtaken: list[bool] = overtaken) -> str:
                # The value has been read; before it is stored, it is removed.
                if line.startswith("cas ") and not overtaken:
                    overtaken.append(True)
                    writer.invalidate("k")
                return line if meta else line.replace("mg ", "no_such_command ", 1)

            target.rewrite = overtake
            assert read("k") == b"old"
            assert overtaken
            assert servers[2].get("g1:k") in {None, b"\0ringshift:lease"}
            assert reader.get("k") is None


def test_what_stands_in_for_a_token_is_a_miss_and_an_empty_value_is_not(servers: list[Server]) -> None:
    with ringshift.Router.from_spec(alone(servers[0])) as router, Client(router) as client:

        def look() -> bytes:
            assert servers[0].is_leased("k")
            assert client.get("k") is None
            assert client.get_many(["k"]) == {}
            assert client.gets("k") == (None, None)
            assert client.replace("k", b"no") is False
            return b""

        assert client.get_or_load("k", look) == b""
        # The replace invalidated, and so the load was not stored.
        assert client.get("k") is None
        assert client.get_or_load("k", lambda: b"") == b""
        assert client.get("k") == b""
        assert client.get_many(["k"]) == {"k": b""}
        assert client.gets("k")[0] == b""
        servers[0].set("p", b"\0ringshift:lease")
        assert client.get("p") is None


def test_without_cas_nothing_is_filled() -> None:
    server = Server("-C")
    try:
        with ringshift.Router.from_spec(alone(server)) as router, Client(router) as client:
            assert client.get_or_load("k", lambda: b"1") == b"1"
            assert client.get("k") is None
            assert client.set("k", b"2") is True
            assert client.get_or_load("k", lambda: b"1") == b"2"
    finally:
        server.kill()


def test_a_token_is_of_no_use_after_a_restart(servers: list[Server]) -> None:
    """CAS numbers start anew: without a rule about connections, an old token could fit a new stand-in."""
    server = servers[0]
    server.kill()
    server.start()
    with ringshift.Router.from_spec(alone(server)) as router, Client(router) as reader, Client(router) as other:

        def restart() -> bytes:
            server.kill()
            server.start()
            # Takes the CAS number that the reader's token has.
            other.get_or_load("k", lambda: None)
            return b"old"

        assert reader.get_or_load("k", restart) == b"old"
        assert server.is_leased("k")
        # The connection that it finds is a new one.
        assert reader.get("other") is None
        assert reader.get("k") is None


def test_a_value_that_is_too_large_is_loaded_and_not_stored(servers: list[Server]) -> None:
    large = b"x" * (2 << 20)
    with ringshift.Router.from_spec(alone(servers[0])) as router, Client(router) as client:
        assert client.get_or_load("k", lambda: large) == large
        assert client.get("k") is None
        assert all(breaker["state"] == "closed" for breaker in router.metrics()["breakers"])


def test_a_load_without_any_server_is_only_a_load(servers: list[Server]) -> None:
    with ringshift.Router.from_spec(alone(servers[0])) as router, Client(router) as client:
        servers[0].kill()
        assert [client.get_or_load("k", lambda: 7) for _ in range(10)] == [7] * 10


def test_nothing_and_errors_are_not_stored(servers: list[Server]) -> None:
    def fail() -> bytes:
        raise LookupError("no such user")

    with ringshift.Router.from_spec(alone(servers[0])) as router, Client(router) as client:
        assert client.get_or_load("k", lambda: None) is None
        with pytest.raises(LookupError, match="no such user"):
            client.get_or_load("k", fail)
        assert client.get_or_load("k", lambda: 1) == 1


def test_max_ttl_bounds_a_load(servers: list[Server]) -> None:
    with ringshift.Router.from_spec(alone(servers[0], max_ttl="60s")) as router, Client(router) as client:
        client.get_or_load("k", lambda: b"1")
        assert servers[0].flags_and_ttl("k")[1] in {59, 60}


def test_replicas_are_all_filled_and_a_value_at_one_of_them_is_left(servers: list[Server]) -> None:
    nodes = [f"n{at}@{server.address}" for at, server in enumerate(servers)]
    with ringshift.Router.from_spec(spec(1, cluster(*nodes, replicas=3))) as router, Client(router) as client:
        client.get_or_load("k", lambda: b"1")
        route = router.route("k")
        assert route.read is not None
        held = [next(s for s in servers if s.address == node.address) for node in route.read.nodes]
        assert [server.get("k") for server in held] == [b"1"] * 3
        held[0].flush()
        held[1].set("k", b"other")
        held[2].flush()
        assert client.get_or_load("k", lambda: b"2") == b"2"
        assert [server.get("k") for server in held] == [b"2", b"other", b"2"]
        held[0].kill()
        assert client.get_or_load("k", lambda: b"3") == b"other"


def test_threads_share_a_load(servers: list[Server]) -> None:
    with ringshift.Router.from_spec(alone(servers[0])) as router, Client(router, serde=serde.pickle_serde) as client:
        loads, begun, go_on = [], threading.Event(), threading.Event()

        def load() -> list[int]:
            loads.append(1)
            begun.set()
            go_on.wait()
            return [1]

        results: list[Any] = []
        readers = [threading.Thread(target=lambda: results.append(client.get_or_load("k", load))) for _ in range(8)]
        readers[0].start()
        begun.wait()
        for reader in readers[1:]:
            reader.start()
        until(lambda: sum(r["count"] for r in router.metrics()["requests"] if r["outcome"] == "miss") == len(readers))
        go_on.set()
        for reader in readers:
            reader.join()
        assert results == [[1]] * 8
        # Each has a list of its own, though nobody who came after the fill had to load.
        assert len({id(result) for result in results}) == 8
        assert len(loads) == 1


def test_after_a_write_a_load_is_not_shared_with_those_who_came_later(servers: list[Server]) -> None:
    with ringshift.Router.from_spec(alone(servers[0])) as router, Client(router, serde=serde.pickle_serde) as client:
        versions = iter(range(1, 100))
        begun, go_on = threading.Event(), threading.Event()

        def load() -> int:
            version = next(versions)
            begun.set()
            go_on.wait()
            return version

        results: dict[str, int] = {}

        def read(name: str) -> Callable[[], None]:
            return lambda: results.__setitem__(name, client.get_or_load("k", load))

        early = threading.Thread(target=read("early"))
        early.start()
        begun.wait()
        client.invalidate("k")
        late = [threading.Thread(target=read(f"late {at}")) for at in range(5)]
        for reader in late:
            reader.start()
        until(lambda: sum(r["count"] for r in router.metrics()["requests"] if r["outcome"] == "miss") == 6)
        go_on.set()
        for reader in (early, *late):
            reader.join()
        assert results.pop("early") == 1
        # And those do so as one.
        assert set(results.values()) == {2}


def test_a_load_may_ask_for_its_own_key(servers: list[Server]) -> None:
    with ringshift.Router.from_spec(alone(servers[0])) as router, Client(router, serde=serde.pickle_serde) as client:
        assert client.get_or_load("k", lambda: client.get_or_load("k", lambda: 1)) == 1


def test_a_token_of_a_server_that_took_the_place_of_an_old_one_is_no_value(servers: list[Server]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        is_old = True

        def serve() -> None:
            # A server before 1.6 until it is replaced by one of today.
            while True:
                try:
                    asked, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(asked,), daemon=True).start()

        def answer(asked: socket.socket) -> None:
            host, port = servers[0].address.split(":")
            with asked, socket.create_connection((host, int(port))) as server:
                old = is_old
                while data := asked.recv(4096):
                    if old != is_old:
                        return
                    if old and data.startswith(b"mg"):
                        asked.sendall(b"ERROR\r\n")
                        continue
                    server.sendall(data)
                    asked.sendall(server.recv(4096))

        threading.Thread(target=serve, daemon=True).start()
        text = spec(1, cluster(f"a@127.0.0.1:{listener.getsockname()[1]}"))
        with ringshift.Router.from_spec(text) as router, Client(router) as client:
            assert client.get_or_load("k", lambda: b"1") == b"1"
            assert client.get("k") == b"1"
            is_old = False
            servers[0].flush()
            # Another process has a miss.
            with ringshift.Router.from_spec(text) as other, Client(other) as reader:
                assert reader.get_or_load("k", lambda: None) is None
            assert servers[0].is_leased("k")
            assert client.get("k") is None
            assert client.get_or_load("k", lambda: b"2") == b"2"
            assert servers[0].get("k") == b"2"
