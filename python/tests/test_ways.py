"""Which client a step goes by in every transport, whatever becomes of the router and its spec meanwhile."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from pymemcache.exceptions import MemcacheUnexpectedCloseError
from redis_servers import RedisServer
from servers import Server
from specs import cluster, spec

import ringshift
from ringshift.adapters._memcached import Memcached
from ringshift.adapters._steps import Do, Item, Reply, Step
from ringshift.adapters.pymemcache import Client
from ringshift.adapters.redis import Redis
from ringshift.adapters.redis._servers import Servers
from ringshift.adapters.redis._servers_async import Servers as AsyncServers
from ringshift.adapters.redis.asyncio import Redis as AsyncRedis


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    started = RedisServer()
    yield started
    started.kill()


class Kind:
    """A transport and a server for it."""

    def __init__(self, name: str, server: Server | RedisServer) -> None:
        self.name, self.address, self.port = name, server.address, server.port
        self.server = ("127.0.0.1", server.port)

    def connections(self) -> int:
        """How many are open to the server, by the system's table: column 3 is the other side, 4 the state."""
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
        return sum(row[2].endswith(f":{self.port:04X}") and row[3] == "01" for row in rows)

    def sent(self, router: ringshift.Router, steps: list[Step], meanwhile: Callable[[], object]) -> list[Reply]:
        """The replies to some steps; then something else happens, and the transport is closed."""
        if self.name == "asyncio":
            return asyncio.run(self._awaited(router, steps, meanwhile))
        transport = Memcached(router, {}, b"") if self.name == "pymemcache" else Servers(router, {})
        replies = [transport.send(step) for step in steps]
        meanwhile()
        transport.close()
        return replies

    def incremented(self, router: ringshift.Router) -> int | None:
        """What the facade's `incr` gives."""
        if self.name == "asyncio":
            return asyncio.run(self._incremented(router))
        with (Client if self.name == "pymemcache" else Redis)(router) as client:
            return client.incr("n", 1)

    async def _incremented(self, router: ringshift.Router) -> int:
        async with AsyncRedis(router) as client:
            count: int = await client.incr("n", 1)
            return count

    async def _awaited(
        self, router: ringshift.Router, steps: list[Step], meanwhile: Callable[[], object]
    ) -> list[Reply]:
        transport = AsyncServers(router, {})
        replies = [await transport.send(step) for step in steps]
        meanwhile()
        await transport.aclose()
        return replies


@pytest.fixture(params=["pymemcache", "redis", "asyncio"])
def kind(request: pytest.FixtureRequest, servers: list[Server], redis_server: RedisServer) -> Kind:
    redis_server.run("FLUSHALL")
    return Kind(request.param, servers[0] if request.param == "pymemcache" else redis_server)


def set_and_get(router: ringshift.Router) -> list[Step]:
    node = router.route("k").invalidate[0]
    return [Step(Do.SET, node, [b"k"], [Item(b"v")]), Step(Do.GET, node, [b"k"])]


def test_what_was_begun_is_sent_when_the_router_was_closed(kind: Kind) -> None:
    """Also to a node that nothing was sent to before."""
    router = ringshift.Router.from_spec(spec(1, cluster(f"a@{kind.address}")))
    steps = set_and_get(router)
    router.close()
    assert kind.sent(router, steps, lambda: None) == [[True], [Item(b"v")]]


def test_an_address_that_has_just_left_has_one_client_which_is_closed_with_the_others(kind: Kind) -> None:
    before = kind.connections()
    router = ringshift.Router.from_spec(spec(1, cluster(f"a@{kind.address}")))
    steps = set_and_get(router)
    router.apply(spec(2, cluster("b@127.0.0.1:1")))
    seen: list[int] = []
    assert kind.sent(router, steps * 3, lambda: seen.append(kind.connections())) == [[True], [Item(b"v")]] * 3
    assert seen == [before + 1]
    assert kind.connections() == before


@pytest.mark.parametrize("answers", [True, False])
def test_a_number_that_was_changed_is_told_when_the_router_was_closed(kind: Kind, *, answers: bool) -> None:
    """And what went wrong is told as what it is."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(kind.server) as server:
        router = ringshift.Router.from_spec(spec(1, cluster(f"a@127.0.0.1:{listener.getsockname()[1]}")))
        server.sendall(b"set n 0 0 1\r\n4\r\n" if kind.name == "pymemcache" else b"SET n 4\r\n")
        assert server.recv(64) in (b"STORED\r\n", b"+OK\r\n")

        def relay() -> None:
            asked, _ = listener.accept()
            with asked:
                while data := asked.recv(4096):
                    if b"incr" in data.lower():
                        router.close()
                        if not answers:
                            return
                    server.sendall(data)
                    asked.sendall(server.recv(4096))

        thread = threading.Thread(target=relay)
        thread.start()
        if answers:
            assert kind.incremented(router) == 5
        else:
            with pytest.raises((MemcacheUnexpectedCloseError, redis.ConnectionError)):
                kind.incremented(router)
        thread.join()
        assert router.closed
