"""Speed and balance of the Python module beside its peers: one JSON line a subject and number of nodes.

`bench.py NODES...` — tests/bench/run.py runs it and makes the table.
"""

import gc
import importlib.metadata
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import hashring
import ringshift
import uhashring
from pymemcache.client.rendezvous import RendezvousHash

KEYS = 1_000_000
POINTS = 160
ROUNDS = 5
BUDGET = 0.4
TRIAL = 200
BATCH = 1_000

Pass = Callable[[list[str]], None]


@dataclass
class Subject:
    """One thing that is measured; `owner` tells a key's node, for the balance."""

    name: str
    run: Pass
    owner: Callable[[str], str] | None = None


def one_by_one(function: Callable[[str], Any]) -> Pass:
    """A loop as a caller would write it: its cost is part of every figure, the floor's too."""

    def run(keys: list[str]) -> None:
        for key in keys:
            function(key)

    return run


def in_batches(function: Callable[[list[str]], Any]) -> Pass:
    """Many keys in one call."""

    def run(keys: list[str]) -> None:
        for start in range(0, len(keys), BATCH):
            function(keys[start : start + BATCH])

    return run


def spec(nodes: list[str], *, migrating: bool) -> bytes:
    """One cluster; when migrating, half of the keys on the way to another with one node more."""

    def cluster(names: list[str], prefix: str) -> dict[str, Any]:
        members = [{"id": name, "address": name} for name in names]
        return {"placement": {"kind": "ring", "vnodes": POINTS}, "key_prefix": prefix, "nodes": members}

    text: dict[str, Any] = {
        "format": 1,
        "generation": 1,
        "primary": "blue",
        "clusters": {"blue": cluster(nodes, "")},
    }
    if migrating:
        text["clusters"]["green"] = cluster([*nodes, "10.255.0.0:11211"], "g1:")
        text["standby"] = "green"
        text["migration"] = {"id": "bench", "from": "blue", "to": "green", "stage": "ramp", "percent": 50}
    return json.dumps(text).encode()


class Nothing:
    """What calling a method of Python's own costs."""

    def method(self, key: str) -> None:
        """Does nothing."""


def subjects(nodes: list[str]) -> list[Subject]:
    """Everything that is measured for these nodes."""
    router = ringshift.Router.from_spec(spec(nodes, migrating=False))
    migrating = ringshift.Router.from_spec(spec(nodes, migrating=True))
    made = [
        Subject("floor: builtin that does nothing", one_by_one(callable)),
        Subject("floor: Python method that does nothing", one_by_one(Nothing().method)),
        Subject("ringshift: route", one_by_one(router.route), lambda key: router.route(key).read.node.address),
        Subject("ringshift: route, migrating", one_by_one(migrating.route)),
        Subject(f"ringshift: route_many, {BATCH} keys a call", in_batches(router.route_many)),
        Subject(f"ringshift: group_by_node, {BATCH} keys a call", in_batches(router.group_by_node)),
    ]
    uniform = uhashring.HashRing(nodes=nodes, vnodes=POINTS, hash_fn="ketama")
    made.append(Subject("uhashring", one_by_one(uniform.get_node), uniform.get_node))
    if len(nodes) <= 1_000:
        classic = hashring.HashRing(nodes)
        made.append(Subject("hashring", one_by_one(classic.get_node), classic.get_node))
        rendezvous = RendezvousHash(nodes)
        made.append(Subject("pymemcache's RendezvousHash", one_by_one(rendezvous.get_node), rendezvous.get_node))
        made.extend(fastring(nodes))
    return made


def fastring(nodes: list[str]) -> list[Subject]:
    """Its newest version wants Python 3.13; an older Python is told so by the table's missing line."""
    try:
        from fastring import HashRing
    except ImportError:
        return []
    ring = HashRing(virtual_nodes=POINTS)
    for node in nodes:
        ring.add_node(node)
    return [
        Subject("fastring", one_by_one(ring.get_node), ring.get_node),
        Subject(f"fastring: get_node_batch, {BATCH} keys a call", in_batches(ring.get_node_batch)),
    ]


def seconds(subject: Subject, keys: list[str]) -> float:
    """How long one pass takes."""
    start = time.perf_counter()
    subject.run(keys)
    return time.perf_counter() - start


def measure(count: int, keys: list[str]) -> None:
    """Measures the subjects in turn, several times over, and prints a line for each."""
    made = subjects([f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}:11211" for n in range(count)])
    taken = []
    for subject in made:
        seconds(subject, keys[:TRIAL])
        each = seconds(subject, keys[:TRIAL]) / TRIAL
        taken.append(keys[: max(TRIAL, int(BUDGET / each))])
    rounds: list[list[float]] = [[] for _ in made]
    for _ in range(ROUNDS):
        for index, subject in enumerate(made):
            rounds[index].append(seconds(subject, taken[index]) * 1e9 / len(taken[index]))
    for index, subject in enumerate(made):
        balance = None
        # Fewer than a hundred keys a node say nothing about balance; a slow peer is asked for two seconds at most.
        enough = keys[: int(2e9 / statistics.median(rounds[index]))]
        if subject.owner and len(enough) >= count * 100:
            balance = max(Counter(map(subject.owner, enough)).values()) * count / len(enough)
        line = {"suite": "python", "subject": subject.name, "nodes": count, "keys": len(taken[index])}
        print(json.dumps(line | {"ns": rounds[index], "max_over_avg": balance}), flush=True)


def main() -> None:
    """Measures for each number of nodes that was asked for."""
    keys = [f"user:{n * 48271 % 100_000_000:08}:profile" for n in range(KEYS)]
    # Strings keep their hash once it is asked for: now, so that no round is the first.
    for key in keys:
        hash(key)
    # The collector works as it does for a caller, but needn't walk a million keys each time.
    gc.freeze()
    for count in map(int, sys.argv[1:]):
        measure(count, keys)
    peers = ("uhashring", "hashring", "pymemcache", "fastring")
    versions = {}
    for peer in peers:
        try:
            versions[peer] = importlib.metadata.version(peer)
        except importlib.metadata.PackageNotFoundError:
            continue
    print(json.dumps({"suite": "python", "versions": versions | {"CPython": sys.version.split()[0]}}))


if __name__ == "__main__":
    main()
