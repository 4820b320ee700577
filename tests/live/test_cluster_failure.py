"""All servers of a cluster fail: nobody reads it, everybody still invalidates it, and it is read again when it is back.

What happens to one node is tested beside each adapter. No times are asserted here but as counts: how many of many reads
waited for a node.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from outage import FAULTS, ROUNDS, Client, Scene, until


def left_alone(trip: Callable[[Client], None], do: str) -> Callable[[Client], None]:
    """The step in which a client finds out that the cluster fails, by reading, and leaves it alone from then on."""

    def step(client: Client) -> None:
        for _ in range(ROUNDS):
            trip(client)
            if client.state() == "open":
                break
        else:
            raise AssertionError("the breaker of the cluster does not open")
        assert client.turns() == ["cluster_breaker_opened"]
        client.read_one_by_one(do)
        assert client.state() in ("open", "half_open")

    return step


def comes_back(client: Client) -> None:
    """The step after the servers are back: reads alone mend everything, and none is stale."""
    until(client.is_well, "all breakers are closed, and lost invalidations were sent again")
    assert client.turns()[:2] == ["cluster_breaker_opened", "cluster_breaker_closed"]
    until(lambda: client.is_served_by(client.failing), "every key is read where it was before")


@pytest.mark.parametrize("fault", FAULTS)
def test_the_destination_of_a_ramp_fails(tmp_path: Path, fault: str) -> None:
    def read_at_the_source(client: Client) -> None:
        assert None not in client.read("get").values(), "the old cluster has them all"

    def write(client: Client) -> None:
        removed = client.count("invalidate", "old", "ok")
        client.write()
        assert client.count("invalidate", "old", "ok") - removed >= len(client.written)
        for key in client.written:
            assert not client.is_held_by(client.fleet.old, key), "the source is invalidated all the same"

        def is_held() -> bool:
            assert None not in client.read("get_or_load", client.written).values(), "the origin has them all"
            return None not in client.read("get", client.written).values()

        until(is_held, "what was written is loaded, and then held by the source")

    with Scene(tmp_path, fault, new=2) as scene:
        scene.everyone(lambda client: until(lambda: client.is_served_by("old"), "every key is cached"))
        scene.go("ramp", 100)
        scene.everyone(lambda client: until(lambda: client.is_served_by("new"), "every key is copied"))
        scene.fail()
        scene.everyone(left_alone(read_at_the_source, "get"))
        scene.everyone(write)
        scene.mend()
        scene.everyone(comes_back)


@pytest.mark.parametrize("fault", FAULTS)
def test_the_only_cluster_fails(tmp_path: Path, fault: str) -> None:
    def write(client: Client) -> None:
        assert set(client.read("get").values()) == {None}, "there is nowhere to read"
        client.write()
        assert None not in client.read("get_or_load", client.written).values()

    with Scene(tmp_path, fault, new=0) as scene:
        scene.everyone(lambda client: until(lambda: client.is_served_by("old"), "every key is cached"))
        scene.fail()
        scene.everyone(left_alone(Client.load, "get_or_load"))
        scene.everyone(write)
        scene.mend()
        scene.everyone(comes_back)
