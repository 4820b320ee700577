"""The keys that real clients are asked about: more than 2,000, each once, the same on every run."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from builders.keys import plain

LONGEST = 250  # what memcached takes


def _digest(number: int) -> bytes:
    return hashlib.sha256(f"ringshift golden {number}".encode()).digest()


def ascii_keys() -> list[bytes]:
    """Printable ASCII without spaces: what every client takes."""
    lengths = (*range(1, 41), 47, 48, 49, 63, 64, 65, 100, 127, 128, 129, 200, 249, LONGEST)
    every_length = [(_digest(length).hex() * 4)[:length].encode() for length in lengths]
    letters = [bytes([byte]) for byte in range(0x21, 0x7F)]
    odd = [b"user:1", b"user:2", b"{user:1}:name", b"a{}b", b"%00%2f", b"key=value&x=y", b'{"id":[1,2]}', b"..", b"/"]
    return list(
        dict.fromkeys(
            [
                *plain(800),
                *plain(300, "session/{:08x}"),
                *plain(200, "{}"),
                *(_digest(i).hex()[:12].encode() for i in range(300)),
                *every_length,
                *letters,
                *odd,
            ]
        )
    )


def text_keys() -> list[bytes]:
    """And text in several scripts, in UTF-8: for clients whose keys are strings."""
    words = ("사용자", "ユーザー", "користувач", "usuário", "χρήστης", "🍍", "e\u0301")
    more = [f"{word}:{i}" for word in words for i in range(60)]
    alone = ["é", "ÿ", "Ā", "한", "\uffee", "😀", "𝄞𝄞𝄞", "ab\u00e9", "abc\u00e9", "日" * 83, "\U0010fffd"]
    return list(dict.fromkeys([*ascii_keys(), *(text.encode() for text in [*more, *alone])]))


def byte_keys() -> list[bytes]:
    """And bytes that are not text, but neither control characters nor spaces: for clients whose keys are bytes."""
    visible = [byte for byte in range(0x21, 0x100) if byte != 0x7F]
    arbitrary = [
        bytes(visible[byte % len(visible)] for byte in (_digest(i) * 2)[: 1 + i % 40]) for i in range(1000, 1300)
    ]
    high = [bytes([byte]) for byte in range(0x80, 0x100)]
    return list(dict.fromkeys([*text_keys(), *arbitrary, *high]))


def raw_keys() -> list[bytes]:
    """And control characters, NUL, spaces: for clients that place what they would refuse to send."""
    arbitrary = [_digest(i)[: 1 + i % 32] for i in range(2000, 2100)]
    low = [bytes([byte]) for byte in range(0x21)]
    return list(dict.fromkeys([*byte_keys(), *arbitrary, *low, b"\x7f", b"a\x00b", b"a b", b"line\r\nbreak"]))
