"""A process that only reads, by any method, sends again what is owed where it has nowhere to read."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from redis_servers import RedisServer
from servers import Server
from specs import cluster, spec

import ringshift
from ringshift.adapters.pymemcache import Client
from ringshift.adapters.redis import Redis
from ringshift.adapters.redis.asyncio import Redis as AsyncRedis


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    started = RedisServer()
    yield started
    started.kill()


def owing(address: str) -> ringshift.Router:
    """A router that lost the invalidation of `k`."""
    router = ringshift.Router.from_spec(spec(1, cluster(f"a@{address}")))
    router.lost(router.nodes[0], "k", "timeout")
    return router


MEMCACHED = [
    ("get_many", (["k"],), {}, {"k": b"new"}),
    ("gets", ("k",), (None, None), None),
    ("touch", ("k", 10), False, True),
]


@pytest.mark.parametrize(("method", "arguments", "first", "then"), MEMCACHED)
def test_by_pymemcache(servers: list[Server], method: str, arguments: tuple[Any, ...], first: Any, then: Any) -> None:
    servers[0].set("k", b"old")
    with owing(servers[0].address) as router, Client(router) as client:
        assert getattr(client, method)(*arguments) == first
        assert servers[0].get("k") is None
        assert router.metrics()["owed"] == {"keys": 0, "unlisted_nodes": 0, "repaid": 1}
        servers[0].set("k", b"new")
        found = getattr(client, method)(*arguments)
        assert (found if then is not None else found[0]) == (then or b"new")


REDIS = [
    ("mget", (["k", "k"],), [None, None], [b"new", b"new"]),
    ("exists", ("k",), 0, 1),
    ("pttl", ("k",), -2, -1),
    ("ttl", ("k",), -2, -1),
    ("expire", ("k", 10), False, True),
]


@pytest.mark.parametrize(("method", "arguments", "first", "then"), REDIS)
def test_by_redis(server: RedisServer, method: str, arguments: tuple[Any, ...], first: Any, then: Any) -> None:
    server.run("SET", "k", "old")
    with owing(server.address) as router, Redis(router) as client:
        assert getattr(client, method)(*arguments) == first
        assert server.get("k") is None
        server.run("SET", "k", "new")
        assert getattr(client, method)(*arguments) == then

    async def main() -> None:
        with owing(server.address) as router:
            async with AsyncRedis(router) as client:
                assert await getattr(client, method)(*arguments) == first
                assert server.get("k") is None
                server.run("SET", "k", "new")
                assert await getattr(client, method)(*arguments) == then

    asyncio.run(main())


def test_of_many_keys_a_node_that_is_not_asked_is_asked_for_what_it_is_owed(servers: list[Server]) -> None:
    text = spec(1, cluster(f"a@{servers[0].address}", f"b@{servers[1].address}"))
    with ringshift.Router.from_spec(text) as router, Client(router) as client:
        keys = [f"k{at}" for at in range(40)]
        at = {key: router.route(key).invalidate[0] for key in keys}
        owed, read = (next(key for key in keys if at[key].id == node) for node in "ab")
        servers[0].set(owed, b"old")
        servers[1].set(read, b"v")
        router.lost(at[owed], owed)
        assert client.get_many([owed, read]) == {read: b"v"}
        assert servers[0].get(owed) is None
        assert router.route(owed).read is not None


def test_a_read_that_is_cancelled_while_it_sends_again_reads_nothing_more(server: RedisServer) -> None:
    """What a plan does behind an invalidation is no part of it: a key that was only to be read is not removed."""

    async def main() -> None:
        text = spec(1, cluster(f"a@{server.address}", f"b@{other.address}"))
        with ringshift.Router.from_spec(text) as router:
            keys = [f"k{at}" for at in range(40)]
            nodes = {key: router.route(key).invalidate[0] for key in keys}
            owed, read = (next(key for key in keys if nodes[key].id == node) for node in "ab")
            server.run("SET", owed, "old")
            other.run("SET", read, "v")
            router.lost(nodes[owed], owed)
            async with AsyncRedis(router, socket_timeout=20) as client:
                server.pause()
                try:
                    task = asyncio.create_task(client.mget(owed, read))
                    await asyncio.sleep(0.1)
                    task.cancel()
                    with pytest.raises(asyncio.CancelledError):
                        await task
                finally:
                    server.resume()
                while router.route(owed).read is None:  # noqa: ASYNC110 - a router has no event for it
                    await asyncio.sleep(0.01)
                await asyncio.sleep(0.05)
                assert other.get(read) == b"v"
                assert server.get(owed) is None

    other = RedisServer()
    try:
        asyncio.run(asyncio.wait_for(main(), 20))
    finally:
        other.kill()
