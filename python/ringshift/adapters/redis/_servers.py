"""Steps sent by redis-py: a client for each address, made when it is first needed."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from ringshift._ringshift import Node, Router
from ringshift.adapters._steps import Item, Refused, Reply, Step, Token
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
from ringshift.errors import ClosedError


class Servers:
    """The transport. Any number of threads may use it, and a forked child, where redis-py connects anew."""

    def __init__(self, router: Router, options: Mapping[str, Any]) -> None:
        """Connects to nothing yet.

        Args:
            router: Tells which addresses are still in use.
            options: For redis-py's `Redis`.
        """
        self._router = router
        self._options = options
        self.clients: dict[str, Any] = {}
        # Of nodes of one generation, or they would become more and more.
        self._ways: dict[Node, tuple[Any, bytes]] = {}
        self._generation = 0
        self.forget()
        _in_use.add(self)

    def forget(self) -> None:
        """In a forked child: a thread of the parent's may have had the lock."""
        self._lock = threading.Lock()

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

    def client(self, address: str) -> Any:
        """The client for an address."""
        client = self.clients.get(address)
        if client is None:
            with self._lock:
                client = self.clients.get(address)
                if client is None:
                    client = self._add(address)
        return client

    def _add(self, address: str) -> Any:
        retry = Retry(NoBackoff(), 1, RETRIED)
        # redis-py's methods are typed in part only.
        client: Any = redis.Redis(**{"retry": retry, **self._options, **where(address)})
        # An address that the spec has no more is let go; its connections close with the last call on them.
        known = {node.address for node in self._router.nodes} | {address}
        self.clients = {each: kept for each, kept in self.clients.items() if each in known}
        self.clients[address] = client
        self._ways = {}
        return client

    def _way(self, node: Node) -> tuple[Any, bytes]:
        """The client for a node, and what comes before keys there."""
        way = self._ways.get(node)
        if way is None:
            way = self.client(node.address), node.key_prefix.encode()
            # What was begun is still sent when the router is closed.
            with self._lock, suppress(ClosedError):
                if self._generation != self._router.generation:
                    self._ways, self._generation = {}, self._router.generation
                if self.clients.get(node.address) is way[0]:
                    self._ways[node] = way
        return way

    def close(self) -> None:
        """Closes all connections; the next step opens new ones."""
        with self._lock:
            clients, self.clients, self._ways = self.clients, {}, {}
        for client in clients.values():
            client.close()


def _carried(client: Any, wanted: Requests) -> Any:
    """What a step's requests come to."""
    try:
        commands = next(wanted)
        while True:
            commands = wanted.send(ask_all(client, commands))
    except StopIteration as done:
        return done.value


_in_use: weakref.WeakSet[Servers] = weakref.WeakSet()


def _in_child() -> None:
    for servers in list(_in_use):
        servers.forget()


os.register_at_fork(after_in_child=_in_child)
