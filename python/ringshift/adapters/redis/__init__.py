"""redis-py over a router: `Redis` has the methods of redis-py's client and carries out routes.

    import ringshift
    from ringshift.adapters.redis import Redis

    router = ringshift.Router.open("cache.json", watch=1.0)
    client = Redis(router, decode_responses=True)
    user = client.get_or_load("user:42", database.user_42, expire=300)
    client.invalidate("user:42")

`ringshift.adapters.redis.asyncio.Redis` is the same for asyncio. It works with Redis from 2.6 and with Valkey; each
node is a server of its own (not one of Redis Cluster).

What is different from a redis-py client:

- There are the commands for strings that a cache needs, and no others: values of other types can't be copied.
- A read never fails because a cache does: a node that can't be reached is a miss. Only a caller's mistake, such as a
  key that holds a list, is raised.
- A write that a node did not acknowledge raises `InvalidationLostError`.
- Times to live are limited to the spec's `max_ttl`.
- `get_or_load` is the whole cache-aside read: it stores what it loads so that no write can be overtaken by it.
  `invalidate` is what follows a write to the database.
- `set` with `nx`, and `setnx`, only store the value where the key is read, if nothing is stored there; what they store
  may be older than a write that was completed meanwhile. Use `get_or_load` in their place.
- `incr`, `decr` and `append` change a value that exists nowhere else, which can't be migrated. They work on clusters
  without replicas while no migration is going on, and are refused otherwise.
- Connections time out after a second, and a command is sent once more only if its connection had died, unless you say
  otherwise; `incr`, `decr` and `append` are never sent twice.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

import redis

from ringshift._ringshift import Router
from ringshift.adapters import _reading, _writing
from ringshift.adapters._carrying import carry_out
from ringshift.adapters._loads import Loaded, Loads
from ringshift.adapters._steps import Item, Plan
from ringshift.adapters._straight import reader, writer
from ringshift.adapters.redis._commands import Commands, Key, Time, ttl_of
from ringshift.adapters.redis._exchange import ask_once
from ringshift.adapters.redis._nodes import failure
from ringshift.adapters.redis._servers import Servers
from ringshift.errors import ClosedError

__all__ = ["Redis"]


class Redis(Commands):
    """redis-py's methods over a router. Any number of threads may use one client; a forked child may, too.

    Args:
        router: The router; it stays yours to close.
        **options: For redis-py's `Redis`, such as `db`, `password`, `ssl`, `socket_timeout`, `decode_responses`,
            `max_connections`; but for those that say where the server is.
    """

    def __init__(self, router: Router, **options: Any) -> None:
        """Makes a client; connections are opened when they are needed."""
        super().__init__(router, **options)
        sent = self._servers = Servers(router, self._options)
        self._read = reader(router, _reading.read, sent.get, sent.send, failure, misses=True)
        self._seek = reader(router, _reading.find, sent.seek, sent.send, failure, misses=False)
        self._store = writer(router, _writing.set_one, sent.store, sent.send, failure)
        self._remove = writer(router, _writing.delete_one, sent.delete, sent.send, failure)
        self._loads = Loads()

    def get_or_load(self, name: Key, load: Callable[[], Any], expire: Time | None = None) -> Any:
        """The value of a key; if no cache has it, what `load` gives, which is then stored.

        What is stored is never older than a write whose invalidation was acknowledged. Threads that ask for the same
        key at the same time share a load wherever none of them can get a value that is too old by it.

        Args:
            name: The key.
            load: Asks the origin, in this thread. What it raises is raised; None means that there is nothing, and is
                not stored. It has 30 seconds for its value to be stored.
            expire: How long the value lives, in seconds; None for ever.
        """
        ttl = ttl_of(expire, None)
        arrived = self._loads.arrive()
        route, key = self._route(name)
        found = self._seek(route, key)
        if isinstance(found, Item):
            return self._decoded(found)

        def ask() -> Loaded:
            value = load()
            return None if value is None else Item(self._bytes(value), ttl=ttl)

        def fill(item: Item) -> bool:
            filled: bool = self._do(_reading.fill(self._router, found, key, item))
            return filled

        return self._decoded(self._loads.run(key, arrived, ask, fill))

    def ttl(self, name: Key) -> int:
        """The seconds that a key has left; -1 for no end, -2 if it is not found."""
        left: int = self.pttl(name)
        return left if left < 0 else round(left / 1000)

    def ping(self) -> bool:
        """Whether every node of the spec answers; raises what the first one that doesn't says."""
        for address in dict.fromkeys(node.address for node in self._router.nodes):
            self._servers.client(address).ping()
        return True

    def flushdb(self) -> bool:
        """Empties the database of every node of the spec, whatever else is in it."""
        for address in dict.fromkeys(node.address for node in self._router.nodes):
            self._servers.client(address).flushdb()
        return True

    def close(self) -> None:
        """Closes all connections; the next call opens new ones."""
        self._servers.close()

    def __enter__(self) -> Self:
        """The client itself; it is closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes all connections."""
        self.close()

    def _do(self, plan: Plan[Any]) -> Any:
        return carry_out(plan, self._servers.send, self._router)

    def _get_one(self, name: Key) -> Any:
        route, key = self._route(name)
        return self._decoded(self._read(route, key))

    def _set_one(self, name: Key, item: Item) -> bool | None:
        route, key = self._route(name)
        return self._store(route, key, item) or None

    def _delete_one(self, name: Key, count: bool) -> int | None:
        route, key = self._route(name)
        found = self._remove(route, key, None)
        return int(found) if count else None

    def _on_record(self, name: str, key: Key, *arguments: Any) -> Any:
        node, wire = self._record(name, key)
        try:
            result = ask_once(self._servers.client(node.address), (name.upper(), wire, *arguments))
        except redis.RedisError as error:
            if not isinstance(error, redis.ResponseError):
                with suppress(ClosedError):
                    self._router.report(node, failure(error).outcome, "fill")
            raise
        # As in `_steps`, it has its result also if the router was closed meanwhile.
        try:
            self._router.report(node, "ok", "fill")
        except ClosedError:
            return result
        return result
