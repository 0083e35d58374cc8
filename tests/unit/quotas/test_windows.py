"""Rates over windows: the numbers are those that Apache Kafka 4.3 gave for the same bytes."""

from __future__ import annotations

import pytest

from skylog.quotas.windows import WindowedRate, Windows

ELEVEN = Windows(11, 1)


def test_a_burst_has_to_wait_until_it_is_spread_over_all_windows_but_one() -> None:
    rate = WindowedRate(ELEVEN)
    rate.add(500_107, 0)
    assert rate.wait_seconds(1000, 0) == pytest.approx(490.107)  # Kafka: 490107 ms
    rate.add(500_107, 0.015)
    assert rate.wait_seconds(1000, 0.015) == pytest.approx(
        990.2, abs=0.001
    )  # Kafka: 990200 ms, a moment later


def test_who_was_quiet_may_take_ten_seconds_worth_at_once() -> None:
    rate = WindowedRate(ELEVEN)
    rate.add(10_000, 0)
    assert rate.wait_seconds(1000, 0) == 0
    rate.add(1, 0)
    assert rate.wait_seconds(1000, 0) > 0


def test_a_steady_taker_at_its_limit_waits_for_its_own_request_at_most() -> None:
    rate = WindowedRate(ELEVEN)
    waits = []
    for tick in range(600):
        rate.add(100, tick / 10)
        waits.append(rate.wait_seconds(1000, tick / 10))
    assert max(waits) == pytest.approx(0.1)


@pytest.mark.parametrize("windows", [ELEVEN, Windows(2, 1), Windows(4, 3)], ids=str)
@pytest.mark.parametrize("amount", [10, 700, 1000, 100_000])
def test_who_waits_as_told_gets_its_limit_and_no_more(windows: Windows, amount: int) -> None:
    rate, now, taken, limit = WindowedRate(windows), 0.0, 0, 1000
    while now < 600:
        rate.add(amount, now)
        taken += amount
        now += max(rate.wait_seconds(limit, now), 0.001)
    burst = limit * windows.burst_seconds + amount
    assert 0.95 * limit * now <= taken <= 1.12 * limit * now + burst


def test_after_all_windows_nothing_counts_any_more() -> None:
    rate = WindowedRate(ELEVEN)
    rate.add(50_000, 0)
    assert not rate.is_rested(10.9)
    assert rate.is_rested(11)
    assert rate.wait_seconds(1000, 11) == 0


def test_what_is_taken_back_does_not_count() -> None:
    rate = WindowedRate(ELEVEN)
    rate.add(50_000, 0)
    rate.add(-50_000, 0.1)
    assert rate.total(0.1) == 0
    assert rate.wait_seconds(1000, 0.1) == 0


def test_state_is_bounded_whatever_is_taken() -> None:
    rate = WindowedRate(ELEVEN)
    for tick in range(100_000):
        rate.add(1, tick / 100)
    assert "in 11 windows" in repr(rate) or "in 12 windows" in repr(rate)
