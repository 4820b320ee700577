"""A cluster of which every server fails at once, and what each client makes of it.

Each family has servers of its own, which fail at the same moment. Each client has keys of its own, which nobody else
reads or writes: what it may read is exactly known. Servers fail and come back between two steps, while no client is at
work; within a step all clients are, each in a thread of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from authority import Authority
from fleet import FAMILIES, Fleet, Server

LIMIT = 60.0
TIMEOUT_MS = 500
READS = 200
FEW = READS // 20
"""So many of the reads may be probes of what failed, or be slow since the machine is."""
ROUNDS = 20
"""So many reads of all keys at most until the breaker of the cluster opens."""
EACH = 4
"""Keys of a client on each node of the cluster that fails."""
EXPIRE = 600

Found = dict[str, str | None]


class Fault:
    """How servers fail."""

    breaker: Mapping[str, Any]
    """The settings that a spec has for it."""

    def begin(self, servers: list[Server], keys: Iterable[tuple[Server, str]]) -> None:
        """All of these fail. Keys are some that each may hold, as it has them."""
        raise NotImplementedError

    def end(self) -> None:
        """All of them are back."""
        raise NotImplementedError


class Killed(Fault):
    """They refuse connections and come back empty. Each node's breaker opens, and the cluster's since all are open."""

    breaker: Mapping[str, Any] = {"failures": 3, "open": "500ms", "max_open": "1s", "max_ejected": 0.5}

    def begin(self, servers: list[Server], keys: Iterable[tuple[Server, str]]) -> None:
        self._servers = servers
        for server in servers:
            server.stop()

    def end(self) -> None:
        for server in self._servers:
            server.start()


class Hung(Fault):
    """They answer nothing and come back with all that they held. By share only the cluster's breaker opens."""

    breaker: Mapping[str, Any] = {**Killed.breaker, "failures": 100, "rate": 1, "cluster_rate": 0.5, "window": "60s"}

    def begin(self, servers: list[Server], keys: Iterable[tuple[Server, str]]) -> None:
        self._servers = servers
        self._held = [(server, key, held[0]) for server, key in keys if (held := server.meta(key)) is not None]
        assert self._held
        for server in servers:
            server.hang()

    def end(self) -> None:
        # A removal that was sent to a process that is stopped reaches it when it goes on, and so was not lost after
        # all: therefore what it held is put back before anybody reads it.
        for server in self._servers:
            server.go_on()
        for server, key, value in self._held:
            server.put(key, value)


FAULTS: dict[str, type[Fault]] = {"killed": Killed, "hung": Hung}


