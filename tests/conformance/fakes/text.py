"""memcached's text protocol, as far as clients and adapters need it. Meta commands are in `meta`."""

from __future__ import annotations

from . import meta
from .node import LARGEST_ITEM, Node
from .store import PLACEHOLDER, Item, from_exptime
from .stores import LONGEST_KEY, REFUSALS, count, store
from .turn import Refused, Turn

STORES = {b"set", b"add", b"replace", b"append", b"prepend", b"cas"}
BAD_LINE = b"CLIENT_ERROR bad command line format\r\n"


class Text:
    """One connection that speaks text."""

    half = b"VALUE"

    def __init__(self, node: Node) -> None:
        """Nothing has come yet."""
        self.node = node
        self._buffer = bytearray()
        # Keys whose placeholder was just added here: the `gets` behind it is part of the same token read.
        self._placed: set[bytes] = set()

    def feed(self, data: bytes, turn: Turn) -> None:
        """Carries out every command that has come in whole."""
        self._buffer += data
        while True:
            line, found, _ = bytes(self._buffer).partition(b"\n")
            if not found:
                return
            words = line.rstrip(b"\r").split()
            length = self._block(words)
            end = len(line) + 1 + (0 if length is None else length + 2)
            if len(self._buffer) < end:
                return
            block = None if length is None else bytes(self._buffer[len(line) + 1 : end])
            del self._buffer[:end]
            begun = len(turn.out)
            try:
                self._command(words, block, turn)
            except Refused as refused:
                # An error stands for the whole answer, also of a command with many keys.
                del turn.out[begun:]
                turn.out += REFUSALS[refused.do]

    def _block(self, words: list[bytes]) -> int | None:
        """The length of the data block behind a line; a line that is malformed has none."""
        match words:
            case [name, key, flags, exptime, size, *_] if name in STORES:
                right = len(key) <= LONGEST_KEY and flags.isdigit() and _is_number(exptime)
                return int(size) if right and size.isdigit() else None
            case [b"ms", _, size, *_] if not self.node.old:
                return int(size) if size.isdigit() else None
        return None

    def _command(self, words: list[bytes], block: bytes | None, turn: Turn) -> None:
        match words:
            case [b"get" | b"gets" as name, *keys] if keys:
                self._get(name == b"gets", keys, turn)
            case [b"mg" | b"ms" | b"md" | b"mn" as name, *rest] if not self.node.old:
                meta.command(self.node, name, rest, block, turn)
            case [name, _, _, _, _, *rest] if name in STORES and (name != b"cas" or rest):
                self._store(words, block, turn)
            case [b"delete", key, *rest]:
                self._delete(key, rest, turn)
            case [b"touch", key, exptime, *rest]:
                self._touch(key, exptime, rest, turn)
            case [b"incr" | b"decr" as name, key, amount, *rest]:
                self._count(name, key, amount, rest, turn)
            case [b"flush_all", *rest]:
                self.node.store.items.clear()
                self._say(b"OK\r\n", rest, turn)
            case [b"version"]:
                turn.out += b"VERSION 1.4.39\r\n" if self.node.old else b"VERSION 1.6.18\r\n"
            case [b"verbosity", _, *rest]:
                self._say(b"OK\r\n", rest, turn)
            case [b"quit"]:
                turn.closing = True
            case _:
                turn.out += b"ERROR\r\n"

    def _say(self, answer: bytes, rest: list[bytes] | tuple[bytes, ...], turn: Turn) -> None:
        if b"noreply" not in rest:
            turn.out += answer

    def _get(self, with_cas: bool, keys: list[bytes], turn: Turn) -> None:
        if any(len(key) > LONGEST_KEY for key in keys):
            turn.out += BAD_LINE
            return
        for key in keys:
            self.node.enter(turn, "get", key)
            item = self.node.store.get(key)
            name = key.decode("latin-1")
            if key in self._placed:
                # Already noted with the placeholder.
                self._placed.discard(key)
            else:
                missed = item is None or item.stand_in
                empty = item is not None and not item.value and item.flags == 0
                self.node.journal.get(self.node.name, name, missed=missed, empty=empty)
            if item is not None:
                cas = b" %d" % item.cas if with_cas else b""
                turn.out += b"VALUE %b %d %d%b\r\n%b\r\n" % (key, item.flags, len(item.value), cas, item.value)
        turn.out += b"END\r\n"

    def _store(self, words: list[bytes], block: bytes | None, turn: Turn) -> None:
        name, key, flags, exptime, _, *rest = words
        unique = rest.pop(0) if name == b"cas" else b"0"
        if block is None or not unique.isdigit():
            turn.out += BAD_LINE
            return
        value = block[:-2]
        if block[-2:] != b"\r\n":
            turn.out += b"CLIENT_ERROR bad data chunk\r\n"
            return
        if name == b"add" and value == PLACEHOLDER:
            self._place(key, Item(value, int(flags), from_exptime(int(exptime))), turn)
            return
        op = "fill" if name == b"cas" else name.decode()
        self.node.enter(turn, op, key)
        self.node.note(op, key)
        if len(value) > LARGEST_ITEM:
            self.node.store.drop(key)
            turn.out += REFUSALS["too_large"]
            return
        item = Item(value, int(flags), from_exptime(int(exptime)))
        self._say(store(self.node, name, key, item, int(unique)), rest, turn)

    def _place(self, key: bytes, item: Item, turn: Turn) -> None:
        """The second half of a token read without meta commands."""
        self.node.enter(turn, "token", key)
        answer = store(self.node, b"add", key, item, 0)
        now = self.node.store.get(key)
        missed = now is None or now.stand_in
        self.node.journal.token(self.node.name, key.decode("latin-1"), missed=missed, second=True)
        self._placed.add(key)
        turn.out += answer

    def _delete(self, key: bytes, rest: list[bytes], turn: Turn) -> None:
        if len(key) > LONGEST_KEY:
            turn.out += BAD_LINE
            return
        self.node.enter(turn, "delete", key)
        self.node.note("delete", key)
        self._say(b"DELETED\r\n" if self.node.store.drop(key) else b"NOT_FOUND\r\n", rest, turn)

    def _touch(self, key: bytes, exptime: bytes, rest: list[bytes], turn: Turn) -> None:
        if len(key) > LONGEST_KEY:
            turn.out += BAD_LINE
            return
        if not _is_number(exptime):
            turn.out += b"CLIENT_ERROR invalid exptime argument\r\n"
            return
        self.node.enter(turn, "touch", key)
        self.node.note("touch", key)
        item = self.node.store.get(key)
        if item is not None:
            item.expires = from_exptime(int(exptime))
        self._say(b"NOT_FOUND\r\n" if item is None else b"TOUCHED\r\n", rest, turn)

    def _count(self, name: bytes, key: bytes, amount: bytes, rest: list[bytes], turn: Turn) -> None:
        if len(key) > LONGEST_KEY:
            turn.out += BAD_LINE
            return
        if not amount.isdigit():
            turn.out += b"CLIENT_ERROR invalid numeric delta argument\r\n"
            return
        self.node.enter(turn, "incr", key)
        self.node.note("incr", key)
        item = self.node.store.get(key)
        if item is None:
            self._say(b"NOT_FOUND\r\n", rest, turn)
        elif not item.value.rstrip(b" ").isdigit():
            self._say(b"CLIENT_ERROR cannot increment or decrement non-numeric value\r\n", rest, turn)
        else:
            number = count(int(item.value), int(amount) if name == b"incr" else -int(amount))
            # A shorter number is filled with spaces, as memcached does.
            item.value = b"%d" % number if name == b"incr" else (b"%d" % number).ljust(len(item.value))
            self.node.store.changed(item)
            self._say(b"%d\r\n" % number, rest, turn)


def _is_number(word: bytes) -> bool:
    return word.removeprefix(b"-").isdigit()
