"""redis-py's asyncio client over a router: the same as `ringshift.adapters.redis`, with methods that are awaited.

    import ringshift
    from ringshift.adapters.redis.asyncio import Redis

    async def main():
        router = ringshift.Router.open("cache.json", watch=1.0)
        async with Redis(router, decode_responses=True) as client:
            user = await client.get_or_load("user:42", database.user_42, expire=300)
            await client.invalidate("user:42")
            return user

A client belongs to one event loop. Requests to different nodes are under way at the same time where the protocol allows
it, as in `mget`. A write that is cancelled while it invalidates goes on in a task of its own, as removals only, for 30
seconds at most; what can't be removed by then, or when the loop ends, counts as lost.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Self

import redis

from ringshift._ringshift import Router
from ringshift.adapters import _reading, _writing
from ringshift.adapters._carrying import carry_out_async
from ringshift.adapters._loads import AsyncLoads, Loaded
from ringshift.adapters._steps import Item, Plan
from ringshift.adapters._straight import async_reader, async_writer
from ringshift.adapters.redis._commands import Commands, Key, Time, ttl_of
from ringshift.adapters.redis._exchange_async import ask_once
from ringshift.adapters.redis._nodes import failure
from ringshift.adapters.redis._servers_async import Servers
from ringshift.errors import ClosedError

__all__ = ["Redis"]


class Redis(Commands):
    """The methods of redis-py's asyncio client over a router. Any number of tasks of one event loop may use one client.

    Args:
        router: The router; it stays yours to close.
        **options: For redis-py's `Redis`, such as `db`, `password`, `ssl`, `socket_timeout`, `decode_responses`,
            `max_connections`; but for those that say where the server is.
    """

    def __init__(self, router: Router, **options: Any) -> None:
        """Makes a client; connections are opened when they are needed."""
        super().__init__(router, **options)
        sent = self._servers = Servers(router, self._options)
        self._read = async_reader(router, _reading.read, sent.get, sent.send, failure, misses=True)
        self._seek = async_reader(router, _reading.find, sent.seek, sent.send, failure, misses=False)
        self._store = async_writer(router, _writing.set_one, sent.store, sent.send, failure)
        self._remove = async_writer(router, _writing.delete_one, sent.delete, sent.send, failure)
        self._loads = AsyncLoads()

    async def get_or_load(self, name: Key, load: Callable[[], Awaitable[Any] | Any], expire: Time | None = None) -> Any:
        """The value of a key; if no cache has it, what `load` gives, which is then stored.

        What is stored is never older than a write whose invalidation was acknowledged. Tasks that ask for the same key
        at the same time share a load wherever none of them can get a value that is too old by it.

        Args:
            name: The key.
            load: Asks the origin; what it gives is awaited if it can be. What it raises is raised; None means that
                there is nothing, and is not stored. It has 30 seconds for its value to be stored.
            expire: How long the value lives, in seconds; None for ever.
        """
        ttl = ttl_of(expire, None)
        arrived = self._loads.arrive()
        route, key = self._route(name)
        found = await self._seek(route, key)
        if isinstance(found, Item):
            return self._decoded(found)

        async def ask() -> Loaded:
            value = load()
            if inspect.isawaitable(value):
                value = await value
            return None if value is None else Item(self._bytes(value), ttl=ttl)

        async def fill(item: Item) -> bool:
            filled: bool = await self._do(_reading.fill(self._router, found, key, item))
            return filled

        return self._decoded(await self._loads.run(key, arrived, ask, fill))

    async def ttl(self, name: Key) -> int:
        """The seconds that a key has left; -1 for no end, -2 if it is not found."""
        left: int = await self.pttl(name)
        return left if left < 0 else round(left / 1000)

    async def ping(self) -> bool:
        """Whether every node of the spec answers; raises what the first one that doesn't says."""
        for address in dict.fromkeys(node.address for node in self._router.nodes):
            await self._servers.client(address).client.execute_command("PING")
        return True

    async def flushdb(self) -> bool:
        """Empties the database of every node of the spec, whatever else is in it."""
        for address in dict.fromkeys(node.address for node in self._router.nodes):
            await self._servers.client(address).client.execute_command("FLUSHDB")
        return True

    async def aclose(self) -> None:
        """Closes all connections; the next call opens new ones."""
        await self._servers.aclose()

    async def __aenter__(self) -> Self:
        """The client itself; it is closed at the end."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Closes all connections."""
        await self.aclose()

    def _do(self, plan: Plan[Any]) -> Any:
        return carry_out_async(plan, self._servers.send, self._router)

    async def _get_one(self, name: Key) -> Any:
        route, key = self._route(name)
        return self._decoded(await self._read(route, key))

    async def _set_one(self, name: Key, item: Item) -> bool | None:
        route, key = self._route(name)
        return (await self._store(route, key, item)) or None

    async def _delete_one(self, name: Key, count: bool) -> int | None:
        route, key = self._route(name)
        found = await self._remove(route, key, None)
        return int(found) if count else None

    async def _on_record(self, name: str, key: Key, *arguments: Any) -> Any:
        node, wire = self._record(name, key)
        try:
            result = await self._servers.client(node.address).use(ask_once, (name.upper(), wire, *arguments))
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
