"""The failure scenario: a new node dies in the middle of the ramp, breakers hold it off, the operator rolls back."""

from __future__ import annotations

from demo.director import Director
from demo.record import Scenario
from demo.scenarios.elastic import EXTRA
from demo.scenarios.success import green
from demo.specs import RING, Cluster, Migration, Situation

VIOLET = ("v1", "v2", "v3", "v4")
VICTIM = "v2"


async def failure(director: Director) -> None:
    """Migrates to yet another cluster, kills one of its nodes halfway, and rolls back."""
    director.begin(
        Scenario(
            "failure",
            "A migration that fails: a new node dies in the ramp",
            "Breakers stop reads of the dead node, its keys are read where they were, and the operator rolls back.",
        )
    )
    present = green(director, "peak", EXTRA)
    await director.stage("ring of 6", None, 1.0)
    await director.servers.start(VIOLET)
    nodes = tuple(director.servers.node(node_id) for node_id in VIOLET)
    migration = Migration("to-violet", present, Cluster("violet", RING, nodes, "v1:"))
    await director.stage("prepare", migration.at("prepare"), 1.0)
    await director.stage("ramp 25 %", migration.at("ramp", 25), 1.5)
    await director.stage("ramp 50 %", migration.at("ramp", 50), 1.5)

    async def power_loss() -> None:
        await director.servers.kill(VICTIM)
        director.mark(f"{VICTIM} killed", harm=True)

    await director.stage(f"ramp 50 %, {VICTIM} dead", None, 4.0, fresh=True, meanwhile=power_loss)
    await director.stage("back to prepare", migration.at("prepare"), 1.5, fresh=True)
    await director.stage("back to none", Situation(present), 1.5, fresh=True)
    await director.servers.stop([node_id for node_id in VIOLET if node_id != VICTIM])
