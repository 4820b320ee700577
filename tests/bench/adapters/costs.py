"""Python's part: pymemcache and redis-py, also its asyncio client, bare and through the adapter.

costs.py MEMCACHED REDIS
"""

from __future__ import annotations

import asyncio
import json
import socket
import statistics
import sys
import time
from collections.abc import Awaitable, Callable

import redis
import redis.asyncio
import ringshift
from pymemcache.client.base import PooledClient
from ringshift.adapters.pymemcache import Client
from ringshift.adapters.redis import Redis
from ringshift.adapters.redis import asyncio as awaited

BLOCK, ROUNDS = 200, 60
VALUE = b"x" * 100


def spec(address: str) -> str:
    """One cluster of one node."""
    node = {"id": "a", "address": address}
    cluster = {"placement": {"kind": "ring"}, "nodes": [node]}
    return json.dumps({"format": 1, "generation": 1, "primary": "a", "clusters": {"a": cluster}})


def block(operation: Callable[[], object]) -> float:
    """Microseconds of one operation."""
    begin = time.perf_counter_ns()
    for _ in range(BLOCK):
        operation()
    return (time.perf_counter_ns() - begin) / BLOCK / 1000


async def awaited_block(operation: Callable[[], Awaitable[object]]) -> float:
    """The same where an operation is awaited."""
    begin = time.perf_counter_ns()
    for _ in range(BLOCK):
        await operation()
    return (time.perf_counter_ns() - begin) / BLOCK / 1000


Times = tuple[float, float, float]
"""Of a round trip, the bare client and the adapter, in neighbouring blocks."""


def compare(
    client: str, operation: str, trip: Callable[[], object], bare: Callable[[], object], ours: Callable[[], object]
) -> None:
    """Blocks in turn."""
    tell(client, operation, [(block(trip), block(bare), block(ours)) for _ in range(ROUNDS)])


def tell(client: str, operation: str, times: list[Times]) -> None:
    """Prints a row; the difference is the median of those of neighbours."""
    trip, bare, adapter = (statistics.median(column) for column in zip(*times, strict=True))
    difference = statistics.median(ours - bare for _, bare, ours in times)
    row = {"client": client, "operation": operation, "round_trip": trip, "bare": bare, "adapter": adapter}
    print(json.dumps({**row, "difference": difference}))


def trip_to(address: str, request: bytes) -> Callable[[], object]:
    """A round trip on a bare socket."""
    host, _, port = address.rpartition(":")
    connection = socket.create_connection((host, int(port)))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask() -> object:
        connection.sendall(request)
        return connection.recv(4096)

    return ask


def memcached(address: str) -> None:
    """pymemcache."""
    host, _, port = address.rpartition(":")
    bare = PooledClient((host, int(port)), timeout=1, connect_timeout=1, no_delay=True, default_noreply=False)
    trip = trip_to(address, b"get k\r\n")
    with ringshift.Router.from_spec(spec(address)) as router, Client(router) as ours:
        ours.set("k", VALUE)
        compare("pymemcache", "get", trip, lambda: bare.get("k"), lambda: ours.get("k"))
        compare(
            "pymemcache", "get_or_load (get), a hit", trip, lambda: bare.get("k"), lambda: ours.get_or_load("k", dict)
        )
        compare("pymemcache", "set", trip, lambda: bare.set("k", VALUE), lambda: ours.set("k", VALUE))
        compare("pymemcache", "delete", trip, lambda: bare.delete("k"), lambda: ours.delete("k"))


def redis_py(address: str) -> None:
    """redis-py."""
    host, _, port = address.rpartition(":")
    bare = redis.Redis(host, int(port), socket_timeout=1, socket_connect_timeout=1)
    trip = trip_to(address, b"GET k\r\n")
    with ringshift.Router.from_spec(spec(address)) as router, Redis(router) as ours:
        ours.set("k", VALUE)
        compare("redis-py", "get", trip, lambda: bare.get("k"), lambda: ours.get("k"))
        compare(
            "redis-py", "get_or_load (get), a hit", trip, lambda: bare.get("k"), lambda: ours.get_or_load("k", dict)
        )
        compare("redis-py", "set", trip, lambda: bare.set("k", VALUE), lambda: ours.set("k", VALUE))
        compare("redis-py", "delete", trip, lambda: bare.delete("k"), lambda: ours.delete("k"))


async def redis_asyncio(address: str) -> None:
    """redis-py's asyncio client. The round trip is again that of a socket without a loop."""
    host, _, port = address.rpartition(":")
    trip = trip_to(address, b"GET k\r\n")
    bare = redis.asyncio.Redis(host=host, port=int(port), socket_timeout=1, socket_connect_timeout=1)
    with ringshift.Router.from_spec(spec(address)) as router:
        async with bare, awaited.Redis(router) as ours:
            await ours.set("k", VALUE)
            pairs: dict[str, tuple[Callable[[], Awaitable[object]], Callable[[], Awaitable[object]]]] = {
                "get": (lambda: bare.get("k"), lambda: ours.get("k")),
                "get_or_load (get), a hit": (lambda: bare.get("k"), lambda: ours.get_or_load("k", dict)),
                "set": (lambda: bare.set("k", VALUE), lambda: ours.set("k", VALUE)),
                "delete": (lambda: bare.delete("k"), lambda: ours.delete("k")),
            }
            for operation, (theirs, adapter) in pairs.items():
                times = [
                    (block(trip), await awaited_block(theirs), await awaited_block(adapter)) for _ in range(ROUNDS)
                ]
                tell("redis.asyncio", operation, times)


if __name__ == "__main__":
    memcached(sys.argv[1])
    redis_py(sys.argv[2])
    asyncio.run(redis_asyncio(sys.argv[2]))
