"""Steps sent by pymemcache: one pool of connections for each address, made when it is first needed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, Final, TypeVar

from pymemcache.client import base
from pymemcache.exceptions import (
    MemcacheError,
    MemcacheIllegalInputError,
    MemcacheUnexpectedCloseError,
    MemcacheUnknownCommandError,
)

from ringshift._ringshift import Node, Router
from ringshift.adapters._connecting import connecting_fault
from ringshift.adapters._memcached_connection import PLACEHOLDER, Connection, RawSerde
from ringshift.adapters._partial import answers_of, in_part, keep_answers
from ringshift.adapters._steps import Do, Failure, Item, Reply, Step, Token, per_key
from ringshift.adapters._ways import SharedWays
from ringshift.errors import ClosedError

_Result = TypeVar("_Result")

LONGEST_KEY: Final = 250
# What memcached can have, of keys that pymemcache lets through.
_CAN_HOLD: Final = re.compile(rb"[^\s\x00]{1,%d}" % LONGEST_KEY).fullmatch
"""How many bytes a key may have, prefix included."""


class Pool(base.PooledClient):  # type: ignore[misc]
    """Connections to one address."""

    client_class = Connection
    # The server did not know meta commands on connections up to this epoch. A later one may be to its successor, which
    # has what only meta commands can tell apart from values.
    old_until = -1
    # Nobody looks for it any more; who has found it before may still come.
    left = False

    def run(self, command: Callable[..., _Result], *arguments: Any, again: bool = True) -> _Result:
        """Runs a command on a connection. With `again`, one that turns out to have died while idle is replaced."""
        while True:
            connection = self.client_pool.get()
            fresh = connection.sock is None
            try:
                result = command(connection, *arguments)
            except BaseException as error:
                self._give_up(connection, error)
                died = isinstance(error, ConnectionError | MemcacheUnexpectedCloseError)
                if fresh or not died or not again:
                    raise
            else:
                self._give_back(connection)
                return result

    def by_meta(self, meta: Callable[..., _Result], classic: Callable[..., _Result], *arguments: Any) -> _Result:
        """Runs a command if the server knows meta commands, or else the one that comes nearest."""

        def known(connection: Connection) -> _Result:
            return (classic if connection.epoch() <= self.old_until else meta)(connection, *arguments)

        def remembered(connection: Connection) -> _Result:
            result = classic(connection, *arguments)
            self.old_until = max(self.old_until, connection.born)
            return result

        try:
            return self.run(meta, *arguments) if self.old_until < 0 else self.run(known)
        except MemcacheUnknownCommandError:
            # A server before 1.6.
            return self.run(remembered)

    def run_since(self, epoch: int, command: Callable[[Connection], _Result]) -> _Result | None:
        """Runs a command on a connection that was there at an epoch; None if there is none."""
        younger: list[Connection] = []
        try:
            while (connection := self.client_pool.get()).sock is not None and connection.born > epoch:
                younger.append(connection)
        finally:
            for each in younger:
                self._give_back(each)
        if connection.sock is None:
            self._give_back(connection)
            return None
        try:
            result = command(connection)
        except BaseException as error:
            self._give_up(connection, error)
            raise
        self._give_back(connection)
        return result

    def close(self) -> None:
        """Closes the connections, also those that latecomers make, when they are done."""
        self.left = True
        super().close()

    def _give_back(self, connection: Connection) -> None:
        if self.left:
            self.client_pool.destroy(connection)
        else:
            self.client_pool.release(connection)

    def _give_up(self, connection: Connection, error: BaseException) -> None:
        """After a failed command."""
        was_closed = False
        try:
            self.client_pool.destroy(connection, silent=False)
        except ValueError:
            was_closed = True
        if was_closed and isinstance(error, AttributeError):
            # Another thread closed the client, and pymemcache met a socket that is no more.
            closed = RuntimeError("the client was closed meanwhile")
            keep_answers(closed, answers_of(error))
            raise closed from error

    def is_used(self) -> bool:
        """Whether somebody has one of the connections."""
        # The pool makes a copy of what it has, which fails if another thread changes that meanwhile.
        with self.client_pool._lock:  # noqa: SLF001
            return bool(self.client_pool.used)


class Memcached(SharedWays[Pool]):
    """The transport. Any number of threads may use it; a forked child gets connections of its own."""

    def __init__(self, router: Router, options: Mapping[str, Any], key_prefix: bytes) -> None:
        """Connects to nothing yet.

        Args:
            router: Tells which addresses are still in use.
            options: For `PooledClient`.
            key_prefix: Comes before every key and after a node's own prefix.
        """
        super().__init__(router, key_prefix)
        self._options = {**options, "serde": RawSerde()}
        self._retired: list[Pool] = []

    def send(self, step: Step) -> Reply:
        """Sends a step; only a caller's mistake is raised."""
        try:
            pool, prefix = self._way(step.node)
            keys = [prefix + key for key in step.keys]
            if step.do is Do.DELETE and not all(map(_CAN_HOLD, keys)):
                return self._send_possible(step, keys)
            return _SENDERS[step.do](pool, step, keys)
        except Exception as error:  # noqa: BLE001 - what is no node's failure is raised again
            failed = failure(error)
            return in_part(answers_of(error), failed, len(step.keys)) if step.do in _ANSWERED_EACH else failed

    def _send_possible(self, step: Step, keys: list[bytes]) -> Reply:
        """Those of the keys that the node can have: one that is owed may be too long with a later prefix."""
        possible = [_CAN_HOLD(key) is not None for key in keys]
        rest = [key for key, held in zip(step.keys, possible, strict=True) if held]
        answers = iter(per_key(self.send(Step(step.do, step.node, rest)), len(rest)) if rest else ())
        return [next(answers) if held else None for held in possible]

    def get(self, node: Node, key: bytes) -> Item | None:
        """The step GET for one key; raises what pymemcache raises, and so do those below."""
        pool, prefix = self._ways.get(node) or self._way(node)
        return _get_one(pool, prefix + key)

    def seek(self, node: Node, key: bytes) -> Item | Token | None:
        """The step SEEK for one key."""
        pool, prefix = self._ways.get(node) or self._way(node)
        return _lease_one(pool, prefix + key)

    def store(self, node: Node, key: bytes, item: Item) -> Any:
        """The step SET for one key."""
        pool, prefix = self._ways.get(node) or self._way(node)
        return pool.run(Connection.store_one, b"set", prefix + key, item)

    def delete(self, node: Node, key: bytes, _item: None) -> bool:
        """The step DELETE for one key."""
        pool, prefix = self._ways.get(node) or self._way(node)
        removed: bool = pool.run(Connection.delete_one, prefix + key)
        return removed

    def call(self, node: Node, name: str, key: bytes, *arguments: Any) -> Any:
        """Calls a method of pymemcache's client that no step stands for; its errors are raised, and reported."""
        pool, prefix = self._way(node)
        wire = prefix + key
        try:
            result = pool.run(
                lambda connection: getattr(connection, name)(wire, *arguments, noreply=False), again=False
            )
        except (OSError, MemcacheUnexpectedCloseError, RuntimeError) as error:
            with suppress(ClosedError):
                self._router.report(node, failure(error).outcome, "fill")
            raise
        # As in `_steps`, it has its result also if the router was closed meanwhile.
        try:
            self._router.report(node, "ok", "fill")
        except ClosedError:
            return result
        return result

    def _make(self, address: str) -> Pool:
        return Pool(address, **self._options)

    def _let_go(self, clients: Iterable[Pool]) -> None:
        """Closes those whose connections nobody uses, and the others as soon as that is so."""
        busy = []
        for pool in (*self._retired, *clients):
            pool.left = True
            if pool.is_used():
                busy.append(pool)
            else:
                pool.close()
        self._retired = busy

    def _emptied(self) -> list[Pool]:
        retired, self._retired = self._retired, []
        return [*super()._emptied(), *retired]

    def forget(self) -> None:
        """In a forked child: the parent goes on with the connections, so they are left alone."""
        super().forget()
        for pool in self._emptied():
            # Closes the child's descriptors only; nothing is sent.
            for connection in (*pool.client_pool.used, *pool.client_pool.free):
                connection.close()


