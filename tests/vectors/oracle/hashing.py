"""Key hashing, hash tags and buckets, as docs/placement.md words them."""

from __future__ import annotations

import xxhash

BUCKETS = 10_000
BUCKET_SEED_TEXT = b"ringshift/bucket/v1"
U32 = 0xFFFF_FFFF


def xxh3_64(data: bytes, seed: int) -> int:
    """XXH3 with 64 bits of result and a 64-bit seed."""
    return xxhash.xxh3_64_intdigest(data, seed=seed)


def digest(spec_bytes: bytes) -> str:
    """The digest of a spec: XXH3-128 of the file's bytes, seed 0, as 32 hex digits."""
    return f"{xxhash.xxh3_128_intdigest(spec_bytes):032x}"


def tagged(key: bytes, hash_tag: str | None) -> bytes:
    """The bytes of `key` that decide its placement: its first tag when it has a non-empty one, else all of it."""
    if hash_tag is None:
        return key
    opening, closing = hash_tag.encode("ascii")
    for start in range(len(key)):
        if key[start] != opening:
            continue
        for end in range(start + 1, len(key)):
            if key[end] == closing:
                tag = key[start + 1 : end]
                return tag or key
        return key
    return key


def bucket(placed: bytes, migration_id: str) -> int:
    """The bucket, 0 to 9999, of the bytes that decide a key's placement."""
    seed = xxh3_64(BUCKET_SEED_TEXT + migration_id.encode(), 0)
    high_32 = xxh3_64(placed, seed) >> 32
    return (high_32 * BUCKETS) >> 32


def one_at_a_time(key: bytes) -> int:
    """Bob Jenkins' one-at-a-time hash as libmemcached computes it on x86, where `char` is signed."""
    value = 0
    for byte in key:
        signed = byte - 256 if byte >= 128 else byte
        value = (value + signed) & U32
        value = (value + (value << 10)) & U32
        value ^= value >> 6
    value = (value + (value << 3)) & U32
    value ^= value >> 11
    return (value + (value << 15)) & U32


def crc(key: bytes) -> int:
    """libmemcached's `crc` hash: bits 16 to 30 of the CRC-32 of zlib and Ethernet."""
    value = U32
    for byte in key:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xEDB8_8320 if value & 1 else value >> 1
    return ((value ^ U32) >> 16) & 0x7FFF
