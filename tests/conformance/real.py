"""The real servers that the scripted ones are compared with."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

SECONDS = 20.0


def free_port() -> int:
    """A port of loopback that nobody listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class Real:
    """A real server on loopback."""

    def __init__(self, *command: str, port: int) -> None:
        """Starts it and waits until it listens."""
        self.port = port
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    self.stop()
                    raise
                time.sleep(0.02)

    def stop(self) -> None:
        """Kills it."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        """It runs already."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stops it, also when a test failed."""
        self.stop()


def memcached(*more: str) -> Real:
    """A real memcached."""
    port = free_port()
    user = ("-u", "nobody") if os.geteuid() == 0 else ()
    return Real(
        "memcached", "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-m", "16", "-t", "1", *user, *more, port=port
    )


def redis() -> Real:
    """A real Redis, or the Valkey that some systems have in its place."""
    port = free_port()
    program = next(name for name in ("redis-server", "valkey-server") if shutil.which(name))
    return Real(program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", port=port)


class Wire:
    """A connection on which one request is sent at a time, and whatever comes for it is read."""

    def __init__(self, port: int) -> None:
        """Connects."""
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)

    def ask(self, request: bytes, last: bytes, end: bytes) -> bytes:
        """Sends a request and one behind it whose answer is known; gives what came before that answer."""
        self._socket.sendall(request + last)
        got = bytearray()
        while not got.endswith(end):
            data = self._socket.recv(1 << 16)
            if not data:
                return bytes(got) + b"<closed>"
            got += data
        return bytes(got[: -len(end)])

    def close(self) -> None:
        """Closes it."""
        self._socket.close()


def sessions(name: str) -> dict[str, list[str]]:
    """The recorded sessions of a file in `commands`, a request a line."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in (Path(__file__).resolve().parent / "commands" / f"{name}.txt").read_text().splitlines():
        if line.startswith("== "):
            lines = found[line[3:]] = []
        elif line and not line.startswith("#"):
            lines.append(line)
    return found
