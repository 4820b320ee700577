"""A fleet under load that is moved from cluster to cluster, with adoption delays and a server that dies.

Every worker reads and writes all the time, and takes up each spec at a moment of its own. The director publishes the
next one when all have taken up the one before and what began by it must be over.
"""

from __future__ import annotations

import json
import random
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from authority import Authority
from fleet import SERVERS, Server, Worker

TIMEOUT_MS = 400
LONGEST = 0.6
"""Seconds that an operation may take: a timeout at one node and an answer of the origin."""


@dataclass(frozen=True)
class Load:
    """What every worker does."""

    keys: int = 40
    threads: int = 4
    writes: float = 0.1
    expire: int = 600
    mode: str = "tokens"


@dataclass(frozen=True)
class Step:
    """A stage to go to. Workers take it up within `delay` seconds."""

    stage: str
    percent: float = 0
    delay: float = 0.25
    wait: bool = True


FORWARD = [Step("none"), Step("prepare"), Step("ramp", 10), Step("ramp", 60), Step("ramp", 100), Step("soak")]
THERE_AND_BACK = [Step("prepare"), Step("ramp", 50), Step("prepare"), Step("ramp", 30), *FORWARD[3:]]


@dataclass
class Moving:
    """Servers, an origin and workers; for use in a `with`."""

    directory: Path
    clients: list[str]
    family: str
    seed: int
    load: Load = field(default_factory=Load)
    traces: list[Path] = field(default_factory=list)
    """What the workers write down."""

    def __enter__(self) -> Self:
        """Starts everything; the load begins with `begin`."""
        self._stack = ExitStack()
        self._chance = random.Random(self.seed)
        self.generation = 0
        self.cluster, self.count = 0, 1
        try:
            self.servers: list[Server] = []
            for _ in range(5):
                server = SERVERS[self.family]()
                self._stack.callback(server.stop)
                self.servers.append(server)
            self._publish(None)
            authority = Authority(self.seed)
            self._stack.callback(authority.stop)
            self.origin = authority.address
            self.workers = [self._hire(client) for client in self.clients]
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stops everything, also when a test failed."""
        self._stack.close()

    def _hire(self, client: str) -> Worker:
        worker = Worker(client, self.directory / "cache.json", "", self.origin, TIMEOUT_MS)
        self._stack.callback(worker.stop)
        assert worker.call("generation") == self.generation
        return worker

    def begin(self) -> None:
        """Has all workers read and write until `end`."""
        for worker in self.workers:
            self._begin(worker)

    def _begin(self, worker: Worker) -> None:
        at = len(self.traces)
        self.traces.append(self.directory / f"trace-{at}")
        worker.call(
            "start",
            reads=1 << 40,
            keys=self.load.keys,
            threads=self.load.threads,
            writes=self.load.writes,
            expire=self.load.expire,
            seed=self.seed * 100 + at,
            trace=str(self.traces[at]),
            mode=self.load.mode,
        )

    def end(self) -> list[dict[str, int]]:
        """Ends the load; what each worker counted."""
        return [worker.call("stop") for worker in self.workers]

    def migrate(self, steps: list[Step], *, crash: bool = False) -> None:
        """Moves to a cluster that was never used before, on the other servers; one of them may be killed meanwhile."""
        self.count += 1
        for step in steps:
            self.go(step)
            if crash and step.stage == "ramp":
                self._crash()
        self.cluster = self.count
        self.go(Step("final"))

    def go(self, step: Step) -> None:
        self._publish(step)
        # Each worker takes it up at a moment of its own.
        adopting = [
            threading.Timer(self._chance.random() * step.delay, worker.call, ["refresh"]) for worker in self.workers
        ]
        for timer in adopting:
            timer.start()
        for timer in adopting:
            timer.join()
        if step.wait:
            time.sleep(LONGEST)

    def _crash(self) -> None:
        """Kills a server, which comes back empty."""
        server = self._chance.choice(self.servers)
        server.stop()
        time.sleep(0.2)
        server.start()

    def _publish(self, step: Step | None) -> None:
        self.generation += 1
        clusters = {f"c{self.cluster}": self._cluster(self.cluster)}
        spec: dict[str, Any] = {
            "format": 1,
            "generation": self.generation,
            "primary": f"c{self.cluster}",
            "max_ttl": "1h",
            "clusters": clusters,
            "breaker": {"failures": 3, "open": "100ms", "max_open": "500ms", "max_ejected": 1},
        }
        if step is not None and step.stage != "final":
            clusters[f"c{self.count}"] = self._cluster(self.count)
            spec["standby"] = f"c{self.count}"
            spec["migration"] = {
                "id": f"m{self.count}",
                "from": f"c{self.cluster}",
                "to": f"c{self.count}",
                "stage": step.stage,
                "percent": step.percent,
            }
        temporary = self.directory / "cache.next"
        temporary.write_text(json.dumps(spec), encoding="utf-8")
        temporary.rename(self.directory / "cache.json")

    def _cluster(self, number: int) -> dict[str, Any]:
        """Clusters take turns on two and on three servers; each has a prefix of its own."""
        held = self.servers[:2] if number % 2 == 0 else self.servers[2:]
        nodes = [{"id": f"s{self.servers.index(server)}", "address": server.address} for server in held]
        return {"placement": {"kind": "ring", "vnodes": 64}, "key_prefix": f"p{number}:", "nodes": nodes}
