from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylog.storage.latencies import Latencies

MILLISECONDS = st.floats(0.02, 600_000)


@given(st.lists(MILLISECONDS, min_size=1, max_size=300), st.sampled_from([0.5, 0.9, 0.99, 0.999, 1.0]))
def test_a_quantile_is_at_most_a_bucket_above_the_true_one(recorded: list[float], share: float) -> None:
    latencies = Latencies()
    for milliseconds in recorded:
        latencies.record(milliseconds)
    true = sorted(recorded)[math.ceil(share * len(recorded)) - 1]
    assert true * 0.9999 <= latencies.quantile(share) <= latencies.recent_quantile(share) <= true * 1.045
    assert latencies.count == latencies.recent_count == len(recorded)


@pytest.mark.parametrize("milliseconds", [0.0, -1.0, 1e-9, 0.01, 1e9])
def test_what_is_out_of_range_counts_at_its_edge(milliseconds: float) -> None:
    latencies = Latencies()
    latencies.record(milliseconds)
    assert latencies.count == 1
    assert latencies.quantile(0.5) <= max(0.01, milliseconds)


def test_without_records_all_is_zero() -> None:
    assert Latencies().quantile(0.99) == Latencies().recent_quantile(0.99) == 0.0
    assert Latencies().summary()["count"] == 0


def test_the_recent_past_forgets_and_the_whole_does_not() -> None:
    latencies = Latencies(window=100)
    for _ in range(1000):
        latencies.record(500)
    for _ in range(100):
        latencies.record(10)
    assert latencies.recent_quantile(0.99) == pytest.approx(10, rel=0.05)
    assert latencies.quantile(0.5) == pytest.approx(500, rel=0.05)
    assert 50 <= latencies.recent_count <= 100


def test_a_recent_quantile_follows_within_sixteen_records() -> None:
    latencies = Latencies()
    for _ in range(160):
        latencies.record(10)
    assert latencies.recent_quantile(0.9) == pytest.approx(10, rel=0.05)
    for _ in range(160):
        latencies.record(100)
    assert latencies.recent_quantile(0.9) == pytest.approx(100, rel=0.05)


def test_the_summary_names_what_it_says() -> None:
    latencies = Latencies()
    for milliseconds in range(1, 1001):
        latencies.record(milliseconds)
    summary = latencies.summary()
    assert (summary["count"], summary["mean"], summary["max"]) == (1000, 500.5, 1000)
    expected = {"p50": 500, "p90": 900, "p99": 990, "p999": 999}
    assert {name: summary[name] for name in expected} == pytest.approx(expected, rel=0.045)
