"""memcached: the first byte of a connection tells which of its two protocols is spoken."""

from __future__ import annotations

from .binary import Binary
from .node import Node
from .text import Text
from .turn import Turn


class Memcached:
    """One connection to a memcached."""

    def __init__(self, node: Node) -> None:
        """Waits for the first byte."""
        self._node = node
        self._speaker: Binary | Text | None = None

    @property
    def half(self) -> bytes:
        """The beginning of an answer that goes no further."""
        return b"" if self._speaker is None else self._speaker.half

    def feed(self, data: bytes, turn: Turn) -> None:
        """Hands everything to the protocol."""
        if self._speaker is None:
            self._speaker = Binary(self._node) if data[:1] == b"\x80" else Text(self._node)
        self._speaker.feed(data, turn)
