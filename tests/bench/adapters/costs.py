"""Python's part: pymemcache and redis-py, bare and through the adapter. `costs.py MEMCACHED REDIS`."""

from __future__ import annotations

import json
import socket
import statistics
import sys
import time
from collections.abc import Callable

import redis
import ringshift
from pymemcache.client.base import PooledClient
from ringshift.adapters.pymemcache import Client
from ringshift.adapters.redis import Redis

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


def compare(
    client: str, operation: str, trip: Callable[[], object], bare: Callable[[], object], ours: Callable[[], object]
) -> None:
    """Blocks in turn; the difference is the median of those of neighbours."""
    trips, bares, adapters = [], [], []
    for _ in range(ROUNDS):
        trips.append(block(trip))
        bares.append(block(bare))
        adapters.append(block(ours))
    row = {
        "client": client,
        "operation": operation,
        "round_trip": statistics.median(trips),
        "bare": statistics.median(bares),
        "adapter": statistics.median(adapters),
        "difference": statistics.median(ours - bare for bare, ours in zip(bares, adapters, strict=True)),
    }
    print(json.dumps(row))


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


if __name__ == "__main__":
    memcached(sys.argv[1])
    redis_py(sys.argv[2])
