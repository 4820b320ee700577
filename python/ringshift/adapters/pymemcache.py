"""pymemcache over a router: `Client` has the methods of pymemcache's clients and carries out routes.

    import ringshift
    from ringshift.adapters.pymemcache import Client

    router = ringshift.Router.open("cache.json", watch=1.0)
    client = Client(router, timeout=0.5)
    user = client.get_or_load("user:42", database.user_42, expire=300)
    client.invalidate("user:42")

What is different from a pymemcache client:

- A read never fails because a cache does: a node that can't be reached is a miss. Only a caller's mistake, such as a
  key with a space, and errors of your own serde are raised.
- Every write waits for the server, whatever `noreply` says: the order in which a route is invalidated needs it. Results
  are therefore always the true ones. A write that a node did not acknowledge raises `InvalidationLostError`.
- `expire` is limited to the spec's `max_ttl`.
- `get_or_load` is the whole cache-aside read: it stores what it loads so that no write can be overtaken by it.
  `invalidate` is what follows a write to the database.
- `add` only stores the value where the key is read, if nothing is stored there; what it stores may be older than a
  write that was completed meanwhile. Use `get_or_load` in its place.
- `cas` takes the token that `gets` gave, and no other: tokens of different servers can be equal by chance.
- `incr`, `decr`, `append` and `prepend` change a value that exists nowhere else, which can't be migrated. They work on
  clusters without replicas while no migration is going on, and are refused otherwise.
- Connections time out after a second, unless you say otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Self, TypeVar

from ringshift._ringshift import Router
from ringshift.adapters import _reading, _replacing, _writing
from ringshift.adapters._carrying import carry_out
from ringshift.adapters._expiry import to_ttl
from ringshift.adapters._loads import Loaded, Loads
from ringshift.adapters._memcached import Memcached, failure
from ringshift.adapters._memcached_values import Key, Values, integer
from ringshift.adapters._nodes import place
from ringshift.adapters._steps import Do, Item, Plan, Result, Token
from ringshift.adapters._straight import reader, writer
from ringshift.errors import InvalidArgumentError

__all__ = ["CasToken", "Client", "Key"]

_K = TypeVar("_K", bound=Key)

_DEFAULTS: Final = {"connect_timeout": 1.0, "timeout": 1.0, "no_delay": True}


class CasToken(bytes):
    """What `gets` gives for `cas`: the server's token, and which node it is good at."""

    place: tuple[str, str]


