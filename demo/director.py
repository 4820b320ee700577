"""Carries a scenario out: publishes a generation, waits until the whole fleet runs it, and keeps it for a while.

The rules of a migration that fall to whoever publishes a spec are kept here: the next generation comes only when every
worker runs this one and none of its requests began under an older one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from demo.fleet import Fleet
from demo.placing import Placer, moved_share
from demo.record import Mark, Record, Scenario, Stage, now
from demo.servers import Servers
from demo.settings import Settings
from demo.specs import Situation, SpecFile


@dataclass
class Director:
    """What a scenario works with. For use from one event loop."""

    settings: Settings
    record: Record
    fleet: Fleet
    servers: Servers
    spec: SpecFile
    placer: Placer
    # The nodes that each key was read from when the scenario started.
    _reference: list[str] | None = None

    def begin(self, scenario: Scenario) -> None:
        """Starts the next part of the story."""
        self.record.scenarios.append(scenario)
        self._reference = None

    async def stage(
        self,
        name: str,
        situation: Situation | None,
        seconds: float,
        *,
        fresh: bool = False,
        meanwhile: Callable[[], Awaitable[None]] | None = None,
    ) -> Stage:
        """Publishes a situation (None: the spec stays) and keeps it for some seconds under load.

        With `fresh`, keys are placed for the comparison by routers that know of no broken node: where a breaker is
        open, a worker's own router rightly answers something else. `meanwhile` is done as the stage begins.
        """
        stage = self._open(name, situation)
        if meanwhile is not None:
            await meanwhile()
        await self._adopt(stage)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._check(stage, fresh=fresh))
            await asyncio.sleep(seconds * self.settings.pace)
        stage.end = now()
        return stage

    async def refill(self, situation: Situation) -> None:
        """Halts load, publishes a situation with a fresh prefix, fills its cache by hand, and lets load run again."""
        stage = self._open("filling", None, pause=True)
        await self.fleet.pause()
        stage.generation = self.spec.publish(situation)
        await self._adopt(stage)
        await self.fleet.fill()
        await self.fleet.run()
        stage.end = now()

    async def wait_until(self, moment: float, name: str) -> None:
        """Keeps the present spec until a moment; no stage if that has passed."""
        left = moment - now()
        if left > 0:
            await self.stage(name, None, left / self.settings.pace)

    def mark(self, text: str, *, harm: bool = False) -> None:
        """Notes a moment for the chart."""
        self.record.marks.append(Mark(now(), text, harm))

    def _open(self, name: str, situation: Situation | None, *, pause: bool = False) -> Stage:
        generation = self.spec.generation if situation is None else self.spec.publish(situation)
        scenario = self.record.scenarios[-1]
        stage = Stage(scenario.key, name, now(), generation, pause)
        scenario.stages.append(stage)
        return stage

    async def _adopt(self, stage: Stage) -> None:
        await self.fleet.adopted(stage.generation)
        stage.adopted = now()

    async def _check(self, stage: Stage, *, fresh: bool) -> None:
        placing = await self.placer.place(fresh=fresh)
        stage.disagreements = placing.disagreements
        stage.clusters = placing.clusters()
        nodes = placing.nodes()
        if self._reference is None:
            self._reference = nodes
        stage.moved = moved_share(self._reference, nodes)
