"""Readers and writers of random keys, which write down what they saw."""

from __future__ import annotations

import random
import threading
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import ringshift
from facades import Facade
from origin import Origin

NAMES = ("reads", "writes", "loads", "lost", "errors")


class Run:
    """The operations of one `run` call, by threads."""

    def __init__(self, facade: Facade, origin: Origin, call: dict[str, Any]) -> None:
        """Begins with `start`."""
        self._facade, self._origin, self._call = facade, origin, call
        self._left = call["reads"]
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter(dict.fromkeys(NAMES, 0))
        self._lines: list[str] = []
        self.stopping = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(at,)) for at in range(call["threads"])]

    def start(self) -> None:
        """Starts the threads."""
        for thread in self._threads:
            thread.start()

    def finish(self) -> dict[str, int]:
        """Waits for them, and writes the trace."""
        for thread in self._threads:
            thread.join()
        with Path(self._call["trace"]).open("a") as trace:
            trace.writelines(self._lines)
        return dict(self._counts)

    def _work(self, number: int) -> None:
        call = self._call
        chance = random.Random(call["seed"] * 1000 + number)
        while not self.stopping.is_set():
            key = f"key:{chance.randrange(call['keys'])}"
            if chance.random() < call["writes"]:
                self._write(key)
            else:
                with self._lock:
                    if self._left == 0:
                        return
                    self._left -= 1
                self._read(key, call["expire"])

    def _read(self, key: str, expire: int) -> None:
        wire = key.encode()
        began = time.monotonic_ns()
        try:
            value = (
                self._untokened(wire, expire) if self._call.get("mode") == "untokened" else self._whole(wire, expire)
            )
        except Exception as error:  # noqa: BLE001 - it is counted, and the test looks at the count
            self._note("errors")
            traceback.print_exception(error)
            return
        version = 0 if value is None else int(value.split(b" ", 1)[0])
        self._note("reads", f"r {key} {began} {version}\n")

    def _whole(self, key: bytes, expire: int) -> bytes | None:
        return self._facade.get_or_load(key, lambda: self._load(key), expire)

    def _untokened(self, key: bytes, expire: int) -> bytes | None:
        value = self._facade.get(key)
        if value is None:
            value = self._load(key)
            if value is not None:
                self._facade.store("add", key, value, expire)
        return value

    def _load(self, key: bytes) -> bytes | None:
        self._note("loads")
        return self._origin.load(key)

    def _write(self, key: str) -> None:
        wire = key.encode()
        version = self._origin.put(wire)
        while True:
            try:
                if self._call.get("mode") == "backwards":
                    self._facade.delete_backwards(wire)
                else:
                    self._facade.invalidate(wire)
                break
            except ringshift.InvalidationLostError:
                self._note("lost")
                if self.stopping.wait(0.01):
                    # Not completed, so nobody may rely on it.
                    return
        self._note("writes", f"w {key} {time.monotonic_ns()} {version}\n")

    def _note(self, name: str, line: str = "") -> None:
        with self._lock:
            self._counts[name] += 1
            if line:
                self._lines.append(line)
