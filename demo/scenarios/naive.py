"""What it costs to simply add a node to the list: under `hash % N`, and on the ring."""

from __future__ import annotations

from demo.director import Director
from demo.record import Scenario
from demo.specs import MODULO, RING, Cluster, Situation

NODES = ("mc1", "mc2", "mc3", "mc4")
ADDED = "mc5"


def blue(director: Director, key_prefix: str, placement: dict[str, object], *added: str) -> Cluster:
    """The old cluster, under a prefix of its own in each part of the run."""
    nodes = tuple(director.servers.node(node_id) for node_id in (*NODES, *added))
    return Cluster("blue", placement, nodes, key_prefix)


async def modulo(director: Director) -> None:
    """Adds a node under `hash % N`, sees what it does, and puts the list back."""
    director.begin(
        Scenario(
            "hash % N",
            "A node is added under hash % N",
            "Four servers, a fifth is put on the list: hash % 4 becomes hash % 5, and nearly every key moves at once.",
        )
    )
    four = blue(director, "m1:", MODULO)
    five = blue(director, "m1:", MODULO, ADDED)
    await director.refill(Situation(four))
    await director.stage("hash % 4", None, 3.0)
    await director.stage("hash % 5", Situation(five), 5.5)
    # The way back is as bad in another manner: what was written meanwhile was invalidated in the wrong places.
    await director.stage("hash % 4 again", Situation(four), 2.0)


async def ring(director: Director) -> None:
    """Adds the same node to the same servers on the ring, directly, without a migration."""
    director.begin(
        Scenario(
            "ring",
            "The same node is added on the ring",
            "The same servers on the ring, the fifth added directly: only its own share of the keys moves.",
        )
    )
    four = blue(director, "r1:", RING)
    await director.refill(Situation(four))
    await director.stage("ring of 4", None, 2.0)
    await director.stage("ring of 5", Situation(blue(director, "r1:", RING, ADDED)), 3.5)
