"""The origin of a test, started and written to: the program is origin.py."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

SECONDS = 20.0


class Authority:
    """The origin's process. Any number of threads may write to it."""

    def __init__(self, seed: int) -> None:
        """Starts it and waits until it listens."""
        program = Path(__file__).with_name("origin.py")
        self._process = subprocess.Popen(
            [sys.executable, str(program), str(seed)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self._port = int(self._process.stdout.readline())

    def __enter__(self) -> Self:
        """It runs already."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stops it, also when a test failed."""
        self.stop()

    @property
    def address(self) -> str:
        """Where it listens, as workers are told."""
        return f"127.0.0.1:{self._port}"

    def put(self, key: str) -> int:
        """Writes the next version of a key and gives its number."""
        with socket.create_connection(("127.0.0.1", self._port), timeout=SECONDS) as connection:
            connection.sendall(f"put {key}\n".encode())
            return int(connection.makefile("rb").readline())

    def stop(self) -> None:
        """Kills it."""
        self._process.kill()
        self._process.communicate(timeout=SECONDS)
