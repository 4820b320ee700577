"""Concurrent loads of one key are one load, without giving anybody a value that is too old.

Whoever comes while a load runs may have begun after a write that the load did not see. So its value is shared only with
those who had come before the load began, and, if a node accepted its fill, with those who came before the fill was
sent: had a write been completed in between, its invalidation would have defeated the fill. All others load again, as
one. docs/migration.md has the whole rule.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from ringshift.adapters._forks import forget_in_child
from ringshift.adapters._steps import Item

Loaded = Item | None
_Done = TypeVar("_Done")


class Load(Generic[_Done]):
    """A load, and what became of it."""

    __slots__ = ("_next", "accepted", "began", "done", "error", "item", "leader", "useless")

    def __init__(self, done: _Done) -> None:
        """Not begun."""
        self.leader: object = None
        self.began = -1
        self.done = done
        self.item: Loaded = None
        self.accepted = False
        self.useless = True
        self.error: Exception | None = None
        self._next: Load[_Done] | None = None

    def may_be_shared_with(self, arrived: int) -> bool:
        """Whether it is over, and well, for somebody who joined it before its fill was sent."""
        return not self.useless and (self.accepted or self.began > arrived)

    def result(self) -> Loaded:
        """Its item; raises what the load raised."""
        if self.error is not None:
            raise self.error
        return self.item

    def next(self, done: Callable[[], _Done]) -> Load[_Done]:
        """The load of all those with whom this one may not be shared."""
        if self._next is None:
            self._next = Load(done())
        return self._next


class _Running(Generic[_Done]):
    """The loads that can be joined. What is here is not safe for threads."""

    def __init__(self, done: Callable[[], _Done]) -> None:
        self._done = done
        self._loads: dict[bytes, Load[_Done]] = {}
        self._clock = itertools.count()

    def arrive(self) -> int:
        return next(self._clock)

    def join(self, key: bytes, before: Load[_Done] | None, me: object) -> tuple[Load[_Done], bool]:
        """The load to wait for, or to lead; `before` is the one that was waited for in vain."""
        load = self._loads.get(key) if before is None else before.next(self._done)
        if load is None:
            load = Load(self._done())
        if load.leader is not None:
            return load, False
        load.leader, load.began = me, next(self._clock)
        self._loads[key] = load
        return load, True

    def close(self, key: bytes, load: Load[_Done]) -> None:
        """Nobody can join any more."""
        if self._loads.get(key) is load:
            del self._loads[key]


class Loads:
    """Loads of one process by threads."""

    def __init__(self) -> None:
        """None run yet."""
        self.forget()
        forget_in_child(self)

    def forget(self) -> None:
        """In a forked child: the threads that load are the parent's."""
        self._lock = threading.Lock()
        self._running = _Running(threading.Event)

    def arrive(self) -> int:
        """To be asked when a read begins."""
        with self._lock:
            return self._running.arrive()

    def run(self, key: bytes, arrived: int, load: Callable[[], Loaded], fill: Callable[[Item], bool]) -> Loaded:
        """Loads, or waits for somebody else who does.

        Args:
            key: What is loaded.
            arrived: What `arrive` gave when the read began.
            load: Asks the origin.
            fill: Stores what was loaded by the tokens of this read; whether it was accepted.
        """
        me = threading.get_ident()
        before: Load[threading.Event] | None = None
        while True:
            with self._lock:
                mine, leads = self._running.join(key, before, me)
            if leads:
                break
            if mine.leader == me:
                # A load that asks for its own key would wait for itself.
                return load()
            mine.done.wait()
            if mine.may_be_shared_with(arrived):
                return mine.result()
            before = mine
        try:
            mine.item = load()
            mine.useless = False
            self._close(key, mine)
            mine.accepted = mine.item is not None and fill(mine.item)
        except Exception as error:
            mine.error, mine.useless = error, False
            raise
        finally:
            self._close(key, mine)
            mine.done.set()
        return mine.item

    def _close(self, key: bytes, load: Load[threading.Event]) -> None:
        with self._lock:
            self._running.close(key, load)


class AsyncLoads:
    """Loads of one process by tasks of one event loop."""

    def __init__(self) -> None:
        """None run yet."""
        self._running = _Running(asyncio.Event)

    def arrive(self) -> int:
        """To be asked when a read begins."""
        return self._running.arrive()

    async def run(
        self,
        key: bytes,
        arrived: int,
        load: Callable[[], Awaitable[Loaded]],
        fill: Callable[[Item], Awaitable[bool]],
    ) -> Loaded:
        """The same as `Loads.run`."""
        me = asyncio.current_task()
        before: Load[asyncio.Event] | None = None
        while True:
            mine, leads = self._running.join(key, before, me)
            if leads:
                break
            if mine.leader is me:
                return await load()
            await mine.done.wait()
            if mine.may_be_shared_with(arrived):
                return mine.result()
            before = mine
        try:
            mine.item = await load()
            mine.useless = False
            self._running.close(key, mine)
            mine.accepted = mine.item is not None and await fill(mine.item)
        except Exception as error:
            mine.error, mine.useless = error, False
            raise
        finally:
            self._running.close(key, mine)
            mine.done.set()
        return mine.item
