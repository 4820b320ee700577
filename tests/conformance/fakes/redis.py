"""Redis' commands, as far as clients and adapters need them."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .node import Node
from .store import Item, after
from .turn import Turn

HERE = Path(__file__).resolve().parent.parent
LEASE = (HERE / "lease.lua").read_bytes()
FILL = (HERE / "fill.lua").read_bytes()
SCRIPTS = {hashlib.sha1(text).hexdigest(): text for text in (LEASE, FILL)}
NOT_AN_INTEGER = b"ERR value is not an integer or out of range"


@dataclass(frozen=True)
class Simple:
    """A reply that is a status."""

    text: bytes


Reply = Any
"""None, int, `Simple`, bytes, a dict, or a list of these; a list's elements may be callables that give them."""
OK = Simple(b"OK")


class Failure(Exception):  # noqa: N818
    """A command is answered with an error, as the real server does."""

    def __init__(self, text: bytes) -> None:
        """The text after `-`."""
        super().__init__(text)
        self.text = text


@dataclass(slots=True)
class Session:
    """What a connection is in."""

    node: Node
    version: int = 2
    asked: set[bytes] = field(default_factory=set)
    """What was read in this turn."""
    touched: set[bytes] = field(default_factory=set)

    def read(self, key: bytes, turn: Turn) -> bytes | None:
        """Reads a key, and notes it."""
        # The time that was asked for just before is part of this read.
        self.node.times[key] -= 1 if self.node.times[key] else 0
        self.node.enter(turn, "get", key)
        item = self.node.store.get(key)
        self.asked.add(key)
        self.node.journal.get(self.node.name, _text(key), missed=item is None or item.stand_in, empty=False)
        return None if item is None else item.value

    def write(self, op: str, key: bytes, turn: Turn) -> Item | None:
        """Notes a command that changes a key; gives the item that is there."""
        self.node.enter(turn, op, key)
        self.node.note(op, key)
        return self.node.store.get(key)


def _text(key: bytes) -> str:
    return key.decode("latin-1")


def _int(word: bytes) -> int:
    try:
        return int(word)
    except ValueError:
        raise Failure(NOT_AN_INTEGER) from None


def _count(words: Sequence[bytes], name: bytes, at_least: int, at_most: int | None = None) -> None:
    most = at_least if at_most is None else at_most
    if not at_least <= len(words) <= most:
        raise Failure(b"ERR wrong number of arguments for '%b' command" % name)


# ---- Connections


def _hello(session: Session, words: list[bytes], _turn: Turn) -> Reply:
    if words:
        if words[0] not in {b"2", b"3"}:
            raise Failure(b"NOPROTO unsupported protocol version")
        session.version = int(words[0])
    return {
        b"server": b"redis",
        b"version": b"7.2.4",
        b"proto": session.version,
        b"id": 1,
        b"mode": b"standalone",
        b"role": b"master",
        b"modules": [],
    }


def _client(_session: Session, words: list[bytes], _turn: Turn) -> Reply:
    match words[0].upper():
        case b"SETNAME" | b"SETINFO" | b"NO-EVICT" | b"NO-TOUCH":
            return OK
        case b"ID":
            return 1
        case b"GETNAME":
            return None
    text = b"ERR unknown subcommand '%b'. Try CLIENT HELP." % words[0]
    raise Failure(text)


def _ping(_session: Session, words: list[bytes], _turn: Turn) -> Reply:
    return words[0] if words else Simple(b"PONG")


# ---- Reading


def _get(session: Session, words: list[bytes], turn: Turn) -> Reply:
    _count(words, b"get", 1)
    return session.read(words[0], turn)


def _mget(session: Session, words: list[bytes], turn: Turn) -> Reply:
    _count(words, b"mget", 1, len(words))
    return [(lambda key=key: session.read(key, turn)) for key in words]


def _exists(session: Session, words: list[bytes], turn: Turn) -> Reply:
    # Behind a touch it tells only whether that found the key.
    there = 0
    for key in words:
        behind = key in session.touched
        session.touched.discard(key)
        there += (session.node.store.get(key) if behind else session.read(key, turn)) is not None
    return there


def _time(milliseconds: bool) -> Callable[[Session, list[bytes], Turn], Reply]:
    def command(session: Session, words: list[bytes], _turn: Turn) -> Reply:
        item = session.node.store.get(words[0])
        if words[0] not in session.asked:
            session.node.times[words[0]] += 1
        if item is None:
            return -2
        left = item.left()
        if left is None:
            return -1
        return math.ceil(left * 1000) if milliseconds else math.floor(left + 0.5)

    return command


# ---- Writing


def _set(session: Session, words: list[bytes], turn: Turn) -> Reply:
    if len(words) < 2:
        _count(words, b"set", 2)
    key, value, *options = words
    only, keep, get, expires = b"", False, False, None
    while options:
        match options.pop(0).upper():
            case b"NX" | b"XX" as name:
                only = name
            case b"KEEPTTL":
                keep = True
            case b"GET":
                get = True
            case b"EX" | b"PX" | b"EXAT" | b"PXAT" as name if options:
                expires = _expiry(name, _int(options.pop(0)), b"set")
            case _:
                raise Failure(b"ERR syntax error")
    old = session.write({b"NX": "add", b"XX": "replace"}.get(only, "set"), key, turn)
    before = None if old is None else old.value
    if (only == b"NX" and old is not None) or (only == b"XX" and old is None):
        return before if get else None
    if keep and old is not None:
        expires = old.expires
    session.node.store.put(key, Item(value, expires=expires))
    return before if get else OK


