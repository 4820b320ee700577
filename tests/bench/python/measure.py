"""How time, balance and moves are taken: subjects in turn, several times over; a slow moment falls on all alike."""

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ROUNDS = 5
# A pass takes at most about so many seconds; a slower subject gets fewer keys.
BUDGET = 0.4
TRIAL = 200
BATCH = 1_000
# The number of nodes at which it is measured what one node more moves.
MOVED_AT = 100
ADDED = "10.255.0.0:11211"
# A slow subject is asked for its balance and moves for about so many seconds at most.
PLACING = 2.0
# Keys for each node, without which balance and moves would be those of chance.
BALANCE_NEEDS = 1_000
MOVES_NEED = 100

# Over keys, or over lists of keys for what takes many at once.
Pass = Callable[[list[Any]], None]
Owner = Callable[[str], str]


@dataclass
class Subject:
    """One thing that is measured. `owner` tells a key's node; `grown` takes the name of a node that is added and makes
    the owner of the placement that has it too."""

    name: str
    run: Pass
    owner: Owner | None = None
    grown: Callable[[str], Owner] | None = None
    is_ours: bool = False
    # Whether it is given lists of `BATCH` keys.
    many: bool = False


def one_by_one(function: Callable[[Any], Any]) -> Pass:
    """A loop as a caller would write it: its cost is part of every figure, the floor's too."""

    def run(keys: list[Any]) -> None:
        for key in keys:
            function(key)

    return run


def in_batches(name: str, function: Callable[[list[str]], Any]) -> Subject:
    """Many keys in one call; a caller has them in a list, so that making it is not part of the figure."""
    return Subject(f"{name}, {BATCH} keys a call", one_by_one(function), many=True)


def make_nodes(count: int) -> list[str]:
    """`10.0.0.0:11211` and on."""
    return [f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}:11211" for n in range(count)]


def measure(subjects: list[Subject], nodes: list[str], keys: list[str]) -> None:
    """Measures the subjects in turn, several times over, and prints a line for each."""
    taken = []
    for subject in subjects:
        seconds(subject, keys[:TRIAL])
        each = seconds(subject, keys[:TRIAL]) / TRIAL
        taken.append(keys[: max(TRIAL, int(BUDGET / each))])
    rounds: list[list[float]] = [[] for _ in subjects]
    for _ in range(ROUNDS):
        for index, subject in enumerate(subjects):
            rounds[index].append(seconds(subject, taken[index]) * 1e9 / len(taken[index]))
    for index, subject in enumerate(subjects):
        affordable = int(PLACING * 1e9 / min(rounds[index]))
        some = keys[: max(affordable, len(nodes) * MOVES_NEED if len(nodes) == MOVED_AT else 0)]
        even = len(some) >= len(nodes) * BALANCE_NEEDS
        line = {
            "subject": subject.name,
            "nodes": len(nodes),
            "keys": len(taken[index]),
            "ns": rounds[index],
            "max_over_avg": balance(subject, nodes, some) if even else None,
            "moved": moved(subject, nodes, some) if len(nodes) == MOVED_AT else None,
        }
        show(line)


def seconds(subject: Subject, keys: list[str]) -> float:
    """How long one pass takes."""
    work: list[Any] = keys
    if subject.many:
        work = [keys[start : start + BATCH] for start in range(0, len(keys), BATCH)]
    start = time.perf_counter()
    subject.run(work)
    return time.perf_counter() - start


def balance(subject: Subject, nodes: list[str], keys: list[str]) -> float | None:
    """Keys of the fullest node by the average of all nodes."""
    if subject.owner is None:
        return None
    shares = Counter(map(subject.owner, keys))
    counted = sum(shares[node] for node in nodes)
    name = f"{subject.name}: keys by node add up, N = {len(nodes)}"
    check(name, counted == len(keys), f"{counted} of {len(keys)} keys have a node")
    return max(shares.values()) * len(nodes) / len(keys)


def moved(subject: Subject, nodes: list[str], keys: list[str]) -> float | None:
    """The share of the keys that move when one node is added, by the share that the new node should have."""
    if subject.owner is None or subject.grown is None:
        return None
    after = subject.grown(ADDED)
    pairs = [
        (before, now) for before, now in zip(map(subject.owner, keys), map(after, keys), strict=True) if before != now
    ]
    if subject.is_ours:
        elsewhere = sum(now != ADDED for _, now in pairs)
        detail = f"{elsewhere} of {len(pairs)} keys that moved went to an old node"
        check(f"{subject.name}: a new node takes keys and nothing else moves", bool(pairs) and not elsewhere, detail)
    return len(pairs) * (len(nodes) + 1) / len(keys)


def check(name: str, ok: bool, detail: str) -> None:
    """Prints whether something holds that must hold whatever the machine."""
    show({"check": name, "ok": ok, "detail": detail})


def show(line: dict[str, Any]) -> None:
    """Prints a line."""
    print(json.dumps({"suite": "python"} | line), flush=True)
