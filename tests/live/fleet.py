"""A small fleet over one spec file: real servers, and a process for each client library that is told what to do."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

WORKERS = Path(__file__).resolve().parents[1] / "workers"
PYTHON = [sys.executable, str(WORKERS / "worker.py")]
NODE = ["node", str(WORKERS / "worker.mjs")]
GO = [str(WORKERS.parents[1] / "target" / "workers" / "worker")]
COMMANDS = {
    "pymemcache": PYTHON,
    "redis": PYTHON,
    "redis-asyncio": PYTHON,
    "memjs": NODE,
    "ioredis": NODE,
    "gomemcache": GO,
    "goredis": GO,
}
FAMILIES = {
    "memcached": ["pymemcache", "memjs", "gomemcache"],
    "redis": ["redis", "redis-asyncio", "ioredis", "goredis"],
}
SECONDS = 20.0
TIMEOUT_MS = 2000
BREAKER = {"failures": 2, "open": "60s", "max_ejected": 1}
LEASE = b"\0ringshift:lease:"


def free_port() -> int:
    """A port of loopback that nobody listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class Server:
    """A server on loopback, which keeps its port when it is killed and started again."""

    def __init__(self) -> None:
        """Starts it and waits until it listens."""
        self.port = free_port()
        self.start()

    def command(self) -> list[str]:
        """How it is started."""
        raise NotImplementedError

    def meta(self, key: str) -> tuple[bytes, int] | None:
        """What the server itself says of a key: the value and the seconds it has left (-1: for ever)."""
        raise NotImplementedError

    def put(self, key: str, value: bytes) -> None:
        """Stores a value past every client, for ever."""
        raise NotImplementedError

    def start(self) -> None:
        """Starts it, empty."""
        self.process = subprocess.Popen(self.command(), stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                self.connect().close()
                return
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    self.stop()
                    raise
                time.sleep(0.02)

    def connect(self) -> socket.socket:
        """A connection to it."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.port}"

    def hang(self) -> None:
        """It answers nothing any more, and keeps what it holds."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """It goes on after it hung, and has answered what came meanwhile."""
        self.process.send_signal(signal.SIGCONT)
        # One thread serves every connection, in the order in which they came.
        self.meta("any")

    def stop(self) -> None:
        """Kills it; it holds nothing that is worth a goodbye."""
        self.process.kill()
        self.process.wait(timeout=SECONDS)


class Memcached(Server):
    """A memcached."""

    def command(self) -> list[str]:
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        return ["memcached", "-l", "127.0.0.1", "-p", str(self.port), "-U", "0", "-m", "64", "-t", "1", *user]

    def meta(self, key: str) -> tuple[bytes, int] | None:
        with self.connect() as connection:
            connection.sendall(f"mg {key} v t\r\n".encode())
            stream = connection.makefile("rb")
            head = stream.readline().split()
            # What is marked only stands in for a token.
            if head[0] == b"EN" or {b"W", b"X", b"Z"} & set(head):
                return None
            assert head[0] == b"VA", head
            return stream.read(int(head[1])), int(head[2][1:])

    def put(self, key: str, value: bytes) -> None:
        with self.connect() as connection:
            connection.sendall(b"set %b 0 0 %d\r\n%b\r\n" % (key.encode(), len(value), value))
            assert connection.makefile("rb").readline() == b"STORED\r\n"


class Redis(Server):
    """A Redis that saves nothing."""

    def command(self) -> list[str]:
        program = shutil.which("redis-server") or "valkey-server"
        return [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]

    def meta(self, key: str) -> tuple[bytes, int] | None:
        with self.connect() as connection:
            connection.sendall(f"GET {key}\r\nPTTL {key}\r\n".encode())
            stream = connection.makefile("rb")
            length = int(stream.readline()[1:])
            if length < 0:
                return None
            value = stream.read(length + 2)[:-2]
            left = int(stream.readline()[1:])
            return None if value.startswith(LEASE) else (value, left if left < 0 else round(left / 1000))

    def put(self, key: str, value: bytes) -> None:
        parts = [b"SET", key.encode(), value]
        request = b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)
        with self.connect() as connection:
            connection.sendall(b"*3\r\n" + request)
            assert connection.makefile("rb").readline() == b"+OK\r\n"


SERVERS = {"memcached": Memcached, "redis": Redis}


class Worker:
    """A process that carries out routes through the adapter of one client library."""

    def __init__(
        self, client: str, spec: Path, region: str = "", origin: str = "", timeout_ms: int = TIMEOUT_MS
    ) -> None:
        """Starts it; it refreshes only when it is told to, so that a test decides who is behind."""
        self.client = client
        self.process = subprocess.Popen(
            [*COMMANDS[client], str(spec), client, region, origin],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "TIMEOUT_MS": str(timeout_ms)},
        )

    def call(self, do: str, **more: Any) -> Any:
        """Has it do something and gives the result."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do, **more}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the {self.client} worker is gone"
        reply = json.loads(line)
        if "error" in reply:
            raise WorkerError(reply["error"], reply["kind"])
        return reply["result"]

    def stop(self) -> None:
        """Ends it."""
        assert self.process.stdin is not None
        # It may be gone already.
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()


class WorkerError(Exception):
    """What a worker's library raised."""

    def __init__(self, message: str, kind: str) -> None:
        """Keeps the kind apart from the message."""
        super().__init__(message)
        self.kind = kind


class Fleet:
    """Servers `old` and `new`, a worker for each client of a family, and the spec file that they share."""

    def __init__(
        self,
        directory: Path,
        family: str,
        old: int,
        new: int,
        *,
        origin: str = "",
        timeout_ms: int = TIMEOUT_MS,
        breaker: Mapping[str, Any] = BREAKER,
    ) -> None:
        """Starts everything, with a spec in which nothing is moved."""
        self.spec = directory / "cache.json"
        self.breaker = breaker
        self.generation = 0
        self.servers: dict[str, Server] = {}
        self.workers: dict[str, Worker] = {}
        self.old = [f"old{n}" for n in range(old)]
        self.new = [f"new{n}" for n in range(new)]
        try:
            for name in [*self.old, *self.new]:
                self.servers[name] = SERVERS[family]()
            self.write(None)
            for client in FAMILIES[family]:
                self.workers[client] = Worker(client, self.spec, origin=origin, timeout_ms=timeout_ms)
            for worker in self.workers.values():
                # Whoever has answered has read the first spec, not a later one.
                assert worker.call("generation") == self.generation
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        """Everything runs already."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stops everything, also when a test failed."""
        self.stop()

    def stop(self) -> None:
        """Stops every process that was started."""
        with ExitStack() as all_of_them:
            # Each is stopped, whatever happens to the others.
            for server in self.servers.values():
                all_of_them.callback(server.stop)
            for worker in self.workers.values():
                all_of_them.callback(worker.stop)

    def write(self, stage: str | None, percent: float = 0, *, final: bool = False, prefix: str = "g1:") -> None:
        """Puts the next generation in place by rename; no worker reads it before it is told to."""
        self.generation += 1

        def cluster(names: list[str], **more: Any) -> dict[str, Any]:
            nodes = [{"id": name, "address": self.servers[name].address} for name in names]
            return {"nodes": nodes, **more}

        clusters = {"old": cluster(self.old, placement={"kind": "modulo", "flavor": "libmemcached"})}
        if self.new:
            clusters["new"] = cluster(self.new, placement={"kind": "ring"}, key_prefix=prefix)
        spec: dict[str, Any] = {
            "format": 1,
            "generation": self.generation,
            "primary": "new" if final else "old",
            "max_ttl": "1h",
            "clusters": clusters,
            "breaker": self.breaker,
        }
        if stage is not None:
            spec["standby"] = "new"
            spec["migration"] = {"id": "m", "from": "old", "to": "new", "stage": stage, "percent": percent}
        temporary = self.spec.with_suffix(".next")
        temporary.write_text(json.dumps(spec), encoding="utf-8")
        temporary.rename(self.spec)

    def adopt(self, clients: Iterable[str] = ()) -> None:
        """Has workers take up the spec; all of them if none is named."""
        for client in [*clients] or self.workers:
            assert self.workers[client].call("refresh") is True
            assert self.workers[client].call("generation") == self.generation

    def where(self, key: str) -> list[str]:
        """The servers that hold a key, whatever the prefix."""
        return [name for name, server in self.servers.items() if server.meta(self.wire(name, key)) is not None]

    def wire(self, name: str, key: str) -> str:
        """A key as a server has it, under the prefix that its cluster has if none is said."""
        return key if name in self.old else f"g1:{key}"
