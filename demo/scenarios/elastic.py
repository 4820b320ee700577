"""Elastic scaling: a node more for a peak, and away again, with shared nodes and one prefix."""

from __future__ import annotations

from demo.director import Director
from demo.record import Scenario, now
from demo.scenarios.success import green
from demo.specs import Migration, Situation

EXTRA = "g6"
TTL_MARGIN = 1.5
"""Seconds added to `max_ttl`: a memcached's clock advances once a second."""


async def scale_out(director: Director) -> float:
    """Adds a node. Gives the moment from which on its keys' old owners own them no more."""
    director.begin(
        Scenario(
            "scale out",
            "A peak: one node more",
            "A migration to the same nodes plus one, under the same prefix: only the keys that it takes over migrate.",
        )
    )
    await director.stage("ring of 5", None, 1.5)
    await director.servers.start([EXTRA])
    larger = green(director, "peak", EXTRA)
    migration = Migration("peak-begins", green(director), larger)
    await director.stage("prepare", migration.at("prepare"), 1.0)
    for percent in (25, 50, 100):
        await director.stage(f"ramp {percent} %", migration.at("ramp", percent), 1.5)
    await director.stage("soak", migration.at("soak"), 1.0)
    stage = await director.stage("final", Situation(larger), 1.5)
    return stage.adopted if stage.adopted is not None else now()


async def scale_in(director: Director, disowned: float) -> None:
    """Takes the node away again, once no old copy of its keys can be left on the others."""
    director.begin(
        Scenario(
            "scale in",
            "The peak is over: one node less",
            "Its keys go back to nodes that owned them before: legal once max_ttl has passed and no old copy is left.",
        )
    )
    await director.wait_until(disowned + director.settings.max_ttl + TTL_MARGIN, "old copies expire")
    await director.stage("ring of 6", None, 1.0)
    larger, smaller = green(director, "peak", EXTRA), green(director)
    migration = Migration("peak-ends", larger, smaller)
    await director.stage("prepare", migration.at("prepare"), 1.0)
    for percent in (50, 100):
        await director.stage(f"ramp {percent} %", migration.at("ramp", percent), 1.5)
    await director.stage("soak", migration.at("soak"), 1.0)
    await director.stage("final", Situation(smaller), 2.0)
    await director.servers.stop([EXTRA])
    director.mark("extra server switched off")
