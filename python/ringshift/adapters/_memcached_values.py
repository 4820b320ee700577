"""Keys and values as pymemcache takes them, and as they are sent; the options that say how."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from pymemcache.client.base import check_key_helper
from pymemcache.exceptions import MemcacheIllegalInputError
from pymemcache.serde import LegacyWrappingSerde

from ringshift._ringshift import Node, Route, Router
from ringshift.adapters._expiry import to_ttl
from ringshift.adapters._memcached import LONGEST_KEY, Pool
from ringshift.adapters._steps import Item

Key = str | bytes

# A spec allows no longer one.
_LONGEST_PREFIX: Final = 128


class Values:
    """What the facade does before it sends anything."""

    def __init__(self, router: Router, options: dict[str, Any]) -> None:
        """Takes those of the options out that are not for the transport."""
        # Raises what pymemcache raises for options that it doesn't know; it connects to nothing.
        model = Pool(("127.0.0.1", 11211), **options)
        self._serde = options.pop("serde", None) or LegacyWrappingSerde(
            options.pop("serializer", None), options.pop("deserializer", None)
        )
        self._unicode: bool = model.allow_unicode_keys
        self._encoding: str = model.encoding
        self._key_prefix: bytes = model.key_prefix
        self._surely_short = LONGEST_KEY - _LONGEST_PREFIX - len(self._key_prefix)
        options.pop("key_prefix", None)
        self._router = router

    def _route(self, key: Key) -> tuple[Route, bytes]:
        wire = self._bytes(key)
        route = self._router.route(wire)
        if len(wire) > self._surely_short:
            self._check(wire, route.invalidate)
        return route, wire

    def _routes(self, keys: Sequence[Key]) -> tuple[list[Route], list[bytes]]:
        wires = [self._bytes(key) for key in keys]
        routes = self._router.route_many(wires)
        for route, wire in zip(routes, wires, strict=True):
            if len(wire) > self._surely_short:
                self._check(wire, route.invalidate)
        return routes, wires

    def _bytes(self, key: Key) -> bytes:
        """The key as bytes, checked as pymemcache does, and for being nothing or all space, which it lets through."""
        wire: bytes = check_key_helper(key, self._unicode, self._key_prefix)
        if not wire.strip():
            raise MemcacheIllegalInputError("Key is empty")
        return wire[len(self._key_prefix) :]

    def _check(self, wire: bytes, nodes: Iterable[Node]) -> None:
        """A key must be short enough for every cluster of its route, or it could be read and not be invalidated."""
        left = LONGEST_KEY - len(wire) - len(self._key_prefix)
        if any(len(node.key_prefix) > left for node in nodes):
            raise MemcacheIllegalInputError(f"Key is too long: with its prefix it has more than {LONGEST_KEY} bytes")

    def _item(self, key: Key, value: Any, expire: int, flags: int | None) -> Item:
        data, own_flags = self._serde.serialize(key, value)
        if not isinstance(data, bytes):
            try:
                data = str(data).encode(self._encoding)
            except UnicodeEncodeError as error:
                raise MemcacheIllegalInputError(f"Data values must be binary-safe: {error}") from error
        return Item(data, own_flags if flags is None else flags, to_ttl(integer(expire, "expire")))


def integer(number: int, name: str) -> int:
    """The number; raises what pymemcache raises for what is none."""
    if not isinstance(number, int):
        raise MemcacheIllegalInputError(f"{name} must be integer, got bad value: {number!r}")
    return number
