"""The keys that vectors use: plain ones, awkward ones, and ones found for a bucket."""

from __future__ import annotations

from oracle.hashing import bucket

LONG_KEY = b"a" * 65_536

AWKWARD: list[bytes] = [
    b"",
    b"\x00",
    b"\x00\x00\x00\x00",
    b"a",
    b"a\x00b",
    b"a\x00",
    b"\xff",
    b"\x80\x81\xfe\xff",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b"\xf0\x9f\x8d",
    "é".encode(),
    "e\u0301".encode(),
    "사용자:42".encode(),
    "キャッシュ".encode(),
    "🍍🧊".encode(),
    b" leading and trailing ",
    b"line\r\nbreak",
    b"%00%2f{}",
    bytes(range(256)),
    b"x" * 250,
    b"x" * 251,
    b"user:1",
    b"user:2",
]

# The lengths at which XXH3 changes its way of reading the input.
LENGTHS: list[bytes] = [
    bytes((i * 7 + length) % 256 for i in range(length))
    for length in (1, 2, 3, 4, 5, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65, 127, 128, 129, 130, 239, 240, 241, 242, 255,
                   256, 257, 511, 512, 513, 1023, 1024, 1025, 2048, 4097)
]  # fmt: skip

TAGGED: list[bytes] = [
    b"{user:1}:name",
    b"{user:1}:mail",
    b"profile:{user:1}",
    b"a{user:1}b{user:2}c",
    b"user:1",
    b"{}user:1",
    b"{}{user:1}",
    b"a{}b",
    b"{user:1",
    b"user:1}",
    b"}{user:1}",
    b"}user:1{",
    b"{{user:1}}",
    b"{user:1}}",
    b"{ }",
    b"{",
    b"}",
    b"{}",
    b"",
    b"{\x00}x",
    b"{\xff\xfe}x",
    "{사용자}:42".encode(),
    "사용자".encode(),
    b"a|user:1|b",
    b"||user:1|",
    b"<user:1>x",
]


def plain(count: int, form: str = "user:{}:profile") -> list[bytes]:
    """`count` keys of the form that the million-key digests use."""
    return [form.format(i).encode() for i in range(count)]


def with_bucket(wanted: int, migration_id: str, count: int) -> list[bytes]:
    """The first `count` keys "bucket:<i>" whose bucket is exactly `wanted`."""
    found: list[bytes] = []
    number = 0
    while len(found) < count:
        key = f"bucket:{number}".encode()
        if bucket(key, migration_id) == wanted:
            found.append(key)
        number += 1
    return found
