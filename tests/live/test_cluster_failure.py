"""All servers of a cluster fail: nobody reads it, everybody still invalidates it, and it is read again when it is back.

What happens to one node is tested beside each adapter. No times are asserted here but as counts: how many of many reads
waited for a node.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from authority import Authority
from fleet import FAMILIES, Fleet
from outage import FAULTS, TIMEOUT_MS, Client, everyone, fail, until


def left_alone(trip: Callable[[Client], None], do: str) -> Callable[[Client], None]:
    """The step in which a client finds out that the cluster fails, and reads elsewhere from then on."""

    def step(client: Client) -> None:
        def is_open() -> bool:
            trip(client)
            return client.state() == "open"

        until(is_open, "the breaker of the cluster is open")
        assert client.turns() == ["cluster_breaker_opened"]
        client.read_one_by_one(do)
        assert client.state() in ("open", "half_open")

    return step


def comes_back(client: Client) -> None:
    """The step after the servers are back: reads alone mend everything, and none is stale."""
    until(client.is_well, "all breakers are closed, and lost invalidations were sent again")
    assert client.turns() == ["cluster_breaker_opened", "cluster_breaker_closed"]
    until(lambda: client.is_served_by(client.failing), "every key is read where it was before")


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("fault", FAULTS)
def test_the_destination_of_a_ramp_fails(tmp_path: Path, family: str, fault: str) -> None:
    failure = FAULTS[fault]()
    with (
        Authority(1) as authority,
        Fleet(
            tmp_path, family, old=2, new=2, origin=authority.address, timeout_ms=TIMEOUT_MS, breaker=failure.breaker
        ) as fleet,
    ):
        fleet.write("prepare")
        fleet.adopt()
        clients = [Client(name, worker, authority, "new") for name, worker in fleet.workers.items()]
        everyone(clients, lambda client: until(lambda: client.is_served_by("old"), "every key is cached"))
        fleet.write("ramp", 100)
        fleet.adopt()
        everyone(clients, lambda client: until(lambda: client.is_served_by("new"), "every key is copied"))

        def read_at_the_source(client: Client) -> None:
            assert None not in client.read("get").values(), "the old cluster has them all"

        def write(client: Client) -> None:
            removed = client.count("invalidate", "old", "ok")
            client.write()
            assert client.count("invalidate", "old", "ok") - removed >= len(client.written)
            holders = {key: fleet.servers[name].meta(key) for key in client.written for name in fleet.old}
            assert set(holders.values()) == {None}, "the old cluster was invalidated all the same"
            # Loaded once, and then held by the source.
            assert None not in client.read("get_or_load", client.written).values()
            assert None not in client.read("get", client.written).values()

        fail(failure, fleet, clients)
        everyone(clients, left_alone(read_at_the_source, "get"))
        everyone(clients, write)
        failure.end()
        everyone(clients, comes_back)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("fault", FAULTS)
def test_the_only_cluster_fails(tmp_path: Path, family: str, fault: str) -> None:
    failure = FAULTS[fault]()
    with (
        Authority(2) as authority,
        Fleet(
            tmp_path, family, old=2, new=0, origin=authority.address, timeout_ms=TIMEOUT_MS, breaker=failure.breaker
        ) as fleet,
    ):
        clients = [Client(name, worker, authority, "old") for name, worker in fleet.workers.items()]
        everyone(clients, lambda client: until(lambda: client.is_served_by("old"), "every key is cached"))

        def write(client: Client) -> None:
            assert set(client.read("get").values()) == {None}, "there is nowhere to read"
            client.write()
            assert None not in client.read("get_or_load").values()

        fail(failure, fleet, clients)
        everyone(clients, left_alone(Client.load, "get_or_load"))
        everyone(clients, write)
        failure.end()
        everyone(clients, comes_back)
