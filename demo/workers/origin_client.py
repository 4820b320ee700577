"""A connection to the origin: one request at a time."""

from __future__ import annotations

import socket


class OriginClient:
    """A client of the origin (see demo/origin.py). For use from one thread."""

    def __init__(self, path: str) -> None:
        """Connects."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(path)
        self._answers = self._socket.makefile("rb")

    def read(self, key: str) -> tuple[int, bytes]:
        """The version of a key, and the bytes to cache: version and value."""
        answer = self._ask("get", key)
        return version_of(answer), answer

    def fill(self, key: str) -> tuple[int, bytes]:
        """The same, without the store's cost."""
        answer = self._ask("fill", key)
        return version_of(answer), answer

    def write(self, key: str) -> int:
        """Writes a new value and gives its version."""
        return int(self._ask("put", key))

    def close(self) -> None:
        """Disconnects."""
        self._answers.close()
        self._socket.close()

    def _ask(self, verb: str, key: str) -> bytes:
        self._socket.sendall(f"{verb} {key}\n".encode())
        answer = self._answers.readline()
        if not answer.endswith(b"\n"):
            raise ConnectionError("the origin closed the connection")
        return answer[:-1]


def version_of(value: bytes) -> int:
    """The version that a value carries."""
    return int(value.split(b" ", 1)[0])
