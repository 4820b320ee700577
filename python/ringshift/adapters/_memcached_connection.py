"""A connection to one memcached, as pymemcache makes it, with the commands that pymemcache lacks.

Meta get (for the time that an item has left, and for tokens), stores with a time of their own for each item, and
deletes that tell which keys were there, are written here on pymemcache's connection, with its readers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from pymemcache.client import base
from pymemcache.exceptions import MemcacheServerError, MemcacheUnexpectedCloseError, MemcacheUnknownError

from ringshift.adapters._connecting import connecting
from ringshift.adapters._expiry import to_exptime
from ringshift.adapters._partial import keep_answers
from ringshift.adapters._steps import UNKNOWN, Item, Refused, Token

_Result = TypeVar("_Result")

PLACEHOLDER: Final = b"\0ringshift:lease"
"""What stands in for a token on servers without meta commands."""
_LEASE: Final = 30
"""For how many seconds a token lives."""

# Commands that are sent before their replies are read: with too many, server and client would both wait until the other
# one reads.
_BATCH: Final = 100

_PIECE: Final = 4096
_END: Final = b"\r\nEND\r\n"
_STORED: Final = {b"STORED": True, b"NOT_STORED": False, b"EXISTS": False, b"NOT_FOUND": None}
# The node is well and so is the connection; this one item is not to its liking.
_REFUSALS: Final = (b"SERVER_ERROR object too large for cache", b"SERVER_ERROR out of memory storing object")


class Epoch:
    """Counts connections: CAS numbers start anew with a server, and then all that were open to it are gone."""

    def __init__(self) -> None:
        """No connection yet."""
        self.now = 0
        self._lock = threading.Lock()

    def next(self) -> int:
        """For a connection that has just been made."""
        with self._lock:
            self.now += 1
            return self.now


_epoch: Final = Epoch()


class Found(NamedTuple):
    """The answer to a meta get."""

    item: Item | None
    """Nothing if it only stands in for a token."""
    cas: bytes


class RawSerde:
    """Values are serialized once by the facade, whatever the number of nodes that they go to."""

    def serialize(self, _key: bytes, item: Item) -> tuple[bytes, int]:
        return item.value, item.flags

    def deserialize(self, _key: bytes, value: bytes, flags: int) -> Item:
        return Item(value, flags)


class Connection(base.Client):  # type: ignore[misc]
    """A connection to one node."""

    born = 0
    """The epoch in which it was made."""

    def _connect(self) -> None:
        with connecting(secured=self.tls_context is not None):
            super()._connect()
        self.born = _epoch.next()

    def epoch(self) -> int:
        """The epoch in which it was made; made now if it was not."""
        if self.sock is None:
            self._connect()
        return self.born

    def check_key(self, key: bytes, key_prefix: bytes = b"") -> bytes:  # noqa: ARG002
        """Keys were checked by the facade."""
        return key

    def get_one(self, key: bytes) -> Item | None:
        """The item of one key: what is asked most, with as little around it as can be."""
        return self._ask_one(b"get %b\r\n" % key, self._read_got)

    def _read_got(self, line: bytes, rest: bytes) -> tuple[bytes, Item | None]:
        if line == b"END":
            return rest, None
        words = line.split()
        if words[:1] != [b"VALUE"]:
            self._raise_errors(line, b"get")
            raise MemcacheUnknownError(line[:32])
        size = int(words[3])
        rest = self._receive(rest, size + len(_END))
        if rest[size:] != _END:
            raise MemcacheUnknownError(rest[size : size + 32])
        return b"", Item(rest[:size], int(words[2]))

    def lease_one(self, key: bytes) -> Item | Token | None:
        """The same as `lease_each` for one key."""
        epoch = self._epoch()
        found = self._ask_one(b"mg %b v f t c N%d\r\n" % (key, _LEASE), self._read_found_whole)
        return found and (found.item or _token(found.cas, epoch))

    def _read_found_whole(self, line: bytes, rest: bytes) -> tuple[bytes, Found | None]:
        words = line.split()
        if words[:1] != [b"VA"]:
            return self._read_found(line, rest)
        size = int(words[1])
        rest = self._receive(rest, size + 2)
        if rest[size:] != b"\r\n":
            raise MemcacheUnknownError(rest[size : size + 32])
        return b"", _found(words, rest[:size])

    def store_one(self, command: bytes, key: bytes, item: Item) -> Any:
        """Stores one item."""
        head = b"%b %b %d %d %d\r\n" % (command, key, item.flags, to_exptime(item.ttl), len(item.value))
        return self._ask_one(b"%b%b\r\n" % (head, item.value), self._read_stored)

    def delete_one(self, key: bytes) -> Any:
        """Deletes, and tells whether the key was there."""
        return self._ask_one(b"delete %b\r\n" % key, self._read_removed)

    def _ask_one(self, request: bytes, read: Callable[[bytes, bytes], tuple[bytes, _Result]]) -> _Result:
        """Sends a request and reads its answer. Whatever fails, the connection is given up."""
        try:
            if self.sock is None:
                self._connect()
            self.sock.sendall(request)
            data = self.sock.recv(_PIECE)
            while b"\r\n" not in data:
                data = self._receive(data, len(data) + 1)
            line, _, rest = data.partition(b"\r\n")
            return read(line, rest)[1]
        except BaseException:
            self.close()
            raise

    def _receive(self, data: bytes, size: int) -> bytes:
        """Receives until there are so many bytes."""
        if len(data) >= size:
            return data
        pieces, left = [data], size - len(data)
        while left > 0:
            piece = self.sock.recv(max(_PIECE, left))
            if not piece:
                raise MemcacheUnexpectedCloseError
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)

    def find_each(self, keys: Sequence[bytes]) -> list[Found | None]:
        """Items with their CAS numbers and the time that they have left, by meta get."""
        return self._exchange([b"mg %b v f t c\r\n" % key for key in keys], self._read_found)

    def lease_each(self, keys: Sequence[bytes]) -> list[Item | Token | None]:
        """Items, or tokens for those that are missing, by meta get."""
        epoch = self._epoch()
        found = self._exchange([b"mg %b v f t c N%d\r\n" % (key, _LEASE) for key in keys], self._read_found)
        return [each and (each.item or _token(each.cas, epoch)) for each in found]

    def gets_each(self, keys: Sequence[bytes]) -> list[Found | None]:
        """Items with their CAS numbers, by the classic command; the time that they have left is not known."""
        return self._exchange([b"gets %b\r\n" % key for key in keys], self._read_gets)

    def place_each(self, keys: Sequence[bytes]) -> list[Item | Token | None]:
        """The same as `lease_each` for servers without meta commands: by a placeholder."""
        epoch = self._epoch()
        found = self.gets_each(keys)
        missing = [at for at, each in enumerate(found) if each is None]
        if missing:
            command = b"add %%b 0 %d %d\r\n%b\r\ngets %%b\r\n" % (_LEASE, len(PLACEHOLDER), PLACEHOLDER)
            placed = self._exchange([command % (keys[at], keys[at]) for at in missing], self._read_placed)
            for at, each in zip(missing, placed, strict=True):
                found[at] = each
        return [each and (each.item or _token(each.cas, epoch)) for each in found]

    def place_one(self, key: bytes) -> Item | Token | None:
        """The same for one key."""
        return self.place_each([key])[0]

    def store_each(
        self, command: bytes, keys: Sequence[bytes], items: Sequence[Item], tokens: Sequence[Token]
    ) -> list[Any]:
        """Stores items, each with its own time, and with its own token if there are tokens."""
        tails = [b" " + token.text for token in tokens] or [b""] * len(keys)
        commands = [
            b"%b %b %d %d %d%b\r\n%b\r\n"
            % (command, key, item.flags, to_exptime(item.ttl), len(item.value), tail, item.value)
            for key, item, tail in zip(keys, items, tails, strict=True)
        ]
        return self._exchange(commands, self._read_stored)

    def delete_each(self, keys: Sequence[bytes]) -> list[bool]:
        """Deletes, and tells for each key whether it was there."""
        return self._exchange([b"delete %b\r\n" % key for key in keys], self._read_removed)

    def touch_each(self, keys: Sequence[bytes], items: Sequence[Item]) -> list[bool]:
        """Gives items the time of the given ones, and tells for each key whether it was there."""
        commands = [b"touch %b %d\r\n" % (key, to_exptime(item.ttl)) for key, item in zip(keys, items, strict=True)]
        return self._exchange(commands, self._read_removed)

    def _epoch(self) -> int:
        """The epoch of a token that is taken now; asked for before it is, so that no later connection can be of it."""
        if self.sock is None:
            self._connect()
        return _epoch.now

    def _exchange(
        self, commands: Sequence[bytes], read: Callable[[bytes, bytes], tuple[bytes, _Result]]
    ) -> list[_Result]:
        """Sends commands and reads a reply for each. Whatever fails, the connection is given up.

        An exception has what was answered before (`_partial`).
        """
        results: list[_Result] = []
        try:
            if self.sock is None:
                self._connect()
            for start in range(0, len(commands), _BATCH):
                batch = commands[start : start + _BATCH]
                self.sock.sendall(b"".join(batch))
                rest = b""
                for _ in batch:
                    rest, line = base._readline(self.sock, rest)  # noqa: SLF001
                    rest, result = read(line, rest)
                    results.append(result)
        except BaseException as error:
            self.close()
            keep_answers(error, results)
            raise
        return results

    def _read_found(self, line: bytes, rest: bytes) -> tuple[bytes, Found | None]:
        self._raise_errors(line, b"mg")
        words = line.split()
        if words[:1] == [b"EN"]:
            return rest, None
        if words[:1] != [b"VA"]:
            raise MemcacheUnknownError(line[:32])
        rest, value = base._readvalue(self.sock, rest, int(words[1]))  # noqa: SLF001
        return rest, _found(words, value)

    def _read_gets(self, line: bytes, rest: bytes) -> tuple[bytes, Found | None]:
        self._raise_errors(line, b"gets")
        if line == b"END":
            return rest, None
        words = line.split()
        if words[:1] != [b"VALUE"]:
            raise MemcacheUnknownError(line[:32])
        rest, value = base._readvalue(self.sock, rest, int(words[3]))  # noqa: SLF001
        rest, end = base._readline(self.sock, rest)  # noqa: SLF001
        if end != b"END":
            raise MemcacheUnknownError(end[:32])
        return rest, Found(None if value == PLACEHOLDER else Item(value, int(words[2]), UNKNOWN), words[4])

    def _read_placed(self, line: bytes, rest: bytes) -> tuple[bytes, Found | None]:
        # Whether it was stored doesn't matter: somebody else may have been faster, and what is there says it all. A
        # server that has no room for it has no token.
        if not line.startswith(_REFUSALS) and line not in _STORED:
            self._raise_errors(line, b"add")
            raise MemcacheUnknownError(line[:32])
        rest, line = base._readline(self.sock, rest)  # noqa: SLF001
        return self._read_gets(line, rest)

    def _read_stored(self, line: bytes, rest: bytes) -> tuple[bytes, Any]:
        if line in _STORED:
            return rest, _STORED[line]
        if line.startswith(_REFUSALS):
            return rest, Refused(MemcacheServerError(line.partition(b" ")[2]))
        self._raise_errors(line, b"store")
        raise MemcacheUnknownError(line[:32])

    def _read_removed(self, line: bytes, rest: bytes) -> tuple[bytes, bool]:
        if line in {b"DELETED", b"TOUCHED", b"NOT_FOUND"}:
            return rest, line != b"NOT_FOUND"
        self._raise_errors(line, b"delete or touch")
        raise MemcacheUnknownError(line[:32])


def _found(words: Sequence[bytes], value: bytes) -> Found:
    """A value and what meta get tells about it."""
    marks = {word[:1]: word[1:] for word in words[2:]}
    left = int(marks[b"t"])
    # Marked by a meta delete as no longer true, or made for a token.
    stands_in = b"X" in marks or (not value and (b"W" in marks or b"Z" in marks)) or value == PLACEHOLDER
    item = None if stands_in else Item(value, int(marks[b"f"]), None if left < 0 else left)
    return Found(item, marks[b"c"])


def _token(cas: bytes, epoch: int) -> Token | None:
    """Without CAS (memcached -C) every number is 0, and nothing can be compared."""
    return None if cas == b"0" else Token(cas, epoch)
