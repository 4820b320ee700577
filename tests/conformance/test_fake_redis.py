"""The scripted Redis against the real one: the same bytes to both, the same answers from both."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

import pytest
from fakes.journal import Journal
from fakes.node import Node
from fakes.redis import FILL, LEASE
from fakes.resp import Resp
from real import Real, Wire, redis, sessions

LEASE_SHA = hashlib.sha1(LEASE).hexdigest().encode()
FILL_SHA = hashlib.sha1(FILL).hexdigest().encode()
END = b"$9\r\nend of it\r\n"

SESSIONS = sessions("redis")


def words_of(text: str) -> list[bytes]:
    """The words of a command."""
    named = {b"{lease}": LEASE, b"{fill}": FILL, b"{lease-sha}": LEASE_SHA, b"{fill-sha}": FILL_SHA}
    words = [word.encode().decode("unicode_escape").encode("latin-1") for word in text.split(" ")]
    return [named.get(word, word) for word in words]


def encoded(words: list[bytes]) -> bytes:
    """A command as it is sent."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)


def common(answer: bytes, words: list[bytes]) -> bytes:
    """What two servers have in common: some milliseconds may have passed at one of them."""
    if words[0] in {b"PTTL", b"TTL", b"EXEC"}:
        return re.sub(rb":(\d{2,})\r", lambda found: b":%d\r" % (round(int(found[1]) / 2000)), answer)
    return answer


@pytest.fixture(scope="module")
def real() -> Iterator[Real]:
    """A real Redis."""
    with redis() as server:
        yield server


def _session(port: int, name: str, version: int) -> list[bytes]:
    wire = Wire(port)
    echo = encoded([b"PING", b"end of it"])
    if version == 3:
        hello = wire.ask(encoded([b"HELLO", b"3"]), echo, END)
        assert hello.startswith(b"%7\r\n$6\r\nserver\r\n"), hello
    else:
        wire.ask(encoded([b"FLUSHALL"]), echo, END)
    wire.ask(encoded([b"FLUSHALL"]), echo, END)
    answers = []
    inside = False
    for words in map(words_of, SESSIONS[name]):
        # Between MULTI and EXEC the command behind would be queued: each is then read for its own answer.
        inside = words[0] == b"MULTI" or (inside and words[0] not in {b"EXEC", b"DISCARD"})
        if inside:
            last = b"+OK\r\n" if words[0] == b"MULTI" else b"+QUEUED\r\n"
            answers.append(wire.ask(encoded(words), b"", last) + last)
        else:
            answers.append(common(wire.ask(encoded(words), echo, END), words))
    wire.close()
    return answers


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("name", SESSIONS)
def test_commands(name: str, version: int, real: Real) -> None:
    """All commands, in both versions of the protocol."""
    # Scripts are forgotten by a new server only.
    wire = Wire(real.port)
    wire.ask(encoded([b"SCRIPT", b"FLUSH"]), encoded([b"PING", b"end of it"]), END)
    wire.close()
    fake = Node("fake", Journal(), Resp)
    try:
        theirs, ours = _session(real.port, name, version), _session(fake.port, name, version)
    finally:
        fake.refuse()
    for words, their, our in zip(SESSIONS[name], theirs, ours, strict=True):
        assert our == their, f"{words}: Redis says {their!r}, the fake {our!r}"


def test_a_script_that_no_adapter_sends_is_an_error() -> None:
    """The real one would run it: here every adapter must send the same text."""
    fake = Node("fake", Journal(), Resp)
    wire = Wire(fake.port)
    try:
        answer = wire.ask(encoded([b"EVAL", b"return 1", b"0"]), encoded([b"PING", b"end of it"]), END)
    finally:
        wire.close()
        fake.refuse()
    assert answer.startswith(b"-ERR not one of the scripts"), answer