def _expiry(name: bytes, number: int, command: bytes) -> float:
    if number <= 0:
        raise Failure(b"ERR invalid expire time in '%b' command" % command)
    seconds = number if name.startswith(b"E") else number / 1000
    return float(seconds) if name.endswith(b"AT") else time.time() + seconds


def _del(session: Session, words: list[bytes], turn: Turn) -> Reply:
    _count(words, b"del", 1, len(words))
    there = 0
    for key in words:
        session.write("delete", key, turn)
        there += session.node.store.drop(key)
    return there


def _expire(milliseconds: bool) -> Callable[[Session, list[bytes], Turn], Reply]:
    def command(session: Session, words: list[bytes], turn: Turn) -> Reply:
        seconds = _int(words[1]) / (1000 if milliseconds else 1)
        item = session.write("touch", words[0], turn)
        session.touched.add(words[0])
        if item is None:
            return 0
        item.expires = after(seconds)
        return 1

    return command


def _persist(session: Session, words: list[bytes], turn: Turn) -> Reply:
    item = session.write("touch", words[0], turn)
    session.touched.add(words[0])
    if item is None or item.expires is None:
        return 0
    item.expires = None
    return 1


def _incr(sign: int) -> Callable[[Session, list[bytes], Turn], Reply]:
    def command(session: Session, words: list[bytes], turn: Turn) -> Reply:
        amount = sign * (_int(words[1]) if len(words) > 1 else 1)
        item = session.write("incr", words[0], turn)
        number = (0 if item is None else _int(item.value)) + amount
        expires = None if item is None else item.expires
        session.node.store.put(words[0], Item(b"%d" % number, expires=expires))
        return number

    return command


def _append(session: Session, words: list[bytes], turn: Turn) -> Reply:
    item = session.write("append", words[0], turn)
    value = (b"" if item is None else item.value) + words[1]
    session.node.store.put(words[0], Item(value, expires=None if item is None else item.expires))
    return len(value)


def _flush(session: Session, _words: list[bytes], _turn: Turn) -> Reply:
    session.node.store.items.clear()
    return OK


# ---- Scripts


def _script(session: Session, words: list[bytes], _turn: Turn) -> Reply:
    match [words[0].upper(), *words[1:]]:
        case [b"LOAD", text]:
            sha = _known(text)
            session.node.scripts.add(sha)
            return sha.encode()
        case [b"EXISTS", *shas]:
            return [int(sha.decode() in session.node.scripts) for sha in shas]
    text = b"ERR unknown subcommand '%b'. Try SCRIPT HELP." % words[0]
    raise Failure(text)


def _known(text: bytes) -> str:
    sha = hashlib.sha1(text).hexdigest()
    if sha not in SCRIPTS:
        raise Failure(b"ERR not one of the scripts that every adapter sends")
    return sha


def _eval(session: Session, words: list[bytes], turn: Turn) -> Reply:
    session.node.scripts.add(sha := _known(words[0]))
    return _run(session, sha, words[1:], turn)


def _evalsha(session: Session, words: list[bytes], turn: Turn) -> Reply:
    sha = words[0].decode("latin-1").lower()
    if sha not in session.node.scripts:
        raise Failure(b"NOSCRIPT No matching script. Please use EVAL.")
    return _run(session, sha, words[1:], turn)


def _run(session: Session, sha: str, words: list[bytes], turn: Turn) -> Reply:
    if len(words) < 2 or words[0] != b"1":
        raise Failure(b"ERR the scripts take one key")
    key, arguments = words[1], words[2:]
    store = session.node.store
    if SCRIPTS[sha] == LEASE:
        lease, milliseconds = arguments
        session.node.enter(turn, "token", key)
        item = store.get(key)
        session.node.journal.token(session.node.name, _text(key), missed=item is None or item.stand_in, second=True)
        if item is not None:
            return item.value
        store.put(key, Item(lease, expires=_expiry(b"PX", _int(milliseconds), b"set")))
        return None
    lease, value, milliseconds = arguments
    item = session.write("fill", key, turn)
    if item is None or item.value != lease:
        return 0
    expires = None if milliseconds == b"0" else _expiry(b"PX", _int(milliseconds), b"set")
    store.put(key, Item(value, expires=expires))
    return 1


def _fixed(reply: Reply) -> Callable[[Session, list[bytes], Turn], Reply]:
    return lambda _session, _words, _turn: reply


def _quit(_session: Session, _words: list[bytes], turn: Turn) -> Reply:
    turn.closing = True
    return OK


COMMANDS: dict[bytes, Callable[[Session, list[bytes], Turn], Reply]] = {
    b"HELLO": _hello,
    b"CLIENT": _client,
    b"SELECT": _fixed(OK),
    b"INFO": _fixed(b"# Server\r\nredis_version:7.2.4\r\nredis_mode:standalone\r\nloading:0\r\n"),
    b"COMMAND": _fixed([]),
    b"PING": _ping,
    b"QUIT": _quit,
    b"GET": _get,
    b"MGET": _mget,
    b"EXISTS": _exists,
    b"TTL": _time(False),
    b"PTTL": _time(True),
    b"SET": _set,
    b"DEL": _del,
    b"UNLINK": _del,
    b"EXPIRE": _expire(False),
    b"PEXPIRE": _expire(True),
    b"PERSIST": _persist,
    b"INCR": _incr(1),
    b"INCRBY": _incr(1),
    b"DECR": _incr(-1),
    b"DECRBY": _incr(-1),
    b"APPEND": _append,
    b"FLUSHALL": _flush,
    b"FLUSHDB": _flush,
    b"SCRIPT": _script,
    b"EVAL": _eval,
    b"EVALSHA": _evalsha,
}
