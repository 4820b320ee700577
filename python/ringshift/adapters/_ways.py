"""The way to each node: the client of its address, made when it is first needed, and what comes before keys there.

A transport is a `Ways` or, where threads use it, a `SharedWays`; and says how a client is made and how it is let go. On
the path of an operation a transport looks into `_ways` itself, and calls `_way` only for a node that is not there.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

from ringshift._ringshift import Node, Router
from ringshift.adapters._forks import forget_in_child
from ringshift.errors import ClosedError

_Client = TypeVar("_Client")


class Ways(Generic[_Client]):
    """Of one event loop."""

    def __init__(self, router: Router, key_prefix: bytes = b"") -> None:
        """Connects to nothing yet.

        Args:
            router: Tells which addresses are still in use.
            key_prefix: Comes before every key and after a node's own prefix.
        """
        self._router = router
        self._key_prefix = key_prefix
        self.clients: dict[str, _Client] = {}
        # Of nodes of one generation, or they would become more and more.
        self._ways: dict[Node, tuple[_Client, bytes]] = {}
        self._generation = 0

    def client(self, address: str) -> _Client:
        """The client for an address."""
        client = self.clients.get(address)
        return self._add(address) if client is None else client

    def _make(self, address: str) -> _Client:
        """A new client, which has connected to nothing yet."""
        raise NotImplementedError

    def _let_go(self, clients: Iterable[_Client]) -> None:
        """Some addresses, or none, have left the spec. What is under way to them is not to be disturbed."""
        raise NotImplementedError

    def _add(self, address: str) -> _Client:
        client = self.clients[address] = self._make(address)
        # What was begun is still sent when the router is closed.
        with suppress(ClosedError):
            # Who asks for an address that has just left the spec still needs it.
            known = {node.address for node in self._router.nodes} | {address}
            left = self.clients.keys() - known
            if left:
                self._ways = {}
            self._let_go([self.clients.pop(each) for each in left])
        return client

    def _way(self, node: Node) -> tuple[_Client, bytes]:
        """The client for a node, and what comes before keys there."""
        way = self._ways.get(node)
        if way is None:
            client = self.clients.get(node.address)
            if client is None:
                client = self._add(node.address)
            way = client, node.key_prefix.encode() + self._key_prefix
            # As above.
            with suppress(ClosedError):
                if self._generation != self._router.generation:
                    self._ways, self._generation = {}, self._router.generation
                self._ways[node] = way
        return way

    def _emptied(self) -> list[_Client]:
        """The clients there were; the next step makes new ones."""
        clients, self.clients, self._ways = self.clients, {}, {}
        return [*clients.values()]


class _Closes(Protocol):
    def close(self) -> None: ...


_Closing = TypeVar("_Closing", bound=_Closes)


class SharedWays(Ways[_Closing]):
    """Of any number of threads, and of a forked child."""

    def __init__(self, router: Router, key_prefix: bytes = b"") -> None:
        """The same as that of `Ways`."""
        super().__init__(router, key_prefix)
        self._lock = threading.Lock()
        forget_in_child(self)

    def forget(self) -> None:
        """In a forked child: a thread of the parent's may have had the lock."""
        self._lock = threading.Lock()

    def client(self, address: str) -> _Closing:
        """The client for an address."""
        client = self.clients.get(address)
        if client is None:
            with self._lock:
                client = super().client(address)
        return client

    def _way(self, node: Node) -> tuple[_Closing, bytes]:
        way = self._ways.get(node)
        if way is None:
            with self._lock:
                way = super()._way(node)
        return way

    def close(self) -> None:
        """Closes all connections; the next step opens new ones."""
        with self._lock:
            clients = self._emptied()
        for client in clients:
            client.close()
