"""The requests that all workers replay: drawn once, from a Zipf distribution, and written to a file.

One unsigned 32-bit little-endian number a request: the key's rank, with the top bit set for a write. Python and Node
read the same file, so that the load is the same in both and the distribution exists once.
"""

from __future__ import annotations

import random
import sys
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

WRITE = 1 << 31
"""The bit that makes a request a write."""


def zipf_weights(count: int, skew: float) -> list[float]:
    """The probability of each rank, most wanted first. They add up to 1."""
    if count < 1:
        raise ValueError(f"{count} is no number of keys; use 1 or more")
    raw = [1.0 / (rank + 1) ** skew for rank in range(count)]
    total = sum(raw)
    return [weight / total for weight in raw]


def draw(*, keys: int, skew: float, length: int, reads_per_write: int, seed: int) -> array[int]:
    """Draws `length` requests. The same arguments give the same requests, on every machine."""
    rng = random.Random(seed)
    cumulative = list(accumulate(zipf_weights(keys, skew)))
    requests = array("I")
    for _ in range(length):
        # The last sum may be a hair below 1: the rank is clamped instead of trusting it.
        rank = min(bisect_right(cumulative, rng.random()), keys - 1)
        is_write = rng.randrange(reads_per_write + 1) == 0
        requests.append(rank | WRITE if is_write else rank)
    return requests


def steady_contents(
    weights: Sequence[float], *, reads_per_second: float, least_ttl: int, most_ttl: int, seed: int
) -> list[tuple[int, int]]:
    """What a cache under such a load holds after long: ranks, each with the seconds that its copy has left.

    A copy lives for t seconds, then the key is away until the next read: a key with r reads a second is there for a
    share of r*t / (1 + r*t) of the time. A cache filled with everything would start better than it can go on.
    """
    rng = random.Random(seed)
    contents = []
    for rank, weight in enumerate(weights):
        life = rng.randint(least_ttl, most_ttl)
        lives = weight * reads_per_second * life
        if rng.random() < lives / (1 + lives):
            contents.append((rank, rng.randint(1, life)))
    return contents


def write_trace(path: Path, requests: array[int]) -> None:
    """Writes requests in the form that the workers read."""
    out = array("I", requests)
    if sys.byteorder == "big":
        out.byteswap()
    path.write_bytes(out.tobytes())


def read_trace(path: Path) -> array[int]:
    """Reads what `write_trace` wrote."""
    requests = array("I")
    requests.frombytes(path.read_bytes())
    if sys.byteorder == "big":
        requests.byteswap()
    return requests
