"""memcached's binary protocol, as far as memjs needs it."""

from __future__ import annotations

import struct
from typing import NamedTuple

from .node import LARGEST_ITEM, Node
from .store import PLACEHOLDER, Item, from_exptime
from .stores import LONGEST_KEY, count, store
from .turn import Refused, Turn

HEADER = struct.Struct(">BBHBBHIIQ")
OK, NOT_FOUND, EXISTS, TOO_LARGE, INVALID, NOT_STORED, NOT_A_NUMBER = range(7)
UNKNOWN, INTERNAL = 0x81, 0x84
TEXTS = {
    NOT_FOUND: b"Not found",
    EXISTS: b"Data exists for key.",
    TOO_LARGE: b"Too large.",
    INVALID: b"Invalid arguments",
    NOT_STORED: b"Not stored.",
    NOT_A_NUMBER: b"Non-numeric server-side value for incr or decr",
    UNKNOWN: b"Unknown command",
    INTERNAL: b"scripted fault",
}
GET, SET, ADD, REPLACE, INCR, GETK, GETKQ, APPEND, PREPEND = 0x00, 0x01, 0x02, 0x03, 0x05, 0x0C, 0x0D, 0x0E, 0x0F
STORES = {SET: b"set", ADD: b"add", REPLACE: b"replace", APPEND: b"append", PREPEND: b"prepend"}


class Request(NamedTuple):
    """One request."""

    opcode: int
    key: bytes
    extras: bytes
    value: bytes
    opaque: int
    cas: int


