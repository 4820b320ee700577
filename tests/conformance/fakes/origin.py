"""The database of a scenario: `get KEY` and `put KEY`, a line each way."""

from __future__ import annotations

from .node import Node
from .store import Item
from .turn import Refused, Turn


class Origin:
    """One connection to the origin."""

    half = b""

    def __init__(self, node: Node) -> None:
        """Nothing has come yet."""
        self._node = node
        self._buffer = bytearray()
        self._written = 0

    def feed(self, data: bytes, turn: Turn) -> None:
        """Answers every line that has come in whole."""
        self._buffer += data
        while b"\n" in self._buffer:
            line, _, rest = bytes(self._buffer).partition(b"\n")
            self._buffer = bytearray(rest)
            name, _, key = line.partition(b" ")
            op = {b"get": "load", b"put": "put"}[name]
            try:
                self._node.enter(turn, op, key)
            except Refused:
                raise AssertionError("an origin that fails closes the connection: use close") from None
            self._node.note(op, key)
            if op == "load":
                item = self._node.store.get(key)
                turn.out += b"%b\n" % (b"" if item is None else item.value)
            else:
                self._written += 1
                self._node.store.put(key, Item(b"%d written" % self._written))
                turn.out += b"%d\n" % self._written
