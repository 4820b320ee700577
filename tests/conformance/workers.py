"""The processes under test (tests/workers): one for each client, driven by JSON lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
WORKERS = ROOT / "tests" / "workers"
GO_WORKER = ROOT / "target" / "conformance" / "worker"
SECONDS = 30.0


class Client(NamedTuple):
    """A client of an adapter."""

    name: str
    language: str
    family: str


CLIENTS = [
    Client("pymemcache", "python", "memcached"),
    Client("redis", "python", "redis"),
    Client("redis-asyncio", "python", "redis"),
    Client("memjs", "node", "memcached"),
    Client("ioredis", "node", "redis"),
    Client("gomemcache", "go", "memcached"),
    Client("goredis", "go", "redis"),
]


def command(client: Client) -> list[str]:
    """How its worker is started."""
    match client.language:
        case "python":
            return [sys.executable, str(WORKERS / "worker.py")]
        case "node":
            return ["node", str(WORKERS / "worker.mjs")]
        case _:
            return [str(GO_WORKER)]


def build_go() -> None:
    """Builds Go's worker, once for all scenarios."""
    GO_WORKER.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["go", "build", "-o", str(GO_WORKER), "."], cwd=WORKERS / "go", check=True)


class Worker:
    """One process."""

    def __init__(self, client: Client, spec: Path, region: str, origin: str, timeout: int) -> None:
        """Starts it. What it says on stderr is kept for a failure's message."""
        self.client = client
        self.errors = spec.with_suffix(".stderr")
        # So that two threads can't ask at once: a change of the spec is made while calls are answered.
        self._lock = threading.Lock()
        with self.errors.open("w") as errors:
            self._process = subprocess.Popen(
                [*command(client), str(spec), client.name, region, origin],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, "TIMEOUT_MS": str(timeout)},
            )

    def call(self, call: dict[str, Any]) -> dict[str, Any]:
        """The whole answer to a call."""
        with self._lock:
            self.tell(call)
            return self.answer()

    def tell(self, call: dict[str, Any]) -> None:
        """Sends a call without waiting for the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(call) + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """The next answer."""
        assert self._process.stdout is not None
        # A worker that hangs would keep the test from ever ending.
        timer = threading.Timer(SECONDS, self._process.kill)
        timer.start()
        line = self._process.stdout.readline()
        timer.cancel()
        if not line:
            raise AssertionError(f"the worker of {self.client.name} is gone:\n{self.errors.read_text()[-2000:]}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def stop(self) -> None:
        """Ends it."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            try:
                stream.close()
            except BrokenPipeError:
                continue
