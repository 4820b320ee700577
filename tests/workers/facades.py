"""The adapters behind one set of calls. Keys and values are strings of characters up to U+00FF: a byte each."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

import ringshift
from origin import Origin
from pymemcache.client.base import PooledClient
from ringshift.adapters.pymemcache import Client
from ringshift.adapters.redis import Redis
from ringshift.adapters.redis.asyncio import Redis as AsyncRedis


class Facade:
    """An adapter's client. Any number of threads may use it."""

    def get(self, key: bytes) -> bytes | None:
        """What the client's get gives."""
        raise NotImplementedError

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        """What its multi-get gives, in the order of the keys."""
        raise NotImplementedError

    def store(self, how: str, key: bytes, value: bytes, expire: int) -> bool:
        """Set, add or replace."""
        raise NotImplementedError

    def touch(self, key: bytes, expire: int) -> bool:
        """Another time to live."""
        raise NotImplementedError

    def delete(self, key: bytes) -> bool:
        """Whether it was there."""
        raise NotImplementedError

    def invalidate(self, key: bytes) -> None:
        """What follows a write."""
        raise NotImplementedError

    def incr(self, key: bytes, amount: int) -> int | None:
        """Adds to a number."""
        raise NotImplementedError

    def delete_backwards(self, key: bytes) -> None:
        """What must not be done: removes the key from the nodes of its route in the wrong order."""
        raise NotImplementedError

    def get_or_load(self, key: bytes, load: Callable[[], bytes | None], expire: int) -> bytes | None:
        """The whole read."""
        raise NotImplementedError

    def call(self, do: str, call: dict[str, Any], origin: Origin | None) -> Any:
        """Carries out a call."""
        key = call.get("key", "").encode("latin-1")
        match do:
            case "get":
                return _text(self.get(key))
            case "get_many":
                return [_text(value) for value in self.get_many([one.encode("latin-1") for one in call["keys"]])]
            case "set" | "add" | "replace":
                return self.store(do, key, call["value"].encode("latin-1"), call.get("expire", 0))
            case "touch":
                return self.touch(key, call["expire"])
            case "delete":
                return self.delete(key)
            case "invalidate":
                return self.invalidate(key)
            case "incr":
                return self.incr(key, call["amount"])
            case "get_or_load":
                assert origin is not None
                return _text(self.get_or_load(key, lambda: origin.load(key), call.get("expire", 0)))
            case other:
                raise ValueError(f"unknown call {other}")


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


class Pymemcache(Facade):
    """The pymemcache adapter."""

    def __init__(self, router: ringshift.Router, timeout: float) -> None:
        """Connects to nothing yet."""
        self._client = Client(router, timeout=timeout, connect_timeout=timeout)
        self._router = router
        self._pools: dict[str, PooledClient] = {}

    def get(self, key: bytes) -> bytes | None:
        value: bytes | None = self._client.get(key)
        return value

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        found = self._client.get_many(keys)
        return [found.get(key) for key in keys]

    def store(self, how: str, key: bytes, value: bytes, expire: int) -> bool:
        stored: bool = getattr(self._client, how)(key, value, expire=expire)
        return stored

    def touch(self, key: bytes, expire: int) -> bool:
        return self._client.touch(key, expire)

    def delete(self, key: bytes) -> bool:
        return self._client.delete(key)

    def invalidate(self, key: bytes) -> None:
        self._client.invalidate(key)

    def incr(self, key: bytes, amount: int) -> int | None:
        return self._client.incr(key, amount)

    def delete_backwards(self, key: bytes) -> None:
        for node in reversed(self._router.route(key).invalidate):
            # As long as a network may take, so that it is seen.
            time.sleep(0.001)
            host, _, port = node.address.rpartition(":")
            pool = self._pools.setdefault(node.address, PooledClient((host, int(port)), default_noreply=False))
            pool.delete(node.key_prefix.encode() + key)

    def get_or_load(self, key: bytes, load: Callable[[], bytes | None], expire: int) -> bytes | None:
        value: bytes | None = self._client.get_or_load(key, load, expire)
        return value


class RedisFacade(Facade):
    """The redis-py adapter; its twin differs in `_do` and `get_or_load`."""

    def __init__(self, router: ringshift.Router, timeout: float) -> None:
        """Connects to nothing yet."""
        self._client: Any = Redis(router, socket_timeout=timeout, socket_connect_timeout=timeout)

    def _do(self, name: str, *arguments: Any, **named: Any) -> Any:
        return getattr(self._client, name)(*arguments, **named)

    def get(self, key: bytes) -> bytes | None:
        value: bytes | None = self._do("get", key)
        return value

    def get_many(self, keys: list[bytes]) -> list[bytes | None]:
        values: list[bytes | None] = self._do("mget", keys)
        return values

    def store(self, how: str, key: bytes, value: bytes, expire: int) -> bool:
        condition = {"add": {"nx": True}, "replace": {"xx": True}}.get(how, {})
        return bool(self._do("set", key, value, ex=expire or None, **condition))

    def touch(self, key: bytes, expire: int) -> bool:
        return bool(self._do("expire", key, expire))

    def delete(self, key: bytes) -> bool:
        return bool(self._do("delete", key))

    def invalidate(self, key: bytes) -> None:
        self._do("invalidate", key)

    def incr(self, key: bytes, amount: int) -> int | None:
        number: int = self._do("incrby", key, amount)
        return number

    def get_or_load(self, key: bytes, load: Callable[[], bytes | None], expire: int) -> bytes | None:
        value: bytes | None = self._do("get_or_load", key, load, expire or None)
        return value


class AsyncRedisFacade(RedisFacade):
    """The asyncio adapter, on an event loop in a thread of its own."""

    def __init__(self, router: ringshift.Router, timeout: float) -> None:
        """Connects to nothing yet."""
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._client = self._wait(self._open(router, timeout))

    @staticmethod
    async def _open(router: ringshift.Router, seconds: float) -> AsyncRedis:
        return AsyncRedis(router, socket_timeout=seconds, socket_connect_timeout=seconds)

    def _wait(self, what: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result()

    def _do(self, name: str, *arguments: Any, **named: Any) -> Any:
        async def call() -> Any:
            return await getattr(self._client, name)(*arguments, **named)

        return self._wait(call())

    def get_or_load(self, key: bytes, load: Callable[[], bytes | None], expire: int) -> bytes | None:
        # The origin's client waits: not in the event loop.
        value: bytes | None = self._do("get_or_load", key, lambda: asyncio.to_thread(load), expire or None)
        return value


FACADES: dict[str, Callable[[ringshift.Router, float], Facade]] = {
    "pymemcache": Pymemcache,
    "redis": RedisFacade,
    "redis-asyncio": AsyncRedisFacade,
}
