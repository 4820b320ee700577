"""What a signal's exception breaks off: the rest of an invalidation is lost, and the caller gets what was raised."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from redis_servers import RedisServer
from servers import Relay, Server, until
from specs import cluster, spec

import ringshift
from ringshift.adapters.pymemcache import Client
from ringshift.adapters.redis import Redis

Log = list[tuple[str, str, str]]


class LimitError(Exception):
    """As a time limit of a task queue raises it."""


class Stop(BaseException):
    """As KeyboardInterrupt, or a timeout of gevent."""


class Pair:
    """Two servers behind relays, of which the first is to be stopped, and an adapter's client."""

    def __init__(self, servers: list[Any], facade: type[Any], words: tuple[str, str], options: dict[str, Any]) -> None:
        self.log: Log = []
        self.servers = servers
        self.relays = [Relay(name, server, self.log) for name, server in zip("ab", servers, strict=True)]
        self.facade, self.options = facade, options
        self.removes, self.stores = words

    def cluster(self, at: int, prefix: str = "") -> dict[str, Any]:
        """One with a server alone."""
        return cluster(f"{'ab'[at]}@{self.relays[at].address}", prefix=prefix)

    @contextmanager
    def alone(self) -> Iterator[tuple[ringshift.Router, Any]]:
        """A router of the first server's cluster and nothing else, and a client of it."""
        router = ringshift.Router.from_spec(spec(1, self.cluster(0)))
        with router, self.facade(router, **self.options) as client:
            yield router, client

    def put(self, at: int, key: str, value: str) -> None:
        """Stores something past the client."""
        server = self.servers[at]
        if self.facade is Client:
            server.set(key, value.encode())
        else:
            server.run("SET", key, value)

    def close(self) -> None:
        for server in self.servers:
            server.resume()
        for relay in self.relays:
            relay.close()

    @contextmanager
    def stopped(self, word: str, error: type[BaseException]) -> Iterator[None]:
        """Stops the first server, and raises an error in a signal's handler while it has yet to answer to a command."""

        def handler(*_: object) -> None:
            raise error("enough")

        def interrupt() -> None:
            until(lambda: any(mark == "->" and line.startswith(word) for _, mark, line in self.log))
            main = threading.main_thread().ident
            assert main is not None
            signal.pthread_kill(main, signal.SIGUSR1)

        before = signal.signal(signal.SIGUSR1, handler)
        self.log.clear()
        self.servers[0].pause()
        thread = threading.Thread(target=interrupt)
        try:
            thread.start()
            with pytest.raises(error, match="enough"):
                yield
        finally:
            thread.join()
            signal.signal(signal.SIGUSR1, before)
            self.servers[0].resume()


@pytest.fixture(scope="module")
def _redis_servers() -> Iterator[list[RedisServer]]:
    servers = [RedisServer(), RedisServer()]
    yield servers
    for server in servers:
        server.kill()


@pytest.fixture(params=["pymemcache", "redis"])
def pair(request: pytest.FixtureRequest, servers: list[Server], _redis_servers: list[RedisServer]) -> Iterator[Pair]:
    for server in _redis_servers:
        server.run("FLUSHALL")
    if request.param == "pymemcache":
        made = Pair(list(servers[:2]), Client, ("delete", "set"), {"timeout": 30})
    else:
        made = Pair(list(_redis_servers), Redis, ("DEL", "SET"), {"socket_timeout": 30})
    yield made
    made.close()


@pytest.fixture(params=[LimitError, Stop])
def error(request: pytest.FixtureRequest) -> type[BaseException]:
    kind: type[BaseException] = request.param
    return kind


def unsent(router: ringshift.Router) -> dict[str, int]:
    """By cluster; nothing else may be wrong."""
    requests = router.metrics()["requests"]
    assert {each["outcome"] for each in requests} <= {"ok", "hit", "miss", "unsent"}
    return {
        each["cluster"]: each["count"] for each in requests if (each["op"], each["outcome"]) == ("invalidate", "unsent")
    }


WRITES: dict[str, Callable[[Any], object]] = {
    "delete": lambda client: client.delete("k"),
    "set": lambda client: client.set("k", "new"),
    "many": lambda client: client.delete_many(["k", "l"]) if isinstance(client, Client) else client.delete("k", "l"),
}


@pytest.mark.parametrize("write", WRITES)
def test_nodes_behind_the_one_that_was_out_are_owed_too(pair: Pair, error: type[BaseException], write: str) -> None:
    text = spec(1, pair.cluster(0), pair.cluster(1, "g1:"), "prepare")
    keys = ["k", "l"] if write == "many" else ["k"]
    with ringshift.Router.from_spec(text) as router, pair.facade(router, **pair.options) as client:
        for key in keys:
            client.set(key, "old")
            pair.put(1, f"g1:{key}", "old")
        with pair.stopped(pair.stores if write == "set" else pair.removes, error):
            WRITES[write](client)
        assert unsent(router) == {"blue": len(keys), "green": len(keys)}
        for key in keys:
            assert pair.servers[1].get(f"g1:{key}") == b"old"
            assert router.route(key).read is None
        # The first answer brings them away, in the order of the route.
        assert client.get("other") is None
        for key in keys:
            assert router.route(key).read is not None
            assert pair.servers[0].get(key) is pair.servers[1].get(f"g1:{key}") is None
        client.set("k", "newer")
        assert client.get("k") == b"newer"


def test_a_key_of_one_node_is_owed_there(pair: Pair, error: type[BaseException]) -> None:
    with pair.alone() as (router, client):
        client.set("k", "old")
        with pair.stopped(pair.removes, error):
            client.invalidate("k")
        assert unsent(router) == {"blue": 1}
        assert client.get("k") is None
        assert client.get("k") is None
        assert unsent(router) == {"blue": 1}
        assert pair.servers[0].get("k") is None


def test_a_read_that_is_broken_off_owes_nothing(pair: Pair, error: type[BaseException]) -> None:
    word, many = ("get", "get_many") if pair.facade is Client else ("MGET", "mget")
    with pair.alone() as (router, client):
        client.set("k", "v")
        with pair.stopped(word, error):
            getattr(client, many)(["k", "l"])
        assert unsent(router) == {}
        assert client.get("k") == b"v"


def test_an_owed_key_stays_owed_when_sending_it_again_is_broken_off(pair: Pair, error: type[BaseException]) -> None:
    with pair.alone() as (router, client):
        client.set("k", "v")
        router.lost(router.nodes[0], "k")
        with pair.stopped(pair.removes, error):
            client.get("k")
        assert router.route("k").read is None
        assert router.metrics()["owed"]["keys"] == 1
