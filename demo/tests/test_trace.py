"""The load: a Zipf distribution, the same in every run, and what a cache holds under it."""

from __future__ import annotations

from array import array
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from demo.trace import WRITE, draw, read_trace, steady_contents, write_trace, zipf_weights


def test_weights_follow_the_power_law() -> None:
    weights = zipf_weights(1000, 0.9)
    assert sum(weights) == pytest.approx(1.0)
    assert weights[0] / weights[9] == pytest.approx(10**0.9)
    assert all(a > b for a, b in pairwise(weights))


def test_no_skew_is_uniform() -> None:
    assert zipf_weights(4, 0.0) == [0.25] * 4


def test_no_keys_is_an_error() -> None:
    with pytest.raises(ValueError, match="use 1 or more"):
        zipf_weights(0, 1.0)


def test_draw_has_the_asked_frequencies() -> None:
    requests = draw(keys=200, skew=1.0, length=100_000, reads_per_write=50, seed=1)
    ranks = Counter(request & ~WRITE for request in requests)
    weights = zipf_weights(200, 1.0)
    for rank in (0, 1, 10, 100):
        assert ranks[rank] / len(requests) == pytest.approx(weights[rank], rel=0.15)
    assert max(ranks) < 200
    writes = sum(1 for request in requests if request & WRITE)
    assert writes / len(requests) == pytest.approx(1 / 51, rel=0.1)


def test_draw_is_the_same_each_time() -> None:
    figures = {"keys": 50, "length": 500, "reads_per_write": 5}
    first = draw(skew=0.8, seed=7, **figures)
    assert draw(skew=0.8, seed=7, **figures) == first
    assert draw(skew=0.8, seed=8, **figures) != first


def test_a_trace_survives_its_file(tmp_path: Path) -> None:
    requests = array("I", [0, 1, WRITE, WRITE | 77, 2**31 - 1])
    write_trace(tmp_path / "trace", requests)
    assert (tmp_path / "trace").read_bytes()[4:12] == bytes([1, 0, 0, 0, 0, 0, 0, 0x80])
    assert read_trace(tmp_path / "trace") == requests


def test_steady_contents_are_what_a_simulated_cache_holds() -> None:
    """Against the thing itself: a cache under the load, after a long time."""
    weights = zipf_weights(300, 0.9)
    requests = draw(keys=300, skew=0.9, length=120_000, reads_per_write=10**9, seed=3)
    rate, life = 100.0, 10
    expires: dict[int, float] = {}
    held = Counter[int]()
    for number, rank in enumerate(requests):
        moment = number / rate
        if expires.get(rank, 0.0) <= moment:
            expires[rank] = moment + life
        if number % 500 == 0:
            held.update(key for key, end in expires.items() if end > moment)
    samples = len(requests) // 500
    simulated = sum(held.values()) / samples
    drawn = [
        len(steady_contents(weights, reads_per_second=rate, least_ttl=life, most_ttl=life, seed=seed))
        for seed in range(50)
    ]
    assert sum(drawn) / len(drawn) == pytest.approx(simulated, rel=0.05)


def test_steady_contents_live_within_bounds() -> None:
    contents = steady_contents(zipf_weights(500, 1.0), reads_per_second=1e6, least_ttl=3, most_ttl=9, seed=1)
    assert len(contents) == 500
    assert {ttl for _, ttl in contents} == set(range(1, 10))
