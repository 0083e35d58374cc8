from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylog.charts.axis import log_ticks, nice_ticks


@pytest.mark.parametrize(
    ("largest", "expected"),
    [(1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (12, [0, 2.5, 5, 7.5, 10, 12.5]), (0, [0, 1]), (-1, [0, 1])],
)
def test_round_marks(largest: float, expected: list[float]) -> None:
    assert nice_ticks(largest) == pytest.approx(expected)


@given(st.floats(1e-6, 1e15), st.integers(1, 12))
def test_marks_reach_the_largest_and_not_far_beyond(largest: float, count: int) -> None:
    ticks = nice_ticks(largest, count)
    assert ticks[0] == 0
    assert ticks[-2] < largest <= ticks[-1] * (1 + 1e-6)
    assert len(ticks) <= count + 1


@given(st.floats(1e-6, 1e12), st.floats(1, 1e6))
def test_powers_of_ten_enclose_the_range(least: float, factor: float) -> None:
    ticks = log_ticks(least, least * factor)
    assert len(ticks) >= 2
    assert ticks[0] <= least * (1 + 1e-9)
    assert ticks[-1] >= least * factor * (1 - 1e-9)
