"""Redis' commands over a router, as plans that any of redis-py's clients carries out.

A method hands a plan to `_do`, which gives its result (or, in asyncio, something that is awaited for it).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

import redis

from ringshift._ringshift import Route, Router
from ringshift.adapters import _reading, _replacing, _writing
from ringshift.adapters._steps import Do, Item, Plan
from ringshift.adapters.redis._nodes import checked_options
from ringshift.errors import InvalidArgumentError

Key = str | bytes | bytearray | memoryview
Time = int | float | timedelta
OnNode = Callable[[Any], Any]


class Commands:
    """The commands that both facades have."""

    def __init__(self, router: Router, **options: Any) -> None:
        """Makes a client; connections are opened when they are needed."""
        options = checked_options(options)
        # Raises what redis-py raises for options that it doesn't know; it connects to nothing.
        model = redis.Redis(**{name: value for name, value in options.items() if name != "retry"})
        self._encoder: Any = model.get_encoder()
        self._router = router
        # Values are decoded by the facade, once it is known that they are values.
        self._options = {**options, "decode_responses": False}

    @property
    def router(self) -> Router:
        """The router whose routes are carried out."""
        return self._router

    def _do(self, plan: Plan[Any]) -> Any:
        raise NotImplementedError

    def _get_one(self, name: Key) -> Any:
        raise NotImplementedError

    def _set_one(self, name: Key, item: Item) -> Any:
        raise NotImplementedError

    def _delete_one(self, name: Key, count: bool) -> Any:
        raise NotImplementedError

    def _on_record(self, name: str, key: Key, *arguments: Any) -> Any:
        raise NotImplementedError

    # ---- Reading

    def get(self, name: Key) -> Any:
        """The value of a key, or None if no cache has it or answers."""
        return self._get_one(name)

    def mget(self, keys: Key | Iterable[Key], *args: Key) -> Any:
        """The values of many keys, in their order; None for each that is not found."""

        def plan() -> Plan[Any]:
            routes, wires = self._routes(_listed(keys, args))
            items = yield from _reading.read_many(self._router, routes, wires)
            return [self._decoded(item) for item in items]

        return self._do(plan())

    def exists(self, *names: Key) -> Any:
        """How many of the keys are found."""

        def plan() -> Plan[Any]:
            routes, wires = self._routes(names)
            return sum(item is not None for item in (yield from _reading.read_many(self._router, routes, wires)))

        return self._do(plan())

    def pttl(self, name: Key) -> Any:
        """The milliseconds that a key has left; -1 for no end, -2 if it is not found."""

        def plan() -> Plan[Any]:
            route, key = self._route(name)
            item = yield from _reading.read_with_time(self._router, route, key)
            if item is None:
                return -2
            return -1 if item.ttl is None else round(item.ttl * 1000)

        return self._do(plan())

    # ---- Writing

    def set(
        self,
        name: Key,
        value: Any,
        ex: Time | None = None,
        px: int | timedelta | None = None,
        nx: bool = False,
        xx: bool = False,
        **others: Any,
    ) -> Any:
        """Stores a value where the key is read, and removes it everywhere else, in the order of the route.

        With `nx` it is only stored if the key is not there (see `get_or_load` for the safe way), with `xx` only if it
        is.

        Returns:
            True, or None if `nx` or `xx` did not hold.

        Raises:
            InvalidationLostError: A node did not acknowledge; it may still hold an old value.
        """
        if chosen := [other for other in others if others[other] not in {None, False}]:
            raise InvalidArgumentError(f"set: {chosen[0]} can't be carried out at several nodes; use ex, px, nx or xx")
        if nx and xx:
            raise InvalidArgumentError("set: nx and xx exclude one another")
        item = Item(self._bytes(value), ttl=ttl_of(ex, px))
        if not nx and not xx:
            return self._set_one(name, item)

        def plan() -> Plan[Any]:
            route, key = self._route(name)
            if nx:
                return (yield from _reading.add(self._router, route, key, item)) or None
            written = yield from _replacing.replace(self._router, route, key, item)
            written.check()
            return True if written.results.get(0) else None

        return self._do(plan())

    def setex(self, name: Key, time: Time, value: Any) -> Any:
        """The same as `set` with `ex`."""
        return self.set(name, value, ex=time)

    def psetex(self, name: Key, time_ms: int | timedelta, value: Any) -> Any:
        """The same as `set` with `px`."""
        return self.set(name, value, px=time_ms)

    def setnx(self, name: Key, value: Any) -> Any:
        """Stores a value where the key is read, if nothing is stored there; True or False."""
        item = Item(self._bytes(value))

        def plan() -> Plan[Any]:
            route, key = self._route(name)
            return (yield from _reading.add(self._router, route, key, item))

        return self._do(plan())

    def mset(self, mapping: Mapping[Any, Any]) -> Any:
        """Stores many values like `set`; True."""
        items = [Item(self._bytes(value)) for value in mapping.values()]

        def plan() -> Plan[Any]:
            routes, wires = self._routes(mapping)
            written = yield from _writing.store(self._router, routes, wires, items, Do.SET)
            written.check()
            return True

        return self._do(plan())

    def pexpire(self, name: Key, time: int | timedelta) -> Any:
        """Gives the key another time to live, in milliseconds; False if no cache has it or answers."""
        return self._touch(name, ttl_of(None, time))

    def expire(self, name: Key, time: int | timedelta) -> Any:
        """Gives the key another time to live, in seconds; False if no cache has it or answers."""
        return self._touch(name, ttl_of(time, None))

    def _touch(self, name: Key, ttl: float | None) -> Any:
        def plan() -> Plan[Any]:
            route, key = self._route(name)
            return (yield from _reading.touch(self._router, route, key, ttl))

        return self._do(plan())

    # ---- Invalidating

    def delete(self, *names: Key) -> Any:
        """Removes keys from every cluster that any process may read, in the order of their routes.

        Returns:
            How many of them were in one of the clusters.

        Raises:
            InvalidationLostError: A node did not acknowledge; it may still hold a value.
        """
        if len(names) == 1:
            return self._delete_one(names[0], True)

        def plan() -> Plan[Any]:
            routes, wires = self._routes(names)
            written = yield from _writing.invalidate(self._router, routes, wires)
            written.check()
            return sum(bool(found) for found in written.results.values())

        return self._do(plan())

    def unlink(self, *names: Key) -> Any:
        """The same as `delete`."""
        return self.delete(*names)

    def invalidate(self, name: Key) -> Any:
        """Removes a key from every cluster that any process may read; what follows a write to the database.

        Raises:
            InvalidationLostError: A node did not acknowledge; it may still hold the value. Send it again.
        """
        return self._delete_one(name, False)

    # ---- Where the cache is the record

    def incrby(self, name: Key, amount: int = 1) -> Any:
        """Adds to a number. Refused while a migration is going on."""
        return self._on_record("incrby", name, amount)

    incr = incrby

    def decrby(self, name: Key, amount: int = 1) -> Any:
        """Takes from a number. Refused while a migration is going on."""
        return self._on_record("decrby", name, amount)

    decr = decrby

    def append(self, key: Key, value: Any) -> Any:
        """Adds to the end of a value. Refused while a migration is going on."""
        return self._on_record("append", key, self._bytes(value))

    # ---- From Python's values to bytes

    def _bytes(self, value: Any) -> bytes:
        return bytes(self._encoder.encode(value))

    def _decoded(self, item: Item | None) -> Any:
        return None if item is None else self._encoder.decode(item.value)

    def _route(self, name: Key) -> tuple[Route, bytes]:
        key = self._bytes(name)
        return self._router.route(key), key

    def _routes(self, names: Iterable[Key]) -> tuple[list[Route], list[bytes]]:
        keys = [self._bytes(name) for name in names]
        return self._router.route_many(keys), keys

    def _record(self, command: str, name: Key) -> tuple[Any, bytes]:
        """The only node that holds a key, and the key on the wire."""
        route, key = self._route(name)
        if len(route.invalidate) != 1:
            raise InvalidArgumentError(
                f"{command} is refused during a migration and on replicas: what it changes is kept nowhere else and "
                "can't be moved; keep such keys in a cluster of their own, with a router of their own"
            )
        node = route.invalidate[0]
        return node, node.key_prefix.encode() + key


def _listed(keys: Key | Iterable[Key], args: tuple[Key, ...]) -> list[Key]:
    """As redis-py takes them: one list, or one by one."""
    first = [keys] if isinstance(keys, str | bytes | bytearray | memoryview) else list(keys)
    return [*first, *args]


def ttl_of(ex: Time | None, px: int | timedelta | None) -> float | None:
    """Seconds."""
    if ex is not None and px is not None:
        raise InvalidArgumentError("ex and px exclude one another")
    if ex is not None:
        seconds = ex.total_seconds() if isinstance(ex, timedelta) else float(ex)
    elif px is not None:
        seconds = px.total_seconds() if isinstance(px, timedelta) else px / 1000
    else:
        return None
    if seconds <= 0:
        raise InvalidArgumentError("a time to live must be more than 0; delete removes a key")
    return seconds