class Client(Values):
    """pymemcache's methods over a router. Any number of threads may use one client.

    Args:
        router: The router; it stays yours to close.
        **options: For pymemcache's `PooledClient`, such as `serde`, `timeout`, `connect_timeout`, `max_pool_size`,
            `allow_unicode_keys`, `tls_context`. A `key_prefix` comes before the key and after the node's own prefix;
            like pymemcache's HashClient, the router gets keys without it. `default_noreply` and `ignore_exc` are taken
            and change nothing.
    """

    def __init__(self, router: Router, **options: Any) -> None:
        """Makes a client; connections are opened when they are needed."""
        options = {**_DEFAULTS, **options}
        super().__init__(router, options)
        sent = self._transport = Memcached(router, options, self._key_prefix)
        self._get = reader(router, _reading.read, sent.get, sent.send, failure, misses=True)
        self._seek = reader(router, _reading.find, sent.seek, sent.send, failure, misses=False)
        self._set = writer(router, _writing.set_one, sent.store, sent.send, failure)
        self._delete = writer(router, _writing.delete_one, sent.delete, sent.send, failure)
        self._loads = Loads()

    @property
    def router(self) -> Router:
        """The router whose routes are carried out."""
        return self._router

    # ---- Reading

    def get(self, key: Key, default: Any = None) -> Any:
        """The value of a key, or `default` if no cache has it or answers."""
        route, wire = self._route(key)
        item = self._get(route, wire)
        return default if item is None else self._serde.deserialize(key, item.value, item.flags)

    def get_many(self, keys: Iterable[_K]) -> dict[_K, Any]:
        """The values of the keys that are found."""
        keys = list(keys)
        routes, wires = self._routes(keys)
        items = self._carry_out(_reading.read_many(self._router, routes, wires))
        return {
            key: self._serde.deserialize(key, item.value, item.flags)
            for key, item in zip(keys, items, strict=True)
            if item is not None
        }

    get_multi = get_many

    def gets(self, key: Key, default: Any = None, cas_default: Any = None) -> tuple[Any, Any]:
        """The value of a key and its token for `cas`; there is no token for what only the fallback has."""
        route, wire = self._route(key)
        found = self._carry_out(_reading.read_with_token(self._router, route, wire))
        if found is None:
            return default, cas_default
        item, node, held = found
        token = CasToken(held.text)
        token.place = place(node)
        return self._serde.deserialize(key, item.value, item.flags), token

    def get_or_load(self, key: Key, load: Callable[[], Any], expire: int = 0) -> Any:
        """The value of a key; if no cache has it, what `load` gives, which is then stored.

        What is stored is never older than a write whose invalidation was acknowledged. Threads that ask for the same
        key at the same time share a load wherever none of them can get a value that is too old by it.

        Args:
            key: The key.
            load: Asks the origin, in this thread. What it raises is raised; None means that there is nothing, and is
                not stored. It has 30 seconds for its value to be stored.
            expire: How long the value lives, as for `set`.

        """
        integer(expire, "expire")
        arrived = self._loads.arrive()
        route, wire = self._route(key)
        found = self._seek(route, wire)
        if isinstance(found, Item):
            return self._serde.deserialize(key, found.value, found.flags)
        loaded: list[Any] = []

        def ask() -> Loaded:
            value = load()
            loaded[:] = [value]
            return None if value is None else self._item(key, value, expire, None)

        def fill(item: Item) -> bool:
            return self._carry_out(_reading.fill(self._router, found, wire, item))

        item = self._loads.run(wire, arrived, ask, fill)
        # Whoever shares a load gets a value of its own.
        if loaded:
            return loaded[0]
        return None if item is None else self._serde.deserialize(key, item.value, item.flags)

    # ---- Writing

    def set(self, key: Key, value: Any, expire: int = 0, noreply: bool | None = None, flags: int | None = None) -> bool:
        """Stores a value where the key is read, and removes it everywhere else, in the order of the route.

        Raises:
            InvalidationLostError: A node did not acknowledge; it may still hold an old value.
        """
        route, wire = self._route(key)
        return self._set(route, wire, self._item(key, value, expire, flags)) is True

    def set_many(
        self, values: Mapping[_K, Any], expire: int = 0, noreply: bool | None = None, flags: int | None = None
    ) -> list[_K]:
        """Stores many values like `set`; gives the keys that were not stored, without being lost."""
        results = self._store(values, expire, flags)
        return [key for key, result in zip(values, results, strict=True) if result is not True]

    set_multi = set_many

    def replace(
        self, key: Key, value: Any, expire: int = 0, noreply: bool | None = None, flags: int | None = None
    ) -> bool:
        """Like `set`, but stores the value only where the key is present."""
        route, wire = self._route(key)
        item = self._item(key, value, expire, flags)
        return self._finish(_replacing.replace(self._router, route, wire, item), 1)[0] is True

    def cas(
        self,
        key: Key,
        value: Any,
        cas: CasToken,
        expire: int = 0,
        noreply: bool = False,
        flags: int | None = None,
    ) -> bool | None:
        """Like `set`, but stores the value only if the key's value is still the one that `gets` gave.

        Returns:
            True if it was stored, False if there is another value or the key is read elsewhere by now, None if there is
            no value.
        """
        if not isinstance(cas, CasToken):
            raise InvalidArgumentError("cas: not a token; use the one that gets gave")
        route, wire = self._route(key)
        if route.read is None or place(route.read.node) != cas.place:
            return False
        item = self._item(key, value, expire, flags)
        plan = _writing.store(self._router, [route], [wire], [item], Do.CAS, [Token(cas)])
        result: bool | None = self._finish(plan, 1)[0]
        return result

    def add(self, key: Key, value: Any, expire: int = 0, noreply: bool | None = None, flags: int | None = None) -> bool:
        """Stores a value where the key is read, if nothing is stored there; False too if that can't be reached."""
        route, wire = self._route(key)
        item = self._item(key, value, expire, flags)
        return self._carry_out(_reading.add(self._router, route, wire, item))

    def touch(self, key: Key, expire: int = 0, noreply: bool | None = None) -> bool:
        """Gives the key another time to live; False if no cache has it or answers."""
        route, wire = self._route(key)
        return self._carry_out(_reading.touch(self._router, route, wire, to_ttl(integer(expire, "expire"))))

    # ---- Invalidating

    def invalidate(self, key: Key) -> None:
        """Removes a key from every cluster that any process may read; what follows a write to the database.

        Raises:
            InvalidationLostError: A node did not acknowledge; it may still hold the value. Send it again.
        """
        self.delete(key)

    def delete(self, key: Key, noreply: bool | None = None) -> bool:
        """Removes a key from every cluster that any process may read, in the order of the route.

        Returns:
            Whether it was in one of them.

        Raises:
            InvalidationLostError: A node did not acknowledge; it may still hold the value.
        """
        route, wire = self._route(key)
        return self._delete(route, wire, None) is True

    def delete_many(self, keys: Iterable[Key], noreply: bool | None = None) -> bool:
        """Removes many keys like `delete`; True."""
        routes, wires = self._routes(list(keys))
        self._finish(_writing.invalidate(self._router, routes, wires), len(wires))
        return True

    delete_multi = delete_many

    # ---- Where the cache is the record

    def incr(self, key: Key, value: int, noreply: bool | None = False) -> int | None:
        """Adds to a number; None if the key is not there. Refused while a migration is going on."""
        result: int | None = self._on_record("incr", key, integer(value, "value"))
        return result

    def decr(self, key: Key, value: int, noreply: bool | None = False) -> int | None:
        """Takes from a number; None if the key is not there. Refused while a migration is going on."""
        result: int | None = self._on_record("decr", key, integer(value, "value"))
        return result

    def append(
        self, key: Key, value: Any, expire: int = 0, noreply: bool | None = None, flags: int | None = None
    ) -> bool:
        """Adds to the end of a value. Refused while a migration is going on."""
        return self._on_record("append", key, self._item(key, value, expire, flags)) is True

    def prepend(
        self, key: Key, value: Any, expire: int = 0, noreply: bool | None = None, flags: int | None = None
    ) -> bool:
        """Adds to the beginning of a value. Refused while a migration is going on."""
        return self._on_record("prepend", key, self._item(key, value, expire, flags)) is True

    # ---- All nodes

    def flush_all(self, delay: int = 0, noreply: bool | None = None) -> bool:
        """Empties every node of the spec, whatever else is on it."""
        addresses = {node.address: node for node in self._router.nodes}
        for address in addresses:
            pool = self._transport.client(address)
            pool.run(lambda connection: connection.flush_all(integer(delay, "delay"), noreply=False))
        return True

    def close(self) -> None:
        """Closes all connections; the next call opens new ones."""
        self._transport.close()

    disconnect_all = close
    quit = close

    def __enter__(self) -> Self:
        """The client itself; it is closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes all connections."""
        self.close()

    def __getitem__(self, key: Key) -> Any:
        """The value of a key; KeyError if there is none."""
        value = self.get(key)
        if value is None:
            raise KeyError
        return value

    def __setitem__(self, key: Key, value: Any) -> None:
        """The same as `set`."""
        self.set(key, value)

    def __delitem__(self, key: Key) -> None:
        """The same as `delete`."""
        self.delete(key)

    # ---- What became of a plan

    def _store(self, values: Mapping[_K, Any], expire: int, flags: int | None) -> list[Any]:
        routes, wires = self._routes(list(values))
        items = [self._item(key, value, expire, flags) for key, value in values.items()]
        return self._finish(_writing.store(self._router, routes, wires, items, Do.SET), len(wires))

    def _finish(self, plan: Plan[_writing.Written], keys: int) -> list[Any]:
        written = self._carry_out(plan)
        written.check()
        return [written.results.get(at, False) for at in range(keys)]

    def _carry_out(self, plan: Plan[Result]) -> Result:
        return carry_out(plan, self._transport.send, self._router)

    def _on_record(self, name: str, key: Key, *arguments: Any) -> Any:
        route, wire = self._route(key)
        if len(route.invalidate) != 1:
            raise InvalidArgumentError(
                f"{name} is refused during a migration and on replicas: what it changes is kept nowhere else and can't "
                "be moved; keep such keys in a cluster of their own, with a router of their own"
            )
        return self._transport.call(route.invalidate[0], name, wire, *arguments)
