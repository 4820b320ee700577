"""The success scenario: from `hash % 4` to a larger cluster on the ring, stage by stage, under load."""

from __future__ import annotations

from demo.director import Director
from demo.record import Scenario
from demo.scenarios.naive import ADDED, NODES, blue
from demo.specs import MODULO, RING, Cluster, Migration, Situation

GREEN = ("g1", "g2", "g3", "g4", "g5")
PERCENTS = (10, 25, 50, 75, 100)


def green(director: Director, name: str = "green", *added: str) -> Cluster:
    """The new cluster; with `added` nodes under the same prefix, which only keys notice that change their owner."""
    return Cluster(name, RING, tuple(director.servers.node(node_id) for node_id in (*GREEN, *added)), "g1:")


async def success(director: Director) -> None:
    """Prepares, ramps up, soaks and finishes; then the old servers are switched off."""
    director.begin(
        Scenario(
            "migration",
            "A live migration: hash % 4 to a ring of 5 new servers",
            "Every key moves, step by step; the new cluster is warmed from the old one on the way.",
        )
    )
    old = blue(director, "m2:", MODULO)
    await director.refill(Situation(old))
    await director.stage("hash % 4", None, 2.0)
    await director.servers.start(GREEN)
    new = green(director)
    migration = Migration("blue-to-green", old, new)
    await director.stage("prepare", migration.at("prepare"), 1.5)
    for percent in PERCENTS:
        await director.stage(f"ramp {percent} %", migration.at("ramp", percent), 2.2)
    await director.stage("soak", migration.at("soak"), 1.5)
    await director.stage("final", Situation(new), 2.0)
    # Nothing may miss them: an error from here on would name one of them.
    await director.servers.stop((*NODES, ADDED))
    director.mark("old servers switched off")
