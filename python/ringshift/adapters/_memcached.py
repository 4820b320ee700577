"""Steps sent by pymemcache: one pool of connections for each address, made when it is first needed.

pymemcache's own commands are used where they can say what a step needs. Meta get (for the time that an item has left),
stores with a time of their own for each item, and deletes that tell which keys were there, are not among them; these
are written here on pymemcache's connection, with its readers.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from pymemcache.client import base
from pymemcache.exceptions import (
    MemcacheError,
    MemcacheIllegalInputError,
    MemcacheServerError,
    MemcacheUnexpectedCloseError,
    MemcacheUnknownCommandError,
    MemcacheUnknownError,
)

from ringshift._ringshift import Node, Router
from ringshift.adapters._expiry import to_exptime
from ringshift.adapters._steps import UNKNOWN, Do, Failure, Item, Refused, Reply, Step

_Result = TypeVar("_Result")

# Commands that are sent before their replies are read: with too many, server and client would both wait until the other
# one reads.
_BATCH: Final = 100

_STORED: Final = {b"STORED": True, b"NOT_STORED": False, b"EXISTS": False, b"NOT_FOUND": None}
# The node is well and so is the connection; this one item is not to its liking.
_REFUSALS: Final = (b"SERVER_ERROR object too large for cache", b"SERVER_ERROR out of memory storing object")


class _RawSerde:
    """Values are serialized once by the facade, whatever the number of nodes that they go to."""

    def serialize(self, _key: bytes, item: Item) -> tuple[bytes, int]:
        return item.value, item.flags

    def deserialize(self, _key: bytes, value: bytes, flags: int) -> Item:
        return Item(value, flags)


class Connection(base.Client):  # type: ignore[misc]
    """A connection to one node."""

    def check_key(self, key: bytes, key_prefix: bytes = b"") -> bytes:  # noqa: ARG002
        """Keys were checked by the facade."""
        return key

    def take_each(self, keys: Sequence[bytes]) -> list[Item | None]:
        """Items with the time that they have left, by meta get."""
        return self._exchange([b"mg %b v t f\r\n" % key for key in keys], self._read_taken)

    def store_each(self, command: bytes, keys: Sequence[bytes], items: Sequence[Item], cas: bytes) -> list[Any]:
        """Stores items, each with its own time."""
        tail = b" " + cas if cas else b""
        commands = [
            b"%b %b %d %d %d%b\r\n%b\r\n"
            % (command, key, item.flags, to_exptime(item.ttl), len(item.value), tail, item.value)
            for key, item in zip(keys, items, strict=True)
        ]
        return self._exchange(commands, self._read_stored)

    def delete_each(self, keys: Sequence[bytes]) -> list[bool]:
        """Deletes, and tells for each key whether it was there."""
        return self._exchange([b"delete %b\r\n" % key for key in keys], self._read_found)

    def touch_each(self, keys: Sequence[bytes], items: Sequence[Item]) -> list[bool]:
        """Gives items the time of the given ones, and tells for each key whether it was there."""
        commands = [b"touch %b %d\r\n" % (key, to_exptime(item.ttl)) for key, item in zip(keys, items, strict=True)]
        return self._exchange(commands, self._read_found)

    def _exchange(
        self, commands: Sequence[bytes], read: Callable[[bytes, bytes], tuple[bytes, _Result]]
    ) -> list[_Result]:
        """Sends commands and reads a reply for each. Whatever fails, the connection is given up."""
        results: list[_Result] = []
        try:
            if self.sock is None:
                self._connect()
            for start in range(0, len(commands), _BATCH):
                batch = commands[start : start + _BATCH]
                self.sock.sendall(b"".join(batch))
                rest = b""
                for _ in batch:
                    rest, line = base._readline(self.sock, rest)  # noqa: SLF001
                    rest, result = read(line, rest)
                    results.append(result)
        except BaseException:
            self.close()
            raise
        return results

    def _read_taken(self, line: bytes, rest: bytes) -> tuple[bytes, Item | None]:
        self._raise_errors(line, b"mg")
        words = line.split()
        if words[:1] == [b"EN"]:
            return rest, None
        if words[:1] != [b"VA"]:
            raise MemcacheUnknownError(line[:32])
        rest, value = base._readvalue(self.sock, rest, int(words[1]))  # noqa: SLF001
        marks = {word[:1]: word[1:] for word in words[2:]}
        # Marked by a meta delete: no longer true.
        if b"X" in marks:
            return rest, None
        left = int(marks[b"t"])
        return rest, Item(value, int(marks[b"f"]), None if left < 0 else left)

    def _read_stored(self, line: bytes, rest: bytes) -> tuple[bytes, Any]:
        if line in _STORED:
            return rest, _STORED[line]
        if line.startswith(_REFUSALS):
            return rest, Refused(MemcacheServerError(line.partition(b" ")[2]))
        self._raise_errors(line, b"store")
        raise MemcacheUnknownError(line[:32])

    def _read_found(self, line: bytes, rest: bytes) -> tuple[bytes, bool]:
        if line in {b"DELETED", b"TOUCHED", b"NOT_FOUND"}:
            return rest, line != b"NOT_FOUND"
        self._raise_errors(line, b"delete or touch")
        raise MemcacheUnknownError(line[:32])


class Pool(base.PooledClient):  # type: ignore[misc]
    """Connections to one address."""

    client_class = Connection
    # Whether the server knows meta commands, as far as is known.
    has_meta = True

    def run(self, command: Callable[[Connection], _Result], *, again: bool = True) -> _Result:
        """Runs a command on a connection. With `again`, one that turns out to have died while idle is replaced."""
        while True:
            connection = self.client_pool.get()
            fresh = connection.sock is None
            try:
                result = command(connection)
            except BaseException as error:
                self.client_pool.destroy(connection)
                died = isinstance(error, ConnectionError | MemcacheUnexpectedCloseError)
                if fresh or not died or not again:
                    raise
            else:
                self.client_pool.release(connection)
                return result


class Memcached:
    """The transport. Any number of threads may use it; a forked child gets connections of its own."""

    def __init__(self, router: Router, options: Mapping[str, Any], key_prefix: bytes) -> None:
        """Connects to nothing yet.

        Args:
            router: Tells which addresses are still in use.
            options: For `PooledClient`.
            key_prefix: Comes before every key and after a node's own prefix.
        """
        self._router = router
        self._options = {**options, "serde": _RawSerde()}
        self._key_prefix = key_prefix
        self._pools: dict[str, Pool] = {}
        self._retired: list[Pool] = []
        self._lock = threading.Lock()
        _transports.add(self)

    def send(self, step: Step) -> Reply:
        """Sends a step; only a caller's mistake is raised."""
        prefix = step.node.key_prefix.encode() + self._key_prefix
        keys = [prefix + key for key in step.keys]
        try:
            return _SENDERS[step.do](self.pool(step.node.address), step, keys)
        except MemcacheIllegalInputError:
            raise
        except TimeoutError as error:
            return Failure(error, "timeout")
        except (OSError, MemcacheError, ValueError, LookupError) as error:
            return Failure(error, "error")
        except RuntimeError as error:
            # pymemcache's way to say that `max_pool_size` is reached, which tells nothing about the node.
            return Failure(error, None)

    def call(self, node: Node, name: str, key: bytes, *arguments: Any) -> Any:
        """Calls a method of pymemcache's client that no step stands for; its errors are raised, and reported."""
        wire = node.key_prefix.encode() + self._key_prefix + key
        try:
            result = self.pool(node.address).run(
                lambda connection: getattr(connection, name)(wire, *arguments, noreply=False), again=False
            )
        except TimeoutError:
            self._router.report(node, "timeout", "invalidate")
            raise
        except (OSError, MemcacheUnexpectedCloseError):
            self._router.report(node, "error", "invalidate")
            raise
        self._router.report(node, "ok", "invalidate")
        return result

    def pool(self, address: str) -> Pool:
        """The connections to an address."""
        pool = self._pools.get(address)
        return self._add(address) if pool is None else pool

    def _add(self, address: str) -> Pool:
        with self._lock:
            pool = self._pools.get(address)
            if pool is None:
                pool = self._pools[address] = Pool(address, **self._options)
                self._retire()
            return pool

    def _retire(self) -> None:
        """Gives up addresses that the spec has no more, as soon as nobody uses their connections."""
        known = {node.address for node in self._router.nodes}
        for address in self._pools.keys() - known:
            self._retired.append(self._pools.pop(address))
        busy = []
        for pool in self._retired:
            if pool.client_pool.used:
                busy.append(pool)
            else:
                pool.close()
        self._retired = busy

    def close(self) -> None:
        """Closes all connections; the next step opens new ones."""
        with self._lock:
            pools = [*self._pools.values(), *self._retired]
            self._pools, self._retired = {}, []
        for pool in pools:
            pool.close()

    def forget(self) -> None:
        """In a forked child: the parent goes on with the connections, so they are left alone."""
        self._lock = threading.Lock()
        pools = [*self._pools.values(), *self._retired]
        self._pools, self._retired = {}, []
        for pool in pools:
            # Closes the child's descriptors only; nothing is sent.
            for connection in (*pool.client_pool.used, *pool.client_pool.free):
                connection.close()


