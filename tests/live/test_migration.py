"""A fleet moves one cluster to another, on real servers, each process through its own client library."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from fleet import FAMILIES, Fleet, Worker, WorkerError

KEYS = [f"user:{number}" for number in range(40)]
STAGES = [(None, 0.0), ("none", 0.0), ("prepare", 0.0), ("ramp", 10.0), ("ramp", 50.0), ("ramp", 100.0), ("soak", 0.0)]


@pytest.fixture(params=FAMILIES)
def fleet(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fleet]:
    """Two old servers, three new ones, a worker for each client."""
    with Fleet(tmp_path, request.param, old=2, new=3) as fleet:
        yield fleet


@pytest.fixture(params=[(family, client) for family, clients in FAMILIES.items() for client in clients])
def one(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Fleet, Worker]]:
    """A fleet, and the worker of it that a test is about."""
    family, client = request.param
    with Fleet(tmp_path, family, old=2, new=3) as fleet:
        yield fleet, fleet.workers[client]


def pairs(fleet: Fleet) -> list[tuple[str, str]]:
    """Every two workers, in both orders."""
    return list(itertools.permutations(fleet.workers, 2))


def agree(fleet: Fleet) -> None:
    """All languages give the same routes."""
    first, *others = [worker.call("routes", keys=KEYS) for worker in fleet.workers.values()]
    assert all(other == first for other in others)


def test_what_one_language_writes_the_other_reads_in_every_stage(fleet: Fleet) -> None:
    for stage, percent in [*STAGES, ("final", 0.0)]:
        fleet.write(None if stage == "final" else stage, percent, final=stage == "final")
        fleet.adopt()
        agree(fleet)
        for writer, reader in pairs(fleet):
            for key in KEYS[:15]:
                assert fleet.workers[writer].call("set", key=key, value=f"{stage} {percent} {writer}") is True
                assert fleet.workers[reader].call("get", key=key) == f"{stage} {percent} {writer}"
            for key in KEYS[:15]:
                assert fleet.workers[writer].call("delete", key=key) is True
                assert fleet.where(key) == []
                assert fleet.workers[reader].call("get", key=key) is None


def test_processes_on_neighbouring_stages_invalidate_for_each_other(fleet: Fleet) -> None:
    steps = [*STAGES[1:], ("final", 0.0)]
    fleet.write("none")
    fleet.adopt()
    for (stage, percent), (behind, ahead) in zip(steps, itertools.cycle(pairs(fleet)), strict=False):
        fleet.write(None if stage == "final" else stage, percent, final=stage == "final")
        fleet.adopt([ahead])
        for writer, reader in ((behind, ahead), (ahead, behind)):
            for key in [f"{key}:{stage}:{percent}:{writer}" for key in KEYS[:20]]:
                # Whatever either of them put there, a writer on the other stage removes it for both.
                for worker in fleet.workers.values():
                    worker.call("add", key=key, value="old")
                fleet.workers[writer].call("delete", key=key)
                assert fleet.workers[reader].call("get", key=key) is None, (stage, percent, writer)
                assert fleet.workers[writer].call("get", key=key) is None, (stage, percent, writer)
        fleet.adopt(client for client in fleet.workers if client != ahead)


def test_a_ramp_copies_values_with_the_time_that_they_have_left(one: tuple[Fleet, Worker]) -> None:
    fleet, worker = one
    for writer, key in zip(itertools.cycle(fleet.workers.values()), KEYS, strict=False):
        writer.call("set", key=key, value="kept", expire=900)
    for stage, percent in [("prepare", 0), ("ramp", 100)]:
        fleet.write(stage, percent)
        fleet.adopt()
    for key in KEYS:
        assert len(fleet.where(key)) == 1
        assert worker.call("get", key=key) == "kept"
        holders = fleet.where(key)
        assert len(holders) == 2
        copied = fleet.servers[holders[1]].meta(f"g1:{key}")
        assert copied is not None
        assert copied[0] == b"kept"
        assert 890 <= copied[1] <= 900
    # The old cluster is not needed any more.
    for name in fleet.old:
        fleet.servers[name].stop()
    assert all(worker.call("get", key=key) == "kept" for key in KEYS)


def test_a_node_that_dies_in_the_ramp_costs_misses_and_a_lost_invalidation_is_told(one: tuple[Fleet, Worker]) -> None:
    fleet, worker = one
    for stage, percent in [("prepare", 0), ("ramp", 100)]:
        fleet.write(stage, percent)
        fleet.adopt()
    routes = worker.call("routes", keys=KEYS)
    hit = [key for key, route in zip(KEYS, routes, strict=True) if route["read"] == ["new/new0"]]
    assert hit
    for key in KEYS:
        worker.call("set", key=key, value="before")
    fleet.servers["new0"].stop()
    for key in KEYS:
        # A set removed the old cluster's value, so what the dead node held is a miss, and not an error.
        assert worker.call("get", key=key) == (None if key in hit else "before")
    # The breaker is open by now: the old cluster answers for the dead node's keys.
    for key, route in zip(KEYS, worker.call("routes", keys=KEYS), strict=True):
        assert (route["read"][0].startswith("old/")) == (key in hit)
        assert "new/new0" in route["invalidate"] or key not in hit
    for key in hit:
        assert worker.call("add", key=key, value="after") is True
        assert worker.call("get", key=key) == "after"
        with pytest.raises(WorkerError) as lost:
            worker.call("delete", key=key)
        assert lost.value.kind == "invalidation_lost"
        assert "new0" in str(lost.value)
        assert key not in str(lost.value), "keys stay out of messages"
        assert worker.call("get", key=key) is None, "what could be reached was invalidated"
    # Rolled back, nothing asks the dead node any more.
    for stage in ("prepare", "none"):
        fleet.write(stage)
        fleet.adopt()
    for key in KEYS:
        worker.call("set", key=key, value="back")
        assert worker.call("get", key=key) == "back"
        assert worker.call("delete", key=key) is True