def failure(error: Exception) -> Failure:
    """How a request failed; a caller's mistake is raised."""
    if isinstance(error, MemcacheIllegalInputError):
        raise error
    if (fault := connecting_fault(error)) is not None:
        return Failure(error, fault)
    if isinstance(error, TimeoutError):
        return Failure(error, "timeout")
    if isinstance(error, OSError | MemcacheError | ValueError | LookupError):
        return Failure(error, "error")
    if isinstance(error, RuntimeError):
        # pymemcache's way to say that `max_pool_size` is reached, and ours that the client was closed meanwhile.
        return Failure(error, "unsent")
    raise error


def _get_one(pool: Pool, key: bytes) -> Item | None:
    item = pool.run(Connection.get_one, key)
    if item is None or item.value == PLACEHOLDER:
        return None
    # What is empty may only stand in for a token, which this command can't tell.
    return item if item.value or item.flags else _find(pool, [key])[0]


def _get(pool: Pool, _step: Step, keys: list[bytes]) -> Reply:
    if len(keys) == 1:
        return [_get_one(pool, keys[0])]
    found = pool.run(Connection.get_many, keys)
    items = [found.get(key) for key in keys]
    doubtful = [at for at, item in enumerate(items) if item is not None and not item.value and not item.flags]
    if doubtful:
        for at, item in zip(doubtful, _find(pool, [keys[at] for at in doubtful]), strict=True):
            items[at] = item
    return [None if item is None or item.value == PLACEHOLDER else item for item in items]


