"""memcached's meta commands (from 1.6): get, set, delete, no-op."""

from __future__ import annotations

import base64
import binascii

from .node import LARGEST_ITEM, Node
from .store import Item, from_exptime
from .stores import LONGEST_KEY, REFUSALS, store
from .turn import Refused, Turn

BAD_FORMAT = b"CLIENT_ERROR bad command line format\r\n"
MODES = {b"": b"set", b"S": b"set", b"E": b"add", b"A": b"append", b"P": b"prepend", b"R": b"replace"}
SAID = {b"STORED\r\n": b"HD", b"NOT_STORED\r\n": b"NS", b"EXISTS\r\n": b"EX", b"NOT_FOUND\r\n": b"NF"}


class Flags:
    """The flags of a meta command, in the order in which the answer repeats them."""

    def __init__(self, words: list[bytes]) -> None:
        """One word is one flag, its first byte its name."""
        self.words = words
        self.by_name = {word[:1]: word[1:] for word in words}

    def __contains__(self, name: bytes) -> bool:
        """Whether a flag was sent."""
        return name in self.by_name

    def number(self, name: bytes) -> int:
        """The number behind a flag; 0 without one."""
        text = self.by_name.get(name, b"")
        return int(text) if text.removeprefix(b"-").isdigit() else 0


def command(node: Node, name: bytes, rest: list[bytes], block: bytes | None, turn: Turn) -> None:
    """Carries out a meta command. An answer that `q` makes superfluous is left out."""
    if name == b"mn":
        turn.out += b"MN\r\n"
        return
    if not rest:
        turn.out += b"ERROR\r\n"
        return
    key, words = rest[0], rest[1:]
    if len(key) > LONGEST_KEY or (name == b"ms" and block is None):
        turn.out += BAD_FORMAT
        return
    flags = Flags(words[1:] if name == b"ms" else words)
    wire = key
    if b"b" in flags:
        try:
            wire = base64.b64decode(key, validate=True)
        except binascii.Error:
            turn.out += b"CLIENT_ERROR error decoding key\r\n"
            return
    try:
        match name:
            case b"mg":
                turn.out += _get(node, key, wire, flags, turn)
            case b"md":
                turn.out += _delete(node, key, wire, flags, turn)
            case _:
                turn.out += _set(node, key, wire, flags, block or b"", turn)
    except Refused as refused:
        turn.out += REFUSALS[refused.do]


def _told(key: bytes, flags: Flags, item: Item | None, *, born: bool = False) -> bytes:
    """The flags of an answer, in the order of the request. An item that was just `born` has no end yet."""
    told = b""
    for word in flags.words:
        match word[:1]:
            case b"O":
                told += b" " + word
            case b"k":
                told += b" k" + key
            case b"b" if item is None:
                told += b" b"
            case b"t" if item is not None:
                told += b" t%d" % (-1 if born else item.seconds())
            case b"f" if item is not None:
                told += b" f%d" % item.flags
            case b"s" if item is not None:
                told += b" s%d" % len(item.value)
            case b"c" if item is not None:
                told += b" c%d" % item.cas
    return told


def _get(node: Node, key: bytes, wire: bytes, flags: Flags, turn: Turn) -> bytes:
    op = "token" if b"N" in flags else "get"
    node.enter(turn, op, wire)
    item = node.store.get(wire)
    born = item is None and op == "token"
    if born:
        item = node.store.put(wire, Item(b"", 0, from_exptime(flags.number(b"N"))))
    marks = b"" if item is None else _marks(item, born=born)
    missed = item is None or item.stand_in
    name = wire.decode("latin-1")
    if op == "token":
        node.journal.token(node.name, name, missed=missed, second=False)
    else:
        node.journal.marks(node.name, name, missed=missed)
    if item is None:
        return b"" if b"q" in flags else b"EN%b\r\n" % _told(key, flags, None)
    if b"T" in flags:
        item.expires = from_exptime(flags.number(b"T"))
    told = _told(key, flags, item, born=born) + marks
    if b"v" in flags:
        return b"VA %d%b\r\n%b\r\n" % (len(item.value), told, item.value)
    return b"HD%b\r\n" % told


def _marks(item: Item, *, born: bool) -> bytes:
    """`W` for the one who may fill an item, `Z` for all others, `X` for what is no longer true."""
    won = born or (item.stale and not item.sent)
    marks = (b" Z" if item.sent else b"") + (b" X" if item.stale else b"") + (b" W" if won else b"")
    item.sent = item.sent or won
    return marks


def _delete(node: Node, key: bytes, wire: bytes, flags: Flags, turn: Turn) -> bytes:
    node.enter(turn, "delete", wire)
    node.note("delete", wire)
    item = node.store.get(wire)
    if item is None:
        return b"NF%b\r\n" % _told(key, flags, None)
    if b"C" in flags and flags.number(b"C") != item.cas:
        return b"EX%b\r\n" % _told(key, flags, None)
    if b"I" in flags:
        item.stale, item.sent = True, False
        if b"T" in flags:
            item.expires = from_exptime(flags.number(b"T"))
        node.store.changed(item)
    else:
        node.store.drop(wire)
    return b"" if b"q" in flags else b"HD%b\r\n" % _told(key, flags, None)


def _set(node: Node, key: bytes, wire: bytes, flags: Flags, block: bytes, turn: Turn) -> bytes:
    name = b"cas" if b"C" in flags else MODES.get(flags.by_name.get(b"M", b"").upper())
    if name is None:
        return b"CLIENT_ERROR invalid mode for ms\r\n"
    if block[-2:] != b"\r\n":
        return b"CLIENT_ERROR bad data chunk\r\n"
    op = "fill" if name == b"cas" else name.decode()
    node.enter(turn, op, wire)
    node.note(op, wire)
    if len(block) - 2 > LARGEST_ITEM:
        node.store.drop(wire)
        return REFUSALS["too_large"]
    item = Item(block[:-2], flags.number(b"F"), from_exptime(flags.number(b"T")))
    said = SAID[store(node, name, wire, item, flags.number(b"C"))]
    if said == b"HD" and b"q" in flags:
        return b""
    return b"%b%b\r\n" % (said, _told(key, flags, item if said == b"HD" else None))
