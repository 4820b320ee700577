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

import os
import threading
import weakref
from collections.abc import Callable
from typing import Any, Self

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from ringshift._ringshift import Router
from ringshift.adapters import _reading
from ringshift.adapters._loads import Loaded, Loads
from ringshift.adapters._steps import Item, Plan, Reply, Step, carry_out
from ringshift.adapters.redis._commands import Commands, Key, Time, _ttl
from ringshift.adapters.redis._nodes import RETRIED, failure, where
from ringshift.adapters.redis._requests import Command, meaning, requests, single

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
        # redis-py's methods are typed in part only.
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._loads = Loads()
        _in_use.add(self)

    def forget(self) -> None:
        """In a forked child: a thread of the parent's may have had the lock. redis-py makes connections anew itself."""
        self._lock = threading.Lock()

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
        ttl = _ttl(expire, None)
        arrived = self._loads.arrive()
        route, key = self._route(name)
        item, tokens = self._do(_reading.seek(self._router, route, key))
        if item is not None:
            return self._decoded(item)

        def ask() -> Loaded:
            value = load()
            return None if value is None else Item(self._bytes(value), ttl=ttl)

        def fill(item: Item) -> bool:
            filled: bool = self._do(_reading.fill(self._router, tokens, key, item))
            return filled

        return self._decoded(self._loads.run(key, arrived, ask, fill))

    def ttl(self, name: Key) -> int:
        """The seconds that a key has left; -1 for no end, -2 if it is not found."""
        left: int = self.pttl(name)
        return left if left < 0 else round(left / 1000)

    def ping(self) -> bool:
        """Whether every node of the spec answers; raises what the first one that doesn't says."""
        for address in dict.fromkeys(node.address for node in self._router.nodes):
            self._client(address).ping()
        return True

    def flushdb(self) -> bool:
        """Empties the database of every node of the spec, whatever else is in it."""
        for address in dict.fromkeys(node.address for node in self._router.nodes):
            self._client(address).flushdb()
        return True

    def close(self) -> None:
        """Closes all connections; the next call opens new ones."""
        with self._lock:
            clients, self._clients = self._clients, {}
        for client in clients.values():
            client.close()

    def __enter__(self) -> Self:
        """The client itself; it is closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes all connections."""
        self.close()

    def _do(self, plan: Plan[Any]) -> Any:
        return carry_out(plan, self._send, self._router)

    def _on_record(self, name: str, key: Key, *arguments: Any) -> Any:
        node, wire = self._record(name, key)
        try:
            result = _execute_once(self._client(node.address), (name.upper(), wire, *arguments))
        except redis.RedisError as error:
            if not isinstance(error, redis.ResponseError):
                failed = failure(error)
                self._router.report(node, failed.outcome or "error", "fill")
            raise
        self._router.report(node, "ok", "fill")
        return result

    def _send(self, step: Step) -> Reply:
        prefix = step.node.key_prefix.encode()
        client = self._client(step.node.address)
        try:
            if (command := single(step, prefix)) is not None:
                return meaning(step, _one(client, command))
            wanted = requests(step, [prefix + key for key in step.keys])
            commands = next(wanted)
            while True:
                commands = wanted.send(_execute(client, commands))
        except StopIteration as done:
            reply: Reply = done.value
            return reply
        except Exception as error:  # noqa: BLE001 - what is no node's failure is raised again
            return failure(error)

    def _client(self, address: str) -> Any:
        client = self._clients.get(address)
        return self._add(address) if client is None else client

    def _add(self, address: str) -> Any:
        with self._lock:
            client = self._clients.get(address)
            if client is None:
                retry = Retry(NoBackoff(), 1, RETRIED)
                client = redis.Redis(**{"retry": retry, **self._options, **where(address)})
                # An address that the spec has no more is let go; its connections close with the last call on them.
                known = {node.address for node in self._router.nodes} | {address}
                self._clients = {each: kept for each, kept in self._clients.items() if each in known}
                self._clients[address] = client
            return client


def _one(client: Any, command: Command) -> Any:
    """One command; what the server refuses is an answer."""
    try:
        return client.execute_command(*command)
    except redis.OutOfMemoryError as error:
        return error


def _execute_once(client: Any, command: Command) -> Any:
    """What would be done twice if it was sent again: redis-py would do so when a connection dies under it."""
    pool = client.connection_pool
    # Replaced by the pool if it died while it was idle.
    connection = pool.get_connection()
    try:
        connection.send_command(*command)
        return connection.read_response()
    except redis.ResponseError:
        raise
    except BaseException:
        connection.disconnect()
        raise
    finally:
        pool.release(connection)


def _execute(client: Any, commands: list[Command]) -> list[Any]:
    """One round trip."""
    if len(commands) == 1:
        try:
            return [client.execute_command(*commands[0])]
        except redis.ResponseError as error:
            return [error]
    with client.pipeline(transaction=False) as pipeline:
        for command in commands:
            pipeline.execute_command(*command)
        replies: list[Any] = pipeline.execute(raise_on_error=False)
        return replies


_in_use: weakref.WeakSet[Redis] = weakref.WeakSet()


def _in_child() -> None:
    for client in list(_in_use):
        client.forget()


os.register_at_fork(after_in_child=_in_child)
