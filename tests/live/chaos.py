"""What goes wrong in a fleet, at random: servers that die or hang, processes that die, spec files that are bad.

Servers fail one after the other without an end, in a thread of its own; what concerns the workers and the spec file
comes from the director between its steps.
"""

from __future__ import annotations

import json
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from fleet import Server, WorkerError
from moving import FORWARD, THERE_AND_BACK, TIMEOUT_MS, Moving, Step

SETTLED = 3.0
"""Seconds in which whatever began by the spec before is over, with every node of a route hung."""


@dataclass
class Faults:
    """Faults of servers, from `__enter__` to `__exit__`; all of them are up in the end."""

    servers: list[Server]
    seed: int
    counts: Counter[str] = field(default_factory=Counter)
    failed: BaseException | None = None

    def __enter__(self) -> Self:
        """Begins."""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Ends the last fault, and waits for it."""
        self._over.set()
        self._thread.join()
        if self.failed is not None and error is None:
            raise self.failed

    def _run(self) -> None:
        chance = random.Random(self.seed)
        faults: list[Callable[[Server, random.Random], None]] = [self._killed, self._hung, self._slow, self._flapping]
        try:
            while not self._over.wait(chance.uniform(0.1, 0.8)):
                fault = chance.choice(faults)
                self.counts[fault.__name__.strip("_")] += 1
                fault(chance.choice(self.servers), chance)
        except BaseException as error:  # noqa: BLE001 - raised again in __exit__
            self.failed = error

    def _killed(self, server: Server, chance: random.Random) -> None:
        """It refuses connections, and comes back empty."""
        server.stop()
        self._over.wait(chance.uniform(0.05, 1.5))
        server.start()

    def _hung(self, server: Server, chance: random.Random) -> None:
        """It answers nothing, for longer than any client waits, and comes back with all that it held."""
        server.process.send_signal(signal.SIGSTOP)
        self._over.wait(chance.uniform(1.0, 4.0) * TIMEOUT_MS / 1000)
        server.process.send_signal(signal.SIGCONT)

    def _slow(self, server: Server, chance: random.Random) -> None:
        """It stops again and again, at times for longer than clients wait."""
        for _ in range(8):
            server.process.send_signal(signal.SIGSTOP)
            self._over.wait(chance.uniform(0.02, 1.2) * TIMEOUT_MS / 1000)
            server.process.send_signal(signal.SIGCONT)
            self._over.wait(0.01)

    def _flapping(self, server: Server, chance: random.Random) -> None:
        """It dies again as soon as it is back."""
        for _ in range(chance.randint(2, 4)):
            server.stop()
            self._over.wait(chance.uniform(0.02, 0.2))
            server.start()
            self._over.wait(chance.uniform(0.02, 0.2))


@dataclass
class Chaos(Moving):
    """A fleet that is moved all the time, while everything goes wrong."""

    counts: Counter[str] = field(default_factory=Counter)

    def run(self, seconds: float) -> None:
        """Moves from cluster to cluster until the time is over, wherever the last migration stands then."""
        until = time.monotonic() + seconds
        with Faults(self.servers, self.seed, self.counts):
            while time.monotonic() < until:
                self.count += 1
                for step in self._chance.choice((FORWARD, THERE_AND_BACK)):
                    self._disturb()
                    self.go(step)
                    time.sleep(SETTLED)
                    if time.monotonic() > until:
                        return
                self.cluster = self.count
                self.go(Step("final"))
                time.sleep(SETTLED)
                self.counts["migrations"] += 1

    def _disturb(self) -> None:
        """Perhaps something happens to a worker, or to the spec file."""
        chance = self._chance.random()
        if chance < 0.2:
            self._replace_worker()
        elif chance < 0.6:
            self._spoil_file()

    def _replace_worker(self) -> None:
        """A process dies in the middle of whatever it does, with what it owes, and another takes its place."""
        self.counts["killed workers"] += 1
        at = self._chance.randrange(len(self.workers))
        worker = self.workers[at]
        worker.process.kill()
        worker.process.wait()
        self.workers[at] = self._hire(worker.client)
        self._begin(self.workers[at])

    def _spoil_file(self) -> None:
        """The spec file is bad for a while: every worker refuses it and stays where it is."""
        self.counts["bad files"] += 1
        file = self.directory / "cache.json"
        good = file.read_text(encoding="utf-8")
        spoil = self._chance.choice((cut_off, older, contradicting, gone))
        spoil(file, good)
        for worker in self.workers:
            with suppress(WorkerError):
                worker.call("refresh")
                raise AssertionError(f"{worker.client} took a file that is {spoil.__name__}")
            assert worker.call("generation") == self.generation
        file.write_text(good, encoding="utf-8")
        for worker in self.workers:
            assert worker.call("refresh") is False


def cut_off(file: Path, good: str) -> None:
    """Not all of it is there."""
    file.write_text(good[: len(good) // 2], encoding="utf-8")


def older(file: Path, good: str) -> None:
    """Of a lower generation."""
    spec = json.loads(good)
    file.write_text(json.dumps({**spec, "generation": 0}), encoding="utf-8")


def contradicting(file: Path, good: str) -> None:
    """Of the same generation with other content."""
    spec = json.loads(good)
    file.write_text(json.dumps({**spec, "max_ttl": "2h"}), encoding="utf-8")


def gone(file: Path, _good: str) -> None:
    """Not there at all."""
    file.unlink()
