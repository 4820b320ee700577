"""The same as `_servers`, by redis-py's asyncio client."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import cache
from typing import Any

import redis
from redis.asyncio import Redis as NodeClient
from redis.asyncio import SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from ringshift._ringshift import Node, Router
from ringshift.adapters._connecting import Fault, connecting, connecting_fault, mark
from ringshift.adapters._steps import Item, Refused, Reply, Step, Token
from ringshift.adapters._ways import Ways
from ringshift.adapters.redis._exchange_async import ask, ask_all
from ringshift.adapters.redis._nodes import RETRIED, failure, where
from ringshift.adapters.redis._requests import (
    Requests,
    delete_command,
    done_of,
    get_command,
    item_of,
    leases,
    meaning,
    requests,
    set_command,
    single,
)


class Server:
    """The client for one address. It is closed when the address has left the spec and nobody uses it any more."""

    __slots__ = ("client", "left", "users")

    def __init__(self, client: Any) -> None:
        """Used by nobody yet."""
        self.client = client
        self.users = 0
        self.left = False

    async def use(self, how: Callable[[Any, Any], Awaitable[Any]], what: Any) -> Any:
        """Sends something by the client."""
        self.users += 1
        try:
            return await how(self.client, what)
        finally:
            self.users -= 1
            if self.left and not self.users:
                await self.client.aclose()

    def leave(self) -> None:
        """The address has left the spec."""
        self.left = True
        if not self.users:
            # Nobody awaits it here.
            closing = asyncio.ensure_future(self.client.aclose())
            _closing.add(closing)
            closing.add_done_callback(_closing.discard)


_closing: set[asyncio.Future[None]] = set()


class Servers(Ways[Server]):
    """The transport of one event loop."""

    def __init__(self, router: Router, options: Mapping[str, Any]) -> None:
        """Connects to nothing yet.

        Args:
            router: Tells which addresses are still in use.
            options: For redis-py's `Redis`.
        """
        super().__init__(router)
        self._options = options
        self._left: list[Server] = []

    async def send(self, step: Step) -> Reply:
        """Sends a step; only a caller's mistake is raised."""
        try:
            server, prefix = self._way(step.node)
            if (command := single(step, prefix)) is not None:
                return meaning(step, await server.use(ask, command))
            reply: Reply = await server.use(_carried, requests(step, [prefix + key for key in step.keys]))
        except Exception as error:  # noqa: BLE001 - what is no node's failure is raised again
            return failure(error)
        return reply

    async def get(self, node: Node, key: bytes) -> Item | None:
        """The step GET for one key; raises what redis-py raises, and so do those below."""
        server, prefix = self._ways.get(node) or self._way(node)
        return item_of(await server.use(ask, get_command(prefix + key)))

    async def seek(self, node: Node, key: bytes) -> Item | Token | None:
        """The step SEEK for one key."""
        server, prefix = self._ways.get(node) or self._way(node)
        value = await server.use(ask, get_command(prefix + key))
        if (item := item_of(value)) is not None:
            return item
        found: Token | None = (await server.use(_carried, leases([prefix + key], [value])))[0]
        return found

    async def store(self, node: Node, key: bytes, item: Item) -> bool | Refused:
        """The step SET for one key."""
        server, prefix = self._ways.get(node) or self._way(node)
        return done_of(await server.use(ask, set_command(prefix + key, item)))

    async def delete(self, node: Node, key: bytes, _item: None) -> bool | Refused:
        """The step DELETE for one key."""
        server, prefix = self._ways.get(node) or self._way(node)
        return done_of(await server.use(ask, delete_command(prefix + key)))

    def _make(self, address: str) -> Server:
        retry = Retry(NoBackoff(), 1, RETRIED)
        # redis-py's methods are typed in part only.
        client: Any = NodeClient(**{"retry": retry, **self._options, **where(address)})
        pool = client.connection_pool
        pool.connection_class = _telling(pool.connection_class)
        return Server(client)

    def _let_go(self, clients: Iterable[Server]) -> None:
        self._left = [each for each in self._left if each.users]
        for server in clients:
            server.leave()
            self._left.append(server)

    async def aclose(self) -> None:
        """Closes all connections; the next step opens new ones."""
        servers = [*self._emptied(), *(each for each in self._left if each.users)]
        self._left = []
        for server in servers:
            server.left = False
            await server.client.aclose()


@cache
def _telling(connection: type[Any]) -> type[Any]:
    """A connection class of redis-py whose errors tell whether there was a connection."""
    secured = issubclass(connection, SSLConnection)

    class Connection(connection):  # type: ignore[misc]
        fault: Fault | None = None

        async def _connect(self) -> None:
            self.fault = None
            try:
                with connecting(secured=secured):
                    await super()._connect()
            except OSError as error:
                self.fault = connecting_fault(error)
                raise

        async def connect_check_health(self, *arguments: Any, **named: Any) -> None:
            # Connects, and raises an error of redis-py's own if that fails.
            try:
                await super().connect_check_health(*arguments, **named)
            except redis.RedisError as error:
                if self.fault is not None:
                    mark(error, self.fault)
                raise

    return Connection


async def _carried(client: Any, wanted: Requests) -> Any:
    """What a step's requests come to."""
    try:
        commands = next(wanted)
        while True:
            commands = wanted.send(await ask_all(client, commands))
    except StopIteration as done:
        return done.value
