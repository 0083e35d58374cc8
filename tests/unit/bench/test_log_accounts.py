"""Records are accounted for one by one: numbers, moments, percentiles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylog import records
from skylog.bench.log.histogram import Histogram, Timeline
from skylog.bench.log.ledger import MISSING_MAX, Ledger, Prefix
from skylog.bench.log.payload import BatchMaker, read_stamps
from skylog.bench.log.plan import Plan
from skylog.clock import SystemEntropy
from skylog.errors import Corrupt


def numbers(*found: int) -> np.ndarray:
    return np.array(found, np.int64)


@given(st.lists(st.lists(st.integers(0, 30), max_size=12), max_size=12), st.integers(0, 35))
def test_the_ledger_agrees_with_a_plain_account(answers: list[list[int]], end: int) -> None:
    ledger, seen, late, again = Ledger(), [], 0, 0
    for answer in answers:
        ledger.add(numbers(*answer))
        for number in answer:
            again += number in seen
            late += number not in seen and bool(seen) and number < max(seen)
            seen.append(number)
    assert ledger.received == len(set(seen))
    assert ledger.duplicated == again
    assert ledger.reordered == late
    assert ledger.missing_below(end) == len(set(range(end)) - set(seen))


def test_records_in_order_are_no_finding() -> None:
    ledger = Ledger()
    for start in range(0, 100, 10):
        ledger.add(np.arange(start, start + 10))
    assert (ledger.received, ledger.duplicated, ledger.reordered, ledger.missing_below(100)) == (100, 0, 0, 0)


def test_a_number_far_off_ends_it_before_memory_does() -> None:
    with pytest.raises(Corrupt, match="expected record 0, found"):
        Ledger().add(numbers(MISSING_MAX + 1))


@given(st.permutations(range(8)))
def test_a_prefix_grows_over_gaps_that_close(order: list[int]) -> None:
    prefix, done = Prefix(), set()
    for span in order:
        prefix.add(span * 3, 3)
        done.add(span)
        assert prefix.end == 3 * next(each for each in range(9) if each not in done)


@given(st.lists(st.floats(0.011, 1e6), min_size=1, max_size=300), st.sampled_from([0.5, 0.9, 0.99, 0.999]))
def test_quantiles_are_those_of_the_values(values: list[float], share: float) -> None:
    histogram = Histogram()
    for start in range(0, len(values), 7):
        histogram.record(np.array(values[start : start + 7]))
    exact = float(np.quantile(values, share, method="inverted_cdf"))
    assert exact * 0.999 <= histogram.quantile(share) <= exact * 1.021


def test_histograms_merge_and_are_empty_at_first() -> None:
    one, other = Histogram(), Histogram()
    assert one.quantile(0.5) == 0
    one.record(np.array([1.0, 2.0]))
    other.record(np.array([1000.0]))
    one.merge(other)
    assert one.summary()["count"] == 3
    assert one.summary()["max"] == 1000
    assert one.summary()["mean"] == pytest.approx(1003 / 3, abs=1e-3)


def test_time_is_told_by_the_second_in_which_records_were_due() -> None:
    timeline = Timeline()
    timeline.record(np.array([int(0.5e9), int(1.5e9), int(1.6e9)]), np.array([1.0, 5.0, 5.0]))
    assert timeline.counts() == [(0, 1), (1, 2)]
    assert [round(ms) for _, ms in timeline.quantiles(0.5)] == [1, 5]


def test_stamps_survive_the_way_through_a_batch() -> None:
    plan = Plan(rate=1, record_bytes=100, batch_bytes=1000)
    maker = BatchMaker(plan, SystemEntropy())
    first = bytes(maker.make(np.arange(10) * 1000, 7, 1))
    second = bytes(maker.make(np.array([5]), 17, 1))
    due, found = read_stamps(memoryview(first + second), 100)
    assert due.tolist() == [*range(0, 10_000, 1000), 5]
    assert found.tolist() == [*range(7, 18)]


def test_batches_carry_the_producers_identity_and_sequences() -> None:
    maker = BatchMaker(Plan(rate=1), SystemEntropy(), 42, 3)
    [head] = records.inspect(maker.make(np.array([1, 2]), 2**31 + 5, 1))
    assert (head["producer_id"], head["producer_epoch"], head["base_sequence"]) == (42, 3, 5)


def test_other_records_are_told_apart() -> None:
    foreign = records.encode([b"x" * 50, b"y" * 150])
    with pytest.raises(Corrupt, match="expected records of 100 bytes"):
        read_stamps(memoryview(foreign), 100)


def test_a_flipped_bit_is_found() -> None:
    batch = bytearray(BatchMaker(Plan(rate=1), SystemEntropy()).make(np.array([1]), 0, 1))
    batch[-1] ^= 1
    with pytest.raises(Corrupt):
        read_stamps(memoryview(batch), 1024)
