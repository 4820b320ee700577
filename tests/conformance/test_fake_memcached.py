"""The scripted memcached against the real one: the same bytes to both, the same answers from both."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator

import pytest
from fakes.journal import Journal
from fakes.memcached import Memcached
from fakes.node import Node
from real import Real, Wire, memcached, sessions

TEXT = sessions("memcached-text")
BINARY = sessions("memcached-binary")
LARGE = b"x" * 1048577
OPCODES = {
    "GET": 0, "SET": 1, "ADD": 2, "REPLACE": 3, "DELETE": 4, "INCR": 5, "DECR": 6, "FLUSH": 8, "GETQ": 9, "NOOP": 10,
    "VERSION": 11, "GETK": 12, "GETKQ": 13, "APPEND": 14, "PREPEND": 15, "TOUCH": 28, "UNKNOWN": 0x70,
}  # fmt: skip


def line(text: str) -> bytes:
    """A request of the text protocol as it is sent."""
    whole = text.replace("|", "\r\n").replace("\\0", "\0").replace("{long}", "k" * 251).encode("latin-1")
    return whole.replace(b"{large}", LARGE) + b"\r\n"


def packet(text: str, numbers: Numbers) -> bytes:
    """A request of the binary protocol as it is sent, with the server's own CAS number."""
    name, *words = text.split(" ")
    key = words.pop(0).encode() if words and "=" not in words[0] else b""
    more = dict(word.split("=") for word in words)
    match name:
        case "SET" | "ADD" | "REPLACE":
            extras = struct.pack(">II", int(more.get("flags", 0)), int(more.get("exptime", 0)))
        case "INCR" | "DECR":
            extras = struct.pack(">QQI", int(more["amount"]), int(more["initial"]), int(more.get("exptime", 0)))
        case "TOUCH":
            extras = struct.pack(">I", int(more["exptime"]))
        case _:
            extras = b""
    value = more.get("value", "").encode().replace(b"{large}", LARGE)
    cas = numbers.real(int(more["cas"])) if "cas" in more else 0
    return request(OPCODES[name], key, extras, value, cas)


def request(
    opcode: int, key: bytes = b"", extras: bytes = b"", value: bytes = b"", cas: int = 0, opaque: int = 7
) -> bytes:
    """A request of the binary protocol."""
    size = len(key) + len(extras) + len(value)
    return (
        struct.pack(">BBHBBHIIQ", 0x80, opcode, len(key), len(extras), 0, 0, size, opaque, cas) + extras + key + value
    )


@pytest.fixture(scope="module")
def real() -> Iterator[Real]:
    """A real memcached."""
    with memcached() as server:
        yield server


class Numbers:
    """CAS numbers by the order in which they were first seen; a server that has run for long gives higher ones."""

    def __init__(self) -> None:
        """None seen."""
        self._seen: dict[int, int] = {}

    def number(self, cas: int) -> int:
        """What stands for a CAS number."""
        return 0 if cas == 0 else self._seen.setdefault(cas, len(self._seen) + 1)

    def real(self, number: int) -> int:
        """The CAS number that the server gave as its n-th."""
        return next((cas for cas, at in self._seen.items() if at == number), 999_999)


def text(answer: bytes, numbers: Numbers) -> bytes:
    """A text answer that two servers have in common: CAS numbers by order, times to ten seconds."""
    answer = re.sub(rb"\bc(\d+)\b", lambda found: b"c%d" % numbers.number(int(found[1])), answer)
    answer = re.sub(
        rb"(VALUE \S+ \d+ \d+) (\d+)\r", lambda found: b"%b %d\r" % (found[1], numbers.number(int(found[2]))), answer
    )
    # A second may have passed at one of them.
    return re.sub(rb"\bt(\d+)\b", lambda found: b"t%d" % round(int(found[1]) / 10), answer)


def with_cas(line: bytes, numbers: Numbers) -> bytes:
    """A request with the server's own number in place of the n-th."""

    def own(found: re.Match[bytes]) -> bytes:
        return b"%b%d\r" % (found[1], numbers.real(int(found[2])))

    return re.sub(rb"^(cas \S+ \d+ \d+ \d+ )(\d+)\r", own, line)


@pytest.mark.parametrize("name", TEXT)
def test_text(name: str, real: Real) -> None:
    """Text and meta."""

    def session(port: int) -> list[bytes]:
        wire, numbers = Wire(port), Numbers()
        wire.ask(b"flush_all\r\n", b"mn\r\n", b"MN\r\n")
        sent = (with_cas(line(one), numbers) for one in TEXT[name])
        answers = [text(wire.ask(one, b"mn\r\n", b"MN\r\n"), numbers) for one in sent]
        wire.close()
        return answers

    compare(TEXT[name], session, real)


@pytest.mark.parametrize("name", BINARY)
def test_binary(name: str, real: Real) -> None:
    """The binary protocol."""
    noop = request(OPCODES["NOOP"], opaque=8)
    end = b"\x81" + noop[1:]

    def session(port: int) -> list[bytes]:
        wire, numbers = Wire(port), Numbers()
        wire.ask(request(OPCODES["FLUSH"]), noop, end)
        answers = []
        for one in BINARY[name]:
            answer = wire.ask(packet(one, numbers), noop, end)
            number = numbers.number(struct.unpack(">Q", answer[16:24])[0]) if answer else 0
            answers.append(answer[:16] + b"cas %d " % number + answer[24:])
        wire.close()
        return answers

    compare(BINARY[name], session, real)


def compare(asked: list[str], session: Callable[[int], list[bytes]], real: Real) -> None:
    """The same session on both; what differs is told by its first request."""
    fake = Node("fake", Journal(), Memcached)
    try:
        theirs, ours = session(real.port), session(fake.port)
    finally:
        fake.refuse()
    for one, their, our in zip(asked, theirs, ours, strict=True):
        assert our == their, f"{one}: memcached says {their[:200]!r}, the fake {our[:200]!r}"


def test_without_cas_numbers() -> None:
    """`memcached -C` gives 0 for every number, and takes 0 for a match."""
    lines = [b"mg k v c N30\r\n", b"gets k\r\n", b"cas k 0 0 1 0\r\nx\r\n", b"gets k\r\n", b"mg k v c\r\n"]
    fake = Node("fake", Journal(), Memcached, cas=False)
    try:
        with memcached("-C") as server:
            seen = []
            for port in (server.port, fake.port):
                wire = Wire(port)
                seen.append([wire.ask(one, b"mn\r\n", b"MN\r\n") for one in lines])
                wire.close()
        assert seen[1] == seen[0]
    finally:
        fake.refuse()


def test_an_old_server_knows_no_meta_commands() -> None:
    """There is no real one to compare with; it answers ERROR to any word that it does not know."""
    fake = Node("fake", Journal(), Memcached, old=True)
    wire = Wire(fake.port)
    try:
        for one in (b"mg k v\r\n", b"mn\r\n", b"md k\r\n", b"ms k 1\r\n"):
            assert wire.ask(one, b"version\r\n", b"VERSION 1.4.39\r\n") == b"ERROR\r\n"
    finally:
        wire.close()
        fake.refuse()
