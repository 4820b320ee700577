"""Callers that read and write versioned values by an adapter, in threads or in tasks, and what became of each call.

What must be so whatever happens to a node is looked at here, call by call; `wrong` says what was not.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable, Collection, Coroutine, Generator
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

import ringshift

READERS, WRITERS = 4, 2


class Ask(NamedTuple):
    """A call of the adapter: the name of its method and the arguments; without a name, a pause of some seconds."""

    name: str
    arguments: tuple[Any, ...]


class Call(NamedTuple):
    """A call that has ended."""

    name: str
    key: str
    began: float
    ended: float
    result: Any

    @property
    def seconds(self) -> float:
        return self.ended - self.began


Script = Generator[Ask, Call, None]
"""What one caller does: calls, one after the other."""


class Callers(Protocol):
    """Threads or tasks."""

    def call(self, name: str, *arguments: Any) -> Any:
        """Calls a method of the adapter."""

    def start(self, scripts: list[Script], failed: Callable[[BaseException], None]) -> None:
        """Starts a caller for each script."""

    def join(self) -> None:
        """Waits for all of them."""

    def close(self) -> None:
        """Closes the client."""


class Threads:
    def __init__(self, client: Any) -> None:
        self.client = client
        self.threads: list[threading.Thread] = []

    def call(self, name: str, *arguments: Any) -> Any:
        return getattr(self.client, name)(*arguments)

    def start(self, scripts: list[Script], failed: Callable[[BaseException], None]) -> None:
        for script in scripts:
            self.threads.append(threading.Thread(target=self._run, args=(script, failed)))
            self.threads[-1].start()

    def _run(self, script: Script, failed: Callable[[BaseException], None]) -> None:
        try:
            ask = next(script)
            while True:
                began = time.monotonic()
                try:
                    method = getattr(self.client, ask.name) if ask.name else time.sleep
                    result = method(*ask.arguments)
                except Exception as error:  # noqa: BLE001 - the script looks at it
                    result = error
                ask = script.send(Call(ask.name, str(ask.arguments[0]), began, time.monotonic(), result))
        except StopIteration:
            return
        except BaseException as error:  # noqa: BLE001 - the test fails by it
            failed(error)

    def join(self) -> None:
        for thread in self.threads:
            thread.join()

    def close(self) -> None:
        self.client.close()


class Tasks:
    """The event loop has a thread of its own."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.running: list[Any] = []
        self.client = make()

    def _do(self, awaitable: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(awaitable, self.loop)

    def call(self, name: str, *arguments: Any) -> Any:
        return self._do(getattr(self.client, name)(*arguments)).result()

    def start(self, scripts: list[Script], failed: Callable[[BaseException], None]) -> None:
        self.running += [self._do(self._run(script, failed)) for script in scripts]

    async def _run(self, script: Script, failed: Callable[[BaseException], None]) -> None:
        try:
            ask = next(script)
            while True:
                began = time.monotonic()
                try:
                    method = getattr(self.client, ask.name) if ask.name else asyncio.sleep
                    result = await method(*ask.arguments)
                except Exception as error:  # noqa: BLE001 - the script looks at it
                    result = error
                ask = script.send(Call(ask.name, str(ask.arguments[0]), began, time.monotonic(), result))
        except StopIteration:
            return
        except BaseException as error:  # noqa: BLE001 - the test fails by it
            failed(error)

    def join(self) -> None:
        for each in self.running:
            each.result()

    def close(self) -> None:
        self._do(self.client.aclose()).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


class Traffic:
    """Readers and writers of some keys.

    Args:
        callers: Who carries it out.
        owners: The nodes of each key, where it is invalidated. A key is written by one writer, but for the `steady`
            ones, which nobody writes.
        steady: Keys of nodes to which nothing happens; the cache has them all the time.
        faulty: The nodes whose invalidations may fail.
        patience: A call that took so many seconds waited for a node. Where that was one that is well, this machine was
            too busy, and nothing is wrong; how many waited is for the test to judge.
        repeats: Whether writers send again what was lost. If they don't, this process may all the same not read what
            a lost invalidation was to remove.
    """

    def __init__(
        self,
        callers: Callers,
        owners: dict[str, tuple[ringshift.Node, ...]],
        steady: list[str],
        faulty: Collection[str],
        patience: float,
        *,
        repeats: bool = True,
    ) -> None:
        self.callers, self.owners, self.steady, self.faulty = callers, owners, steady, set(faulty)
        self.patience, self.repeats = patience, repeats
        self.keys = [*owners]
        # The origin: the newest version of each key. And the newest whose invalidation was acknowledged.
        self.written = dict.fromkeys(owners, 1)
        self.acknowledged = dict(self.written)
        # Keys whose invalidation was lost and not yet sent again with success.
        self.owed: set[str] = set()
        self.wrong: list[str] = []
        self.over = False
        # Whether writers pause.
        self.resting = False
        self._calls: list[list[Call]] = []
        for key in steady:
            callers.call("set", key, b"steady")
        for key in owners:
            callers.call("set", key, b"1")

    def start(self) -> None:
        scripts = [self._reader(at, self._log()) for at in range(READERS)]
        scripts += [self._writer(at, self._log()) for at in range(WRITERS)]
        self.callers.start(scripts, lambda error: self.wrong.append(repr(error)))

    def stop(self) -> None:
        self.over = True
        self.callers.join()

    def calls(self) -> list[Call]:
        """All that have ended, in no order."""
        return [call for log in self._calls for call in log.copy()]

    def reads(self) -> int:
        """How many reads have ended."""
        return sum(len(log) for log in self._calls[:READERS])

    def _log(self) -> list[Call]:
        self._calls.append([])
        return self._calls[-1]

    def _reader(self, seed: int, log: list[Call]) -> Script:
        chance = random.Random(seed)
        while not self.over:
            for key in chance.sample(self.keys, 6):
                least = self.acknowledged[key]
                if chance.random() < 0.5:
                    call = yield Ask("get", (key,))
                    log.append(call)
                    right = call.result is None or version(call.result) >= least
                else:
                    call = yield Ask("get_or_load", (key, lambda key=key: b"%d" % self.written[key]))
                    log.append(call)
                    right = version(call.result) >= least
                if not right:
                    self.wrong.append(f"{call.name} {key} on {self.where(key)}: {call.result!r}, want {least}")
            key = chance.choice(self.steady)
            call = yield Ask("get", (key,))
            log.append(call)
            if call.result != b"steady" and not (call.result is None and call.seconds >= self.patience):
                self.wrong.append(f"get {key}, which is on a node that is well: {call.result!r}")

    def _writer(self, at: int, log: list[Call]) -> Script:
        chance = random.Random(-1 - at)
        keys = self.keys[at::WRITERS]
        while not self.over:
            if self.resting:
                yield Ask("", (0.002,))
                continue
            owed = self.owed.intersection(keys) if self.repeats else None
            if owed and chance.random() < 0.5:
                key = chance.choice(sorted(owed))
            else:
                key = chance.choice(keys)
                self.written[key] += 1
            call = yield Ask("invalidate", (key,))
            log.append(call)
            if call.result is None:
                self.acknowledged[key] = self.written[key]
                self.owed.discard(key)
            else:
                self.owed.add(key)
                if not self.repeats:
                    self.acknowledged[key] = self.written[key]
                if not self._is_named(call):
                    self.wrong.append(f"invalidate {key} on {self.where(key)}: {call.result!r}")
            yield Ask("", (0.002,))

    def _is_named(self, call: Call) -> bool:
        error = call.result
        return (
            isinstance(error, ringshift.InvalidationLostError)
            and (error.cluster, error.node) in {(node.cluster, node.id) for node in self.owners[call.key]}
            and error.key == call.key.encode()
            and f"cluster {error.cluster}, node {error.node}" in str(error)
            and ({lost.node for lost in error.lost} <= self.faulty or call.seconds >= self.patience)
        )

    def where(self, key: str) -> str:
        """The nodes of a key, for people."""
        return " and ".join(node.id for node in self.owners[key])

    def settle(self) -> None:
        """After it was stopped and all is well: sends again what is owed, and looks at every key."""
        while self.repeats and self.owed:
            # A busy machine may take too long for this, too.
            with suppress(ringshift.InvalidationLostError):
                self.callers.call("invalidate", key := min(self.owed))
                self.owed.discard(key)
        for key in self.keys:
            for _ in range(2):
                found = self.callers.call("get_or_load", key, lambda key=key: b"%d" % self.written[key])
                if version(found) != self.written[key]:
                    self.wrong.append(f"{key} on {self.where(key)} in the end: {found!r}, want {self.written[key]}")


def version(value: Any) -> int:
    """The version that a value is of; -1 for what is none, such as an exception."""
    return int(value) if isinstance(value, bytes) else -1
