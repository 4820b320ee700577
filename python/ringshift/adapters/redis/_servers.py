"""Steps sent by redis-py: a client for each address, made when it is first needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from ringshift._ringshift import Node, Router
from ringshift.adapters._connecting import Fault, connecting, connecting_fault, mark
from ringshift.adapters._steps import Item, Refused, Reply, Step, Token
from ringshift.adapters._ways import SharedWays
from ringshift.adapters.redis._exchange import ask, ask_all
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


class Servers(SharedWays[Any]):
    """The transport. Any number of threads may use it, and a forked child, where redis-py connects anew."""

    def __init__(self, router: Router, options: Mapping[str, Any]) -> None:
        """Connects to nothing yet.

        Args:
            router: Tells which addresses are still in use.
            options: For redis-py's `Redis`.
        """
        super().__init__(router)
        self._options = options

    def send(self, step: Step) -> Reply:
        """Sends a step; only a caller's mistake is raised."""
        try:
            client, prefix = self._way(step.node)
            if (command := single(step, prefix)) is not None:
                return meaning(step, ask(client, command))
            reply: Reply = _carried(client, requests(step, [prefix + key for key in step.keys]))
        except Exception as error:  # noqa: BLE001 - what is no node's failure is raised again
            return failure(error)
        return reply

    def get(self, node: Node, key: bytes) -> Item | None:
        """The step GET for one key; raises what redis-py raises, and so do those below."""
        client, prefix = self._ways.get(node) or self._way(node)
        return item_of(ask(client, get_command(prefix + key)))

    def seek(self, node: Node, key: bytes) -> Item | Token | None:
        """The step SEEK for one key."""
        client, prefix = self._ways.get(node) or self._way(node)
        value = ask(client, get_command(prefix + key))
        if (item := item_of(value)) is not None:
            return item
        found: Token | None = _carried(client, leases([prefix + key], [value]))[0]
        return found

    def store(self, node: Node, key: bytes, item: Item) -> bool | Refused:
        """The step SET for one key."""
        client, prefix = self._ways.get(node) or self._way(node)
        return done_of(ask(client, set_command(prefix + key, item)))

    def delete(self, node: Node, key: bytes, _item: None) -> bool | Refused:
        """The step DELETE for one key."""
        client, prefix = self._ways.get(node) or self._way(node)
        return done_of(ask(client, delete_command(prefix + key)))

    def _make(self, address: str) -> Any:
        retry = Retry(NoBackoff(), 1, RETRIED)
        # redis-py's methods are typed in part only.
        client: Any = redis.Redis(**{"retry": retry, **self._options, **where(address)})
        pool = client.connection_pool
        pool.connection_class = _telling(pool.connection_class)
        return client

    def _let_go(self, clients: Iterable[Any]) -> None:
        """Their connections close with the last call on them."""


@cache
def _telling(connection: type[Any]) -> type[Any]:
    """A connection class of redis-py whose errors tell whether there was a connection."""
    secured = issubclass(connection, redis.SSLConnection)

    class Connection(connection):  # type: ignore[misc]
        fault: Fault | None = None

        def _connect(self) -> Any:
            self.fault = None
            try:
                with connecting(secured=secured):
                    return super()._connect()
            except OSError as error:
                self.fault = connecting_fault(error)
                raise

        def connect_check_health(self, *arguments: Any, **named: Any) -> None:
            # Connects, and raises an error of redis-py's own if that fails.
            try:
                super().connect_check_health(*arguments, **named)
            except redis.RedisError as error:
                if self.fault is not None:
                    mark(error, self.fault)
                raise

    return Connection


def _carried(client: Any, wanted: Requests) -> Any:
    """What a step's requests come to."""
    try:
        commands = next(wanted)
        while True:
            commands = wanted.send(ask_all(client, commands))
    except StopIteration as done:
        return done.value