def _get(pool: Pool, _step: Step, keys: list[bytes]) -> Reply:
    found = pool.run(lambda connection: connection.get_many(keys))
    return [found.get(key) for key in keys]


def _gets(pool: Pool, _step: Step, keys: list[bytes]) -> Reply:
    found = pool.run(lambda connection: connection.gets_many(keys))
    return [found.get(key) for key in keys]


def _take(pool: Pool, step: Step, keys: list[bytes]) -> Reply:
    if pool.has_meta:
        try:
            return pool.run(lambda connection: connection.take_each(keys))
        except MemcacheUnknownCommandError:
            # A server before 1.6.
            pool.has_meta = False
    return [item and item._replace(ttl=UNKNOWN) for item in _get(pool, step, keys)]  # type: ignore[union-attr]


def _store(pool: Pool, step: Step, keys: list[bytes]) -> Reply:
    command = step.do.value.encode()
    return pool.run(
        lambda connection: connection.store_each(command, keys, step.items, step.cas), again=step.do is not Do.CAS
    )


def _delete(pool: Pool, _step: Step, keys: list[bytes]) -> Reply:
    return pool.run(lambda connection: connection.delete_each(keys))


def _touch(pool: Pool, step: Step, keys: list[bytes]) -> Reply:
    return pool.run(lambda connection: connection.touch_each(keys, step.items))


_SENDERS: Final[dict[Do, Callable[[Pool, Step, list[bytes]], Reply]]] = {
    Do.GET: _get,
    Do.TAKE: _take,
    Do.GETS: _gets,
    Do.ADD: _store,
    Do.SET: _store,
    Do.REPLACE: _store,
    Do.CAS: _store,
    Do.DELETE: _delete,
    Do.TOUCH: _touch,
}

_transports: weakref.WeakSet[Memcached] = weakref.WeakSet()


def _in_child() -> None:
    for transport in list(_transports):
        transport.forget()


os.register_at_fork(after_in_child=_in_child)
