"""redis-py's asyncio client over a router: the same as `ringshift.adapters.redis`, with methods that are awaited.

    import ringshift
    import ringshift
    from ringshift.adapters.redis.asyncio import Redis

    async def main():
        router = ringshift.Router.open("cache.json", watch=1.0)
        async with Redis(router, decode_responses=True) as client:
            user = await client.get_or_load("user:42", database.user_42, expire=300)
            await client.invalidate("user:42")
            return user

A client belongs to one event loop. Requests to different nodes are under way at the same time where the protocol allows
it, as in `mget`.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Self

import redis
from redis.asyncio import Redis as NodeClient
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from ringshift._ringshift import Router
from ringshift.adapters import _reading
from ringshift.adapters._loads import AsyncLoads, Loaded
from ringshift.adapters._steps import Item, Plan, Reply, Step, carry_out_async
from ringshift.adapters.redis._commands import Commands, Key, Time, _ttl
from ringshift.adapters.redis._nodes import RETRIED, failure, where
from ringshift.adapters.redis._requests import Command, meaning, requests, single

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
        # redis-py's methods are typed in part only.
        self._clients: dict[str, Any] = {}
        self._busy: dict[Any, int] = {}
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
        ttl = _ttl(expire, None)
        arrived = self._loads.arrive()
        route, key = self._route(name)
        item, tokens = await self._do(_reading.seek(self._router, route, key))
        if item is not None:
            return self._decoded(item)

        async def ask() -> Loaded:
            value = load()
            if inspect.isawaitable(value):
                value = await value
            return None if value is None else Item(self._bytes(value), ttl=ttl)

        async def fill(item: Item) -> bool:
            filled: bool = await self._do(_reading.fill(self._router, tokens, key, item))
            return filled

        return self._decoded(await self._loads.run(key, arrived, ask, fill))

    async def ttl(self, name: Key) -> int:
        """The seconds that a key has left; -1 for no end, -2 if it is not found."""
        left: int = await self.pttl(name)
        return left if left < 0 else round(left / 1000)

    async def ping(self) -> bool:
        """Whether every node of the spec answers; raises what the first one that doesn't says."""
        for address in dict.fromkeys(node.address for node in self._router.nodes):
            await self._client(address).execute_command("PING")
        return True

    async def flushdb(self) -> bool:
        """Empties the database of every node of the spec, whatever else is in it."""
        for address in dict.fromkeys(node.address for node in self._router.nodes):
            await self._client(address).execute_command("FLUSHDB")
        return True

    async def aclose(self) -> None:
        """Closes all connections; the next call opens new ones."""
        clients = {*self._clients.values(), *self._busy}
        self._clients, self._busy = {}, {}
        for client in clients:
            await client.aclose()

    async def __aenter__(self) -> Self:
        """The client itself; it is closed at the end."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Closes all connections."""
        await self.aclose()

    def _do(self, plan: Plan[Any]) -> Any:
        return carry_out_async(plan, self._send, self._router)

    async def _on_record(self, name: str, key: Key, *arguments: Any) -> Any:
        node, wire = self._record(name, key)
        try:
            result = await _execute_once(self._client(node.address), (name.upper(), wire, *arguments))
        except redis.RedisError as error:
            if not isinstance(error, redis.ResponseError):
                failed = failure(error)
                self._router.report(node, failed.outcome or "error", "fill")
            raise
        self._router.report(node, "ok", "fill")
        return result

    async def _send(self, step: Step) -> Reply:
        prefix = step.node.key_prefix.encode()
        client = self._client(step.node.address)
        self._busy[client] = self._busy.get(client, 0) + 1
        try:
            if (command := single(step, prefix)) is not None:
                return meaning(step, await _one(client, command))
            wanted = requests(step, [prefix + key for key in step.keys])
            commands = next(wanted)
            while True:
                commands = wanted.send(await _execute(client, commands))
        except StopIteration as done:
            reply: Reply = done.value
            return reply
        except Exception as error:  # noqa: BLE001 - what is no node's failure is raised again
            return failure(error)
        finally:
            await self._release(client, step.node.address)

    async def _release(self, client: Any, address: str) -> None:
        """A client whose address left the spec is closed by the last who used it."""
        if client not in self._busy:
            return
        self._busy[client] -= 1
        if self._busy[client] == 0:
            del self._busy[client]
            if self._clients.get(address) is not client:
                await client.aclose()

    def _client(self, address: str) -> Any:
        client = self._clients.get(address)
        return self._add(address) if client is None else client

    def _add(self, address: str) -> Any:
        retry = Retry(NoBackoff(), 1, RETRIED)
        client = NodeClient(**{"retry": retry, **self._options, **where(address)})
        self._clients[address] = client
        known = {node.address for node in self._router.nodes} | {address}
        for each in self._clients.keys() - known:
            left = self._clients.pop(each)
            if left not in self._busy:
                # Nobody awaits it here.
                closing = asyncio.ensure_future(left.aclose())
                _closing.add(closing)
                closing.add_done_callback(_closing.discard)
        return client


_closing: set[asyncio.Future[None]] = set()


async def _one(client: Any, command: Command) -> Any:
    """One command; what the server refuses is an answer."""
    try:
        return await client.execute_command(*command)
    except redis.OutOfMemoryError as error:
        return error


async def _execute_once(client: Any, command: Command) -> Any:
    """What would be done twice if it was sent again: redis-py would do so when a connection dies under it."""
    pool = client.connection_pool
    # Replaced by the pool if it died while it was idle.
    connection = await pool.get_connection()
    try:
        await connection.send_command(*command)
        return await connection.read_response()
    except redis.ResponseError:
        raise
    except BaseException:
        await connection.disconnect(nowait=True)
        raise
    finally:
        await pool.release(connection)


async def _execute(client: Any, commands: list[Command]) -> list[Any]:
    """One round trip."""
    if len(commands) == 1:
        try:
            return [await client.execute_command(*commands[0])]
        except redis.ResponseError as error:
            return [error]
    async with client.pipeline(transaction=False) as pipeline:
        for command in commands:
            pipeline.execute_command(*command)
        replies: list[Any] = await pipeline.execute(raise_on_error=False)
        return replies
