"""Amounts over time: sums over any span, peaks and lows."""

from __future__ import annotations

from itertools import pairwise

import pytest

from demo.ledger import Ledger, percentile, windows


def test_an_amount_is_spread_over_its_interval() -> None:
    ledger = Ledger()
    ledger.add(0.0, 2.0, {"reads": 10.0})
    assert ledger.total("reads", 0.0, 2.0) == pytest.approx(10.0)
    assert ledger.total("reads", 0.5, 1.0) == pytest.approx(2.5)
    assert ledger.total("reads", 1.5, 9.0) == pytest.approx(2.5)
    assert ledger.total("reads", 2.0, 9.0) == 0.0
    assert ledger.total("writes", 0.0, 2.0) == 0.0


def test_sums_add_up_whatever_the_cuts() -> None:
    ledger = Ledger()
    for number in range(40):
        begin = number * 0.25 + (number % 3) * 0.01
        ledger.add(begin, begin + 0.25 + (number % 5) * 0.02, {"reads": float(number)})
    cuts = [0.0, 0.1, 1.7, 1.75, 4.2, 9.99, 12.0]
    parts = [ledger.total("reads", a, b) for a, b in pairwise(cuts)]
    assert sum(parts) == pytest.approx(sum(range(40)))
    assert ledger.totals == {"reads": sum(range(40))}


def test_a_long_interval_among_short_ones_is_found() -> None:
    ledger = Ledger()
    ledger.add(0.0, 0.1, {"x": 1.0})
    ledger.add(0.1, 0.2, {"x": 1.0})
    ledger.add(0.0, 10.0, {"x": 100.0})
    ledger.add(9.9, 10.1, {"x": 1.0})
    assert ledger.total("x", 4.0, 5.0) == pytest.approx(10.0)


def test_entries_may_come_out_of_order() -> None:
    ledger = Ledger()
    ledger.add(1.0, 2.0, {"x": 2.0})
    ledger.add(0.0, 1.0, {"x": 1.0})
    assert ledger.total("x", 0.0, 1.0) == pytest.approx(1.0)
    assert ledger.total("x", 0.5, 1.5) == pytest.approx(1.5)


def test_an_empty_interval_is_an_error() -> None:
    with pytest.raises(ValueError, match="has to end after"):
        Ledger().add(1.0, 1.0, {"x": 1.0})


def test_rates_find_a_peak() -> None:
    ledger = Ledger()
    for second in range(10):
        ledger.add(second, second + 1, {"reads": 500.0 if second == 4 else 100.0})
    found = ledger.rates("reads", 0.0, 10.0, width=0.5, step=0.25)
    peak = max(found, key=lambda window: window.value)
    assert peak.value == pytest.approx(500.0)
    assert 4.0 <= peak.begin <= 4.5
    assert ledger.rate("reads", 0.0, 10.0) == pytest.approx(140.0)


def test_ratios_leave_out_what_is_too_little() -> None:
    ledger = Ledger()
    ledger.add(0.0, 1.0, {"hits": 90.0, "reads": 100.0})
    ledger.add(1.0, 2.0, {"reads": 3.0})
    found = ledger.ratios("hits", "reads", 0.0, 2.0, width=1.0, step=1.0, least=10.0)
    assert [window.value for window in found] == [pytest.approx(0.9)]


def test_windows() -> None:
    assert windows(0.0, 2.0, 1.0, 0.5) == [(0.0, 1.0), (0.5, 1.5), (1.0, 2.0)]
    assert windows(0.0, 0.3, 1.0, 0.5) == [(0.0, 0.3)]
    assert windows(1.0, 1.0, 1.0, 0.5) == []


def test_percentile_is_the_nearest_rank() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert percentile(values, 0.99) == 99.0
    assert percentile(values, 0.5) == 50.0
    assert percentile(values, 1.0) == 100.0
    assert percentile([7.0], 0.01) == 7.0
    assert percentile([], 0.99) == 0.0