class Client:
    """A worker, its keys, and what must be read of them."""

    def __init__(self, name: str, fleet: Fleet, authority: Authority, failing: str) -> None:
        """Chooses keys so that each node of the cluster that will fail has as many, and writes them at the origin."""
        self.name, self.fleet, self._authority, self.failing = name, fleet, authority, failing
        self.worker = fleet.workers[name]
        self.nodes: dict[str, str] = {}
        """The node of each key in that cluster."""
        candidates = [f"{name}:{at}" for at in range(200)]
        owned: dict[str, list[str]] = {}
        for key, route in zip(candidates, self.worker.call("routes", keys=candidates), strict=True):
            [node] = [place for place in route["invalidate"] if place.startswith(f"{failing}/")]
            owned.setdefault(node, []).append(key)
        assert len(owned) == 2, "both nodes have keys"
        for node, keys in owned.items():
            self.nodes.update(dict.fromkeys(keys[:EACH], node.partition("/")[2]))
        self.versions = {key: authority.put(key) for key in self.nodes}
        self.written: list[str] = []
        """Keys that were written while the cluster was away."""

    def together(self, do: str, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Does something with keys at the same time; the answers."""
        keys = list(keys)
        calls = [{"do": do, "key": key, "expire": EXPIRE} for key in keys]
        return dict(zip(keys, self.worker.call("together", calls=calls), strict=True))

    def read(self, do: str, keys: Iterable[str] | None = None) -> Found:
        """Reads keys, all of them if none is named. What is read is what was written last, or nothing."""
        found: Found = {}
        for key, answer in self.together(do, self.nodes if keys is None else keys).items():
            assert "error" not in answer, answer
            found[key] = answer["result"]
            self.check(key, found[key])
        return found

    def load(self) -> None:
        """Reads all keys, at the origin if need be, which has them all."""
        assert None not in self.read("get_or_load").values()

    def check(self, key: str, value: str | None) -> None:
        """A value is of the newest version."""
        if value is not None:
            assert value == f"{self.versions[key]} of {key}", f"{value}, and {self.versions[key]} is written"

    def read_one_by_one(self, do: str) -> None:
        """Reads that neither wait for the cluster that failed nor ask it, but for a few. Each finds a value."""
        asked, waited, keys = self.count("read", self.failing), 0, list(self.nodes)
        for at in range(READS):
            key, began = keys[at % len(keys)], time.monotonic()
            value = self.worker.call(do, key=key, expire=EXPIRE)
            waited += time.monotonic() - began > TIMEOUT_MS / 2000
            assert value is not None
            self.check(key, value)
            assert waited <= FEW, f"{waited} of {at + 1} reads waited"
        asked = self.count("read", self.failing) - asked
        assert asked <= FEW, f"{asked} of {READS} reads asked the cluster that failed"

    def write(self) -> None:
        """Writes half of the keys, of each node as many. Each invalidation is sent, and lost where everything is."""
        written = list(self.nodes)[::2]
        self.versions.update((key, self._authority.put(key)) for key in written)
        sent = self.count("invalidate", self.failing)
        for key, answer in self.together("invalidate", written).items():
            assert answer.get("kind") == "invalidation_lost", answer
            assert answer["lost"] == [[self.failing, self.nodes[key], key]]
        assert self.count("invalidate", self.failing) - sent >= len(written)
        assert self.count("invalidate", self.failing, "unsent") == 0
        self.written += written

    def is_served_by(self, cluster: str) -> bool:
        """Loads what is nowhere, and then reads all keys: whether each was found, at once, in this cluster."""
        self.load()
        hits, others = self.count("read", cluster, "hit"), self.count("read")
        found = self.read("get")
        hits, others = self.count("read", cluster, "hit") - hits, self.count("read") - others
        return None not in found.values() and hits == others == len(found)

    def is_well(self) -> bool:
        """Reads all keys, some of which may be probes: whether every breaker is closed, and nothing owed any more."""
        self.load()
        metrics = self.worker.call("metrics")
        states = {each["state"] for each in metrics["breakers"] + metrics["cluster_breakers"]}
        return states == {"closed"} and metrics["owed"]["keys"] == 0

    def is_held_by(self, names: list[str], key: str) -> bool:
        """What servers themselves say, past every client."""
        return any(self.fleet.servers[name].meta(self.fleet.wire(name, key)) is not None for name in names)

    def state(self) -> str:
        """The state of the cluster's breaker."""
        breakers = self.worker.call("metrics")["cluster_breakers"]
        [state] = [each["state"] for each in breakers if each["cluster"] == self.failing]
        assert isinstance(state, str)
        return state

    def turns(self) -> list[str]:
        """What events say of breakers of clusters."""
        kinds = ("cluster_breaker_opened", "cluster_breaker_closed")
        events = [event for event in self.worker.call("events") if event["kind"] in kinds]
        assert all(event["cluster"] == self.failing for event in events)
        return [event["kind"] for event in events]

    def count(self, op: str, cluster: str | None = None, outcome: str | None = None) -> int:
        """Requests that the worker has reported."""
        requests = self.worker.call("metrics")["requests"]
        return sum(
            each["count"]
            for each in requests
            if each["op"] == op and cluster in (None, each["cluster"]) and outcome in (None, each["outcome"])
        )


def until(condition: Callable[[], bool], what: str) -> None:
    """Waits until something is so."""
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, f"not within {LIMIT} s: {what}"
        time.sleep(0.1)


class Scene:
    """The servers and workers of both families, and their origin; for use in a `with`."""

    def __init__(self, directory: Path, fault: str, new: int) -> None:
        """Starts everything. The cluster that will fail is `new`, if that has servers, else `old`."""
        self._fault = FAULTS[fault]()
        self._stack = ExitStack()
        try:
            authority = self._stack.enter_context(Authority(1))
            self.fleets: list[Fleet] = []
            for family in FAMILIES:
                folder = directory / family
                folder.mkdir()
                fleet = Fleet(
                    folder,
                    family,
                    old=2,
                    new=new,
                    origin=authority.address,
                    timeout_ms=TIMEOUT_MS,
                    breaker=self._fault.breaker,
                )
                self.fleets.append(self._stack.enter_context(fleet))
            if new:
                self.go("prepare")
            failing = "new" if new else "old"
            self.clients = [Client(name, fleet, authority, failing) for fleet in self.fleets for name in fleet.workers]
        except BaseException:
            self._stack.close()
            raise

    def __enter__(self) -> Self:
        """Everything runs already."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stops everything, also when a test failed."""
        self._stack.close()

    def go(self, stage: str, percent: float = 0) -> None:
        """All workers take up the next stage."""
        for fleet in self.fleets:
            fleet.write(stage, percent)
            fleet.adopt()

    def everyone(self, step: Callable[[Client], None]) -> None:
        """Has all clients take a step at the same time. A failure says whose it is."""

        def take(client: Client) -> None:
            try:
                step(client)
            except BaseException as error:
                error.add_note(f"it was {client.name}")
                raise

        with ThreadPoolExecutor(len(self.clients)) as pool:
            for taken in [pool.submit(take, client) for client in self.clients]:
                taken.result()

    def fail(self) -> None:
        """All servers of the cluster fail."""
        failing = [(fleet, name) for fleet in self.fleets for name in fleet.new or fleet.old]
        keys = [
            (fleet.servers[name], fleet.wire(name, key))
            for fleet, name in failing
            for client in self.clients
            for key in client.nodes
        ]
        self._fault.begin([fleet.servers[name] for fleet, name in failing], keys)

    def mend(self) -> None:
        """All of them are back."""
        self._fault.end()
