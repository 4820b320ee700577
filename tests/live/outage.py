"""A cluster of which every server fails at once, and what each client of a family makes of it.

Each client has keys of its own, which nobody else reads or writes: what it may read is exactly known. Servers fail and
come back between two steps, while no client is at work; within a step all clients are, each in a thread of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from authority import Authority
from fleet import Fleet, Server, Worker

LIMIT = 60.0
TIMEOUT_MS = 600
READS = 200
FEW = READS // 20
"""So many of the reads may be probes of what failed, or be slow since the machine is."""
EACH = 4
"""Keys of a client on each node of the cluster that fails."""
EXPIRE = 600

Found = dict[str, str | None]


class Killed:
    """They refuse connections and come back empty. Each node's breaker opens, and the cluster's since all are open."""

    breaker: Mapping[str, Any] = {"failures": 3, "open": "500ms", "max_open": "1s", "max_ejected": 0.5}

    def begin(self, servers: dict[str, Server], _keys: Iterable[tuple[str, str]]) -> None:
        """All of them fail."""
        self._servers = servers
        for server in servers.values():
            server.stop()

    def end(self) -> None:
        """All of them are back."""
        for server in self._servers.values():
            server.start()


class Hung:
    """They answer nothing and come back with all that they held. No node's breaker opens: the cluster's does by share."""

    breaker: Mapping[str, Any] = {**Killed.breaker, "failures": 100, "rate": 1, "cluster_rate": 0.5}

    def begin(self, servers: dict[str, Server], keys: Iterable[tuple[str, str]]) -> None:
        """All of them fail. Of these keys, by name of a server, what it holds is noted."""
        self._servers = servers
        self._held = [(name, key, held[0]) for name, key in keys if (held := servers[name].meta(key)) is not None]
        assert self._held
        for server in servers.values():
            server.hang()

    def end(self) -> None:
        """All of them are back.

        A removal that was sent to a process that is stopped reaches it when it goes on, and so was not lost after all:
        therefore what it held is put back before anybody reads it.
        """
        for server in self._servers.values():
            server.go_on()
        for name, key, value in self._held:
            self._servers[name].put(key, value)


FAULTS = {"killed": Killed, "hung": Hung}


class Client:
    """A worker, its keys, and what must be read of them."""

    def __init__(self, name: str, worker: Worker, authority: Authority, failing: str) -> None:
        """Chooses keys so that each node of the cluster that will fail has as many, and writes them at the origin."""
        self.name, self.worker, self._authority, self.failing = name, worker, authority, failing
        self.nodes: dict[str, str] = {}
        """The node of each key in that cluster."""
        candidates = [f"{name}:{at}" for at in range(200)]
        owned: dict[str, list[str]] = {}
        for key, route in zip(candidates, worker.call("routes", keys=candidates), strict=True):
            [node] = [place for place in route["invalidate"] if place.startswith(f"{failing}/")]
            owned.setdefault(node, []).append(key)
        assert len(owned) == 2
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
        """Writes half of the keys, of each node as many. Each invalidation is sent to all, and lost where all is lost."""
        written = list(self.nodes)[::2]
        self.versions.update((key, self._authority.put(key)) for key in written)
        sent = self.count("invalidate", self.failing)
        for key, answer in self.together("invalidate", written).items():
            assert answer["kind"] == "invalidation_lost", answer
            assert answer["lost"] == [[self.failing, self.nodes[key], key]]
        assert self.count("invalidate", self.failing) - sent >= len(written)
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


def everyone(clients: list[Client], step: Callable[[Client], None]) -> None:
    """Has all clients take a step at the same time. A failure says whose it is."""

    def take(client: Client) -> None:
        try:
            step(client)
        except BaseException as error:
            error.add_note(f"it was {client.name}")
            raise

    with ThreadPoolExecutor(len(clients)) as pool:
        for taken in [pool.submit(take, client) for client in clients]:
            taken.result()


def until(condition: Callable[[], bool], what: str) -> None:
    """Waits until something is so."""
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, f"not within {LIMIT} s: {what}"
        time.sleep(0.02)


def fail(fault: Killed | Hung, fleet: Fleet, clients: list[Client]) -> None:
    """All servers of the cluster fail."""
    names = fleet.new or fleet.old
    keys = [(name, fleet.wire(name, key)) for name in names for client in clients for key in client.nodes]
    fault.begin({name: fleet.servers[name] for name in names}, keys)
