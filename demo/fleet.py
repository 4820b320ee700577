"""The workers as the operator sees them: started, told what to do, and asked what they did."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.children import Children, Talking
from demo.record import now
from demo.report import Report, parse_line, parse_report
from demo.settings import Settings

START_SECONDS = 20.0
ADOPT_SECONDS = 20.0
"""How long a worker may take to start, and to adopt a spec: far more than it needs on a busy machine."""
CLOCK_SECONDS = 5.0
"""The most that a worker's clock may differ from ours: anything near means that it is the same clock."""

COMMANDS = {
    "python": [sys.executable, "-m", "demo.workers.python_worker"],
    "node": ["node", "demo/workers/node_worker.mjs"],
}


class FleetError(Exception):
    """A worker that can't go on, or didn't do what it was told."""


@dataclass
class Worker:
    """One worker process."""

    name: str
    language: str
    talking: Talking
    answers: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    latest: Report | None = None

    async def tell(self, **message: object) -> None:
        """Sends a line to the worker."""
        await self.talking.tell(json.dumps(message) + "\n")

    async def ask(self, expected: str, **message: object) -> dict[str, Any]:
        """Sends a line and waits for the answer of this kind."""
        await self.tell(**message)
        try:
            answer = await asyncio.wait_for(self.answers.get(), START_SECONDS)
        except TimeoutError:
            raise FleetError(f"{self.name} didn't answer {message.get('do')!r} in {START_SECONDS:g} s") from None
        if answer["kind"] != expected:
            raise FleetError(f"{self.name} answered {answer['kind']!r} where {expected!r} was due")
        return answer


class Fleet:
    """All workers of a run. For use from one event loop."""

    def __init__(self, children: Children, settings: Settings, take: Callable[[str, Report], None]) -> None:
        """`take` gets every report."""
        self._children = children
        self._settings = settings
        self._take = take
        self.workers: list[Worker] = []
        self._reported = asyncio.Condition()

    @staticmethod
    def names(settings: Settings) -> list[str]:
        """The names of the workers, such as `python-1`."""
        return [f"{language}-{number + 1}" for number, language in enumerate(settings.workers)]

    async def start(
        self, group: asyncio.TaskGroup, *, spec: Path, origin: Path, trace: Path, keys: Path, contents: Path
    ) -> None:
        """Starts all workers, standing still, and follows what they print in tasks of `group`."""
        settings = self._settings
        for number, name in enumerate(self.names(settings)):
            language = settings.workers[number]
            config = {
                "name": name,
                "spec": str(spec),
                "origin": str(origin),
                "trace": str(trace),
                "keys": str(keys),
                "contents": str(contents),
                "offset": number * settings.trace_length // len(settings.workers),
                "lanes": settings.lanes,
                "rate": settings.requests_per_second / len(settings.workers),
                "watch": settings.watch,
                "reportEvery": settings.report_every,
                "leastTtl": settings.least_ttl,
                "mostTtl": settings.max_ttl,
            }
            talking = await self._children.start_talking([*COMMANDS[language], json.dumps(config)])
            worker = Worker(name, language, talking)
            self.workers.append(worker)
            group.create_task(self._follow(worker))
        for worker in self.workers:
            ready = await worker.ask("ready", do="hello")
            # Stale reads are judged by moments of several processes: that needs one clock.
            if abs(ready["clock"] / 1e6 - now()) > CLOCK_SECONDS:
                raise FleetError(f"{worker.name} has another monotonic clock: stale reads can't be judged here")

    async def run(self) -> None:
        """Lets load run."""
        await asyncio.gather(*(worker.tell(do="run") for worker in self.workers))

    async def pause(self) -> None:
        """Stops load, and waits until no request is left."""
        await asyncio.gather(*(worker.ask("paused", do="pause") for worker in self.workers))

    async def fill(self) -> None:
        """Has the workers fill the cache with what it holds in a steady state, each its part."""
        step = len(self.workers)
        await asyncio.gather(
            *(worker.ask("filled", do="fill", first=first, step=step) for first, worker in enumerate(self.workers))
        )

    async def adopted(self, generation: int) -> None:
        """Waits until every worker runs this generation and no request of an older one is left (rule 7)."""
        try:
            async with asyncio.timeout(ADOPT_SECONDS), self._reported:
                await self._reported.wait_for(lambda: not self._behind(generation))
        except TimeoutError:
            behind = ", ".join(self._behind(generation))
            raise FleetError(f"generation {generation} wasn't adopted in {ADOPT_SECONDS:g} s by {behind}") from None

    async def place(self, language: str, *, fresh: bool) -> list[str]:
        """Where a worker of this language places every key; `fresh`: by a router that knows of no broken node."""
        worker = next(worker for worker in self.workers if worker.language == language)
        answer = await worker.ask("placed", do="place", fresh=fresh)
        return [str(line) for line in answer["lines"]]

    def _behind(self, generation: int) -> list[str]:
        return [worker.name for worker in self.workers if worker.latest is None or worker.latest.drained < generation]

    async def _follow(self, worker: Worker) -> None:
        async for line in worker.talking.output:
            message = parse_line(line)
            if message["kind"] != "report":
                worker.answers.put_nowait(message)
                continue
            worker.latest = parse_report(message)
            self._take(worker.name, worker.latest)
            async with self._reported:
                self._reported.notify_all()
        raise FleetError(f"{worker.name} ended with status {await worker.talking.process.wait()}")
