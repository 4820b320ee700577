"""The client of an origin: a connection for each thread."""

from __future__ import annotations

import socket
import threading
from typing import BinaryIO


class Origin:
    """`get KEY` and `put KEY`, a line each way. Any number of threads may use it."""

    def __init__(self, where: str) -> None:
        """Connects when it is first asked."""
        host, _, port = where.rpartition(":")
        self._where = (host, int(port))
        self._local = threading.local()

    def load(self, key: bytes) -> bytes | None:
        """The value of a key, or nothing."""
        return self._ask(b"get " + key) or None

    def put(self, key: bytes) -> int:
        """Writes the next version, and gives its number."""
        return int(self._ask(b"put " + key))

    def _ask(self, line: bytes) -> bytes:
        files: tuple[socket.socket, BinaryIO] | None = getattr(self._local, "files", None)
        if files is None:
            connection = socket.create_connection(self._where)
            files = self._local.files = connection, connection.makefile("rb")
        connection, answers = files
        connection.sendall(line + b"\n")
        answer = answers.readline()
        if not answer.endswith(b"\n"):
            raise ConnectionError("the origin closed the connection")
        return answer[:-1]