def _take(pool: Pool, _step: Step, keys: list[bytes]) -> Reply:
    return _find(pool, keys)


def _find(pool: Pool, keys: list[bytes]) -> list[Item | None]:
    found = pool.by_meta(Connection.find_each, Connection.gets_each, keys)
    return [each and each.item for each in found]


def _gets(pool: Pool, _step: Step, keys: list[bytes]) -> Reply:
    found = pool.by_meta(Connection.find_each, Connection.gets_each, keys)
    return [(each.item, Token(each.cas)) if each and each.item else None for each in found]


def _lease_one(pool: Pool, key: bytes) -> Item | Token | None:
    return pool.by_meta(Connection.lease_one, Connection.place_one, key)


def _lease(pool: Pool, _step: Step, keys: list[bytes]) -> Reply:
    if len(keys) == 1:
        return [_lease_one(pool, keys[0])]
    return pool.by_meta(Connection.lease_each, Connection.place_each, keys)


def _fill(pool: Pool, step: Step, keys: list[bytes]) -> Reply:
    epoch = min(token.epoch for token in step.tokens)
    stored = pool.run_since(epoch, lambda connection: connection.store_each(b"cas", keys, step.items, step.tokens))
    return (
        Failure(ConnectionError("no connection is left from when the token was taken"), "unsent")
        if stored is None
        else stored
    )


def _store(pool: Pool, step: Step, keys: list[bytes]) -> Reply:
    command = step.do.value.encode()
    if len(keys) == 1 and not step.tokens:
        return [pool.run(Connection.store_one, command, keys[0], step.items[0])]
    stored: list[Any] = pool.run(
        Connection.store_each, command, keys, step.items, step.tokens, again=step.do is not Do.CAS
    )
    return stored


def _delete(pool: Pool, _step: Step, keys: list[bytes]) -> Reply:
    if len(keys) == 1:
        return [pool.run(Connection.delete_one, keys[0])]
    return pool.run(Connection.delete_each, keys)


def _touch(pool: Pool, step: Step, keys: list[bytes]) -> Reply:
    return pool.run(Connection.touch_each, keys, step.items)


# Those whose keys have an answer each, which is all there is to their reply.
_ANSWERED_EACH: Final = {Do.FILL, Do.ADD, Do.SET, Do.REPLACE, Do.CAS, Do.DELETE, Do.TOUCH}

_SENDERS: Final[dict[Do, Callable[[Pool, Step, list[bytes]], Reply]]] = {
    Do.GET: _get,
    Do.TAKE: _take,
    Do.GETS: _gets,
    Do.SEEK: _lease,
    Do.FILL: _fill,
    Do.ADD: _store,
    Do.SET: _store,
    Do.REPLACE: _store,
    Do.CAS: _store,
    Do.DELETE: _delete,
    Do.TOUCH: _touch,
}
