"""RESP2 and RESP3: one connection to a scripted Redis. What its commands do is in `redis`."""

from __future__ import annotations

from collections.abc import Callable

from .node import Node
from .redis import COMMANDS, Failure, Reply, Session, Simple
from .turn import Refused, Turn

REFUSALS = {
    "error": b"-ERR scripted fault\r\n",
    "too_large": b"-OOM command not allowed when used memory > 'maxmemory'.\r\n",
}
Queued = list[list[bytes]]


class Resp:
    """One connection that speaks RESP."""

    half = b"$5\r\nha"

    def __init__(self, node: Node) -> None:
        """RESP2, until the client says `HELLO 3`."""
        self.node = node
        self._buffer = bytearray()
        self._session = Session(node)
        self._queue: Queued | None = None

    def feed(self, data: bytes, turn: Turn) -> None:
        """Carries out every command that has come in whole."""
        self._buffer += data
        self._session.asked.clear()
        while (words := self._next()) is not None:
            self._take(words, turn)

    def _next(self) -> list[bytes] | None:
        """The next command, if it has come in whole."""
        data, at = self._buffer, 0

        def line(mark: bytes) -> int | None:
            nonlocal at
            end = data.find(b"\r\n", at)
            if end < 0:
                return None
            assert data[at : at + 1] == mark, bytes(data[at:end])
            number, at = int(data[at + 1 : end]), end + 2
            return number

        count = line(b"*")
        if count is None:
            return None
        words: list[bytes] = []
        for _ in range(count):
            length = line(b"$")
            if length is None or len(data) < at + length + 2:
                return None
            words.append(bytes(data[at : at + length]))
            at += length + 2
        del data[:at]
        return words

    def _take(self, words: list[bytes], turn: Turn) -> None:
        name = words[0].upper()
        if name == b"MULTI":
            self._queue = []
            turn.out += b"+OK\r\n"
        elif name == b"EXEC":
            queue, self._queue = self._queue, None
            if queue is None:
                turn.out += b"-ERR EXEC without MULTI\r\n"
                return
            turn.out += b"*%d\r\n" % len(queue)
            for one in queue:
                self._carry_out(one, turn)
        elif name == b"DISCARD" and self._queue is not None:
            self._queue = None
            turn.out += b"+OK\r\n"
        elif self._queue is not None:
            self._queue.append(words)
            turn.out += b"+QUEUED\r\n"
        else:
            self._carry_out(words, turn)

    def _carry_out(self, words: list[bytes], turn: Turn) -> None:
        command: Callable[[Session, list[bytes], Turn], Reply] | None = COMMANDS.get(words[0].upper())
        begun = len(turn.out)
        try:
            if command is None:
                shown = b"".join(b"'%b' " % word for word in words[1:])
                raise Failure(b"ERR unknown command '%b', with args beginning with: %b" % (words[0], shown))
            self._write(command(self._session, words[1:], turn), turn)
        except Failure as failure:
            turn.out += b"-%b\r\n" % failure.text
        except Refused as refused:
            # An error stands for the whole answer, also of a command with many keys.
            del turn.out[begun:]
            turn.out += REFUSALS[refused.do]

    def _write(self, reply: Reply, turn: Turn) -> None:
        match reply:
            case None:
                turn.out += b"_\r\n" if self._session.version == 3 else b"$-1\r\n"
            case int():
                turn.out += b":%d\r\n" % reply
            case Simple():
                turn.out += b"+%b\r\n" % reply.text
            case bytes():
                turn.out += b"$%d\r\n%b\r\n" % (len(reply), reply)
            case dict():
                three = self._session.version == 3
                turn.out += b"%%%d\r\n" % len(reply) if three else b"*%d\r\n" % (2 * len(reply))
                for key, value in reply.items():
                    self._write(key, turn)
                    self._write(value, turn)
            case _:
                # One element at a time: an answer may end in the middle.
                turn.out += b"*%d\r\n" % len(reply)
                for element in reply:
                    self._write(element() if callable(element) else element, turn)
