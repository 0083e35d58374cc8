"""The PUT budget: quiet brokers upload at once, busy ones pay their rate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylog.produce.budget import PutBudget


def test_a_quiet_broker_waits_for_nothing() -> None:
    budget = PutBudget(rate=4, burst=4, linger_s_max=0.25, now=0, rate_awaited=4)
    for second in range(10):
        assert budget.wait_s(second, oldest=second) == 0
        budget.spend(second)


def test_after_the_burst_a_token_comes_every_quarter_second() -> None:
    budget = PutBudget(rate=4, burst=4, linger_s_max=1, now=0, rate_awaited=4)
    for _ in range(4):
        assert budget.wait_s(0, oldest=0) == 0
        budget.spend(0)
    assert budget.wait_s(0, oldest=0) == pytest.approx(0.25)
    assert budget.wait_s(0.1, oldest=0.1) == pytest.approx(0.15)
    assert budget.wait_s(0.25, oldest=0.1) == 0


def test_the_linger_bounds_the_wait() -> None:
    budget = PutBudget(rate=0.1, burst=1, linger_s_max=0.5, now=0, rate_awaited=0.1)
    budget.spend(0)
    assert budget.wait_s(0, oldest=0) == pytest.approx(0.5)
    assert budget.wait_s(0.3, oldest=0) == pytest.approx(0.2)
    assert budget.wait_s(0.6, oldest=0) == 0


def test_while_all_producers_wait_the_other_rate_holds() -> None:
    budget = PutBudget(rate=10, burst=1, linger_s_max=1, now=0, rate_awaited=100)
    budget.spend(0)
    assert budget.wait_s(0, oldest=0) == pytest.approx(0.1)
    assert budget.wait_s(0, oldest=0, awaited=True) == pytest.approx(0.01)
    assert budget.wait_s(0.01, oldest=0, awaited=True) == 0


def test_seals_while_all_wait_count_for_the_steady_rate_too() -> None:
    budget = PutBudget(rate=10, burst=1, linger_s_max=1, now=0, rate_awaited=100)
    for now in (0, 0.01, 0.02):
        assert budget.wait_s(now, oldest=now, awaited=True) == 0
        budget.spend(now)
    assert budget.wait_s(0.02, oldest=0.02) > 0.1


def test_waiting_never_takes_longer_for_being_awaited() -> None:
    budget = PutBudget(rate=100, burst=1, linger_s_max=1, now=0, rate_awaited=1)
    budget.spend(0)
    assert budget.wait_s(0, oldest=0, awaited=True) == pytest.approx(0.01)


@given(st.lists(st.floats(0.0001, 0.5), min_size=1, max_size=200))
def test_time_never_causes_more_puts_than_rate_and_burst_allow(gaps: list[float]) -> None:
    """With a linger beyond the refill time no token is overdrawn."""
    budget = PutBudget(rate=4, burst=4, linger_s_max=1, now=0, rate_awaited=4)
    now, puts = 0.0, 0
    for gap in gaps:
        now += gap
        if budget.wait_s(now, oldest=now) == 0:
            budget.spend(now)
            puts += 1
    assert puts <= 4 + 4 * now + 1e-6
