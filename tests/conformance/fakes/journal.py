"""The log that all servers of a scenario share, and the faults that they commit on purpose.

An entry says what a command means (`b1 token g1:k`), not how a protocol writes it, so that one list holds for every
client. What is several commands in one protocol is one entry:

- A token read that finds a value is a `get`. One that does not is a `token`, wherever the miss was seen first: the miss
  and the lease script (Redis) or the placeholder (old memcached) are one entry, at the place of the latter.
- A plain get that finds an empty item, and asks again for its marks, is one `get`.
- A command that failed by a fault, and that a client sends again in the same call, is one entry.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

FAILING = ("close", "cut", "hang", "error", "too_large")
READS = ("get", "token")


@dataclass(slots=True, eq=False)
class Entry:
    """What one command meant, and whether it was a read that found nothing."""

    node: str
    op: str
    key: str
    missed: bool = False
    empty: bool = False
    text: str = ""

    def __str__(self) -> str:
        """As a scenario writes it."""
        return self.text or f"{self.node} {self.op} {self.key}"


@dataclass(slots=True)
class Fault:
    """What a server does on purpose when a certain command arrives."""

    at: str
    on: str
    do: str
    key: str | None = None
    changes: list[dict[str, Any]] = field(default_factory=list)
    milliseconds: int = 0
    skip: int = 0
    fired: bool = False

    @property
    def failing(self) -> bool:
        """Whether the command is not carried out."""
        return self.do in FAILING

    def meets(self, node: str, op: str, key: str) -> bool:
        """Whether the command is the one that it waits for."""
        kind = "read" if op in READS else op
        # A node that died in the middle of an answer is dead for the rest of the call.
        if self.do == "cut" and self.fired:
            return node == self.at
        return node == self.at and kind == self.on and self.key in {None, key} and (self.failing or not self.fired)


class Journal:
    """The log and the faults of one scenario. `lock` is held while a command is carried out on any server."""

    def __init__(self) -> None:
        """Empty, and without faults."""
        self.lock = threading.Condition()
        self.entries: list[Entry] = []
        self.faults: list[Fault] = []
        self.problems: list[str] = []
        self.apply: Callable[[dict[str, Any]], None] = lambda _change: None
        self._failed: set[tuple[str, str, str]] = set()
        self._held: list[Fault] = []
        self._released = 0
        self._frozen = False
        self._first = 0

    def arm(self, faults: list[Fault]) -> None:
        """Sets the faults of the next call; those of the one before are over."""
        with self.lock:
            self.faults = faults
            self._failed.clear()
            self._first = len(self.entries)

    def freeze(self) -> None:
        """Notes nothing any more."""
        with self.lock:
            self._frozen = True

    def meet(self, node: str, op: str, key: str) -> Fault | None:
        """The fault that a command runs into. The lock is held."""
        for fault in self.faults:
            if fault.meets(node, op, key):
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                # What still reaches a node that died in the middle of an answer is not worth an entry.
                if fault.failing and fault.do != "too_large" and not (fault.do == "cut" and fault.fired):
                    self._fail(node, op, key)
                fault.fired = True
                return fault
        return None

    def _fail(self, node: str, op: str, key: str) -> None:
        if (node, op, key) not in self._failed:
            self._failed.add((node, op, key))
            self.note(Entry(node, op, key))

    def note(self, entry: Entry) -> None:
        """Adds an entry. The lock is held."""
        if not self._frozen:
            self.entries.append(entry)
            self.lock.notify_all()

    def get(self, node: str, key: str, *, missed: bool, empty: bool) -> None:
        """Notes a read that takes no token. The lock is held."""
        self.note(Entry(node, "get", key, missed, empty))

    def marks(self, node: str, key: str, *, missed: bool) -> None:
        """Notes a meta get: a read, or the second look at an item that a read found empty. The lock is held."""
        first = next((entry for entry in self._gets(node, key) if entry.empty), None)
        if first is None:
            self.get(node, key, missed=missed, empty=False)
        else:
            first.empty = False

    def token(self, node: str, key: str, *, missed: bool, second: bool) -> None:
        """Notes a token read; with `second`, it goes on from a read that missed. The lock is held."""
        first = next((entry for entry in self._gets(node, key) if entry.missed), None) if second else None
        if first is not None and not self._frozen:
            self.entries.remove(first)
        self.note(Entry(node, "token" if missed else "get", key))

    def _gets(self, node: str, key: str) -> Iterator[Entry]:
        """The reads of this call, the last one first."""
        return (
            entry
            for entry in reversed(self.entries[self._first :])
            if (entry.node, entry.op, entry.key) == (node, "get", key)
        )

    # ---- Answers that wait

    def hold(self, fault: Fault) -> None:
        """Waits until the scenario releases the answer."""
        with self.lock:
            self._held.append(fault)
            self.lock.notify_all()
            before = self._released
            self.lock.wait_for(lambda: self._released > before, timeout=20)

    @property
    def holding(self) -> bool:
        """Whether an answer is held."""
        return bool(self._held)

    def wait_held(self, seconds: float) -> bool:
        """Waits until some answer is held."""
        with self.lock:
            return self.lock.wait_for(lambda: bool(self._held), timeout=seconds)

    def release(self) -> None:
        """Lets all held answers go."""
        with self.lock:
            self._held.clear()
            self._released += 1
            self.lock.notify_all()

    def seen(self) -> list[str]:
        """The log as text."""
        with self.lock:
            return [str(entry) for entry in self.entries]