class Binary:
    """One connection that speaks binary."""

    half = b"\x81\0\0"

    def __init__(self, node: Node) -> None:
        """Nothing has come yet."""
        self.node = node
        self._buffer = bytearray()
        self._placed: set[bytes] = set()

    def feed(self, data: bytes, turn: Turn) -> None:
        """Carries out every request that has come in whole."""
        self._buffer += data
        while len(self._buffer) >= HEADER.size:
            _, opcode, key_length, extras_length, _, _, body, opaque, cas = HEADER.unpack_from(self._buffer)
            if len(self._buffer) < HEADER.size + body:
                return
            rest = bytes(self._buffer[HEADER.size : HEADER.size + body])
            del self._buffer[: HEADER.size + body]
            key = rest[extras_length : extras_length + key_length]
            request = Request(opcode, key, rest[:extras_length], rest[extras_length + key_length :], opaque, cas)
            try:
                self._carry_out(request, turn)
            except Refused as refused:
                self._fail(request, TOO_LARGE if refused.do == "too_large" else INTERNAL, turn)

    def _carry_out(self, request: Request, turn: Turn) -> None:
        if len(request.key) > LONGEST_KEY:
            self._fail(request, INVALID, turn)
            return
        match request.opcode:
            case 0x00 | 0x09 | 0x0C | 0x0D:
                self._get(request, turn)
            case opcode if opcode in STORES:
                self._store(request, turn)
            case 0x04:
                self._delete(request, turn)
            case 0x05 | 0x06:
                self._count(request, turn)
            case 0x1C:
                self._touch(request, turn)
            case 0x07:
                self._say(request, turn)
                turn.closing = True
            case 0x08:
                self.node.store.items.clear()
                self._say(request, turn)
            case 0x0A:
                self._say(request, turn)
            case 0x0B:
                self._say(request, turn, value=b"1.6.18")
            case _:
                self._fail(request, UNKNOWN, turn)

    def _say(
        self, request: Request, turn: Turn, *, extras: bytes = b"", key: bytes = b"", value: bytes = b"", cas: int = 0
    ) -> None:
        self._answer(request, OK, (extras, key, value), cas, turn)

    def _fail(self, request: Request, status: int, turn: Turn) -> None:
        self._answer(request, status, (b"", b"", TEXTS[status]), 0, turn)

    def _answer(self, request: Request, status: int, parts: tuple[bytes, bytes, bytes], cas: int, turn: Turn) -> None:
        extras, key, value = parts
        size = len(extras) + len(key) + len(value)
        turn.out += HEADER.pack(0x81, request.opcode, len(key), len(extras), 0, status, size, request.opaque, cas)
        turn.out += extras + key + value

    def _get(self, request: Request, turn: Turn) -> None:
        self.node.enter(turn, "get", request.key)
        item = self.node.store.get(request.key)
        if request.key in self._placed:
            self._placed.discard(request.key)
        else:
            missed = item is None or item.stand_in
            empty = item is not None and not item.value and item.flags == 0
            self.node.journal.get(self.node.name, request.key.decode("latin-1"), missed=missed, empty=empty)
        with_key = request.opcode in {GETK, GETKQ}
        if item is not None:
            key = request.key if with_key else b""
            self._say(request, turn, extras=struct.pack(">I", item.flags), key=key, value=item.value, cas=item.cas)
        elif request.opcode == GETK:
            self._answer(request, NOT_FOUND, (b"", request.key, b""), 0, turn)
        elif request.opcode == GET:
            self._fail(request, NOT_FOUND, turn)

    def _store(self, request: Request, turn: Turn) -> None:
        name = STORES[request.opcode]
        flags, exptime = struct.unpack(">Ii", request.extras) if request.extras else (0, 0)
        item = Item(request.value, flags, from_exptime(exptime))
        old = self.node.store.get(request.key)
        if request.cas:
            name = b"cas"
        if name == b"add" and item.value == PLACEHOLDER:
            self._place(request, item, turn)
            return
        op = "fill" if name == b"cas" else name.decode()
        self.node.enter(turn, op, request.key)
        self.node.note(op, request.key)
        if len(item.value) > LARGEST_ITEM:
            self.node.store.drop(request.key)
            self._fail(request, TOO_LARGE, turn)
            return
        said = store(self.node, name, request.key, item, request.cas)
        if said == b"STORED\r\n":
            self._say(request, turn, cas=self.node.store.items[request.key].cas)
        elif request.opcode in {APPEND, PREPEND}:
            self._fail(request, NOT_STORED, turn)
        else:
            self._fail(request, NOT_FOUND if old is None else EXISTS, turn)

    def _place(self, request: Request, item: Item, turn: Turn) -> None:
        """The second half of a token read without meta commands: the answer has the CAS number."""
        self.node.enter(turn, "token", request.key)
        placed = store(self.node, b"add", request.key, item, 0) == b"STORED\r\n"
        now = self.node.store.items[request.key]
        self.node.journal.token(self.node.name, request.key.decode("latin-1"), missed=now.stand_in, second=True)
        if placed:
            self._say(request, turn, cas=now.cas)
        else:
            # Whoever was slower has to read it again.
            self._placed.add(request.key)
            self._fail(request, EXISTS, turn)

    def _delete(self, request: Request, turn: Turn) -> None:
        self.node.enter(turn, "delete", request.key)
        self.node.note("delete", request.key)
        item = self.node.store.get(request.key)
        if item is None:
            self._fail(request, NOT_FOUND, turn)
        elif request.cas not in {0, item.cas}:
            self._fail(request, EXISTS, turn)
        else:
            self.node.store.drop(request.key)
            self._say(request, turn)

    def _touch(self, request: Request, turn: Turn) -> None:
        self.node.enter(turn, "touch", request.key)
        self.node.note("touch", request.key)
        item = self.node.store.get(request.key)
        if item is None:
            self._fail(request, NOT_FOUND, turn)
        else:
            item.expires = from_exptime(struct.unpack(">i", request.extras)[0])
            self._say(request, turn, extras=struct.pack(">I", item.flags), cas=item.cas)

    def _count(self, request: Request, turn: Turn) -> None:
        amount, initial, exptime = struct.unpack(">QQI", request.extras)
        self.node.enter(turn, "incr", request.key)
        self.node.note("incr", request.key)
        item = self.node.store.get(request.key)
        if item is None and exptime == 0xFFFFFFFF:
            self._fail(request, NOT_FOUND, turn)
            return
        if item is None:
            number = initial
            item = self.node.store.put(request.key, Item(b"%d" % initial, 0, from_exptime(exptime)))
        elif not item.value.isdigit():
            self._fail(request, NOT_A_NUMBER, turn)
            return
        else:
            number = count(int(item.value), amount if request.opcode == INCR else -amount)
            item.value = b"%d" % number if request.opcode == INCR else (b"%d" % number).ljust(len(item.value))
            self.node.store.changed(item)
        self._say(request, turn, value=struct.pack(">Q", number), cas=item.cas)
