"""Tokens: the numbers are those that Apache Kafka 4.3 gave for the same changes of topics."""

from __future__ import annotations

import pytest

from skylog.quotas.bucket import TokenBucket
from skylog.quotas.windows import Windows


def test_it_starts_full_goes_into_debt_once_and_pays_it_back_with_time() -> None:
    bucket = TokenBucket(Windows(11, 1))
    for partitions, debt in ((10, 0), (5, 4), (5, 9)):
        bucket.pay(partitions, 1.0, 0)
        assert bucket.wait_seconds(1.0, 0) == debt
    assert bucket.wait_seconds(1.0, 6) == 3
    assert bucket.wait_seconds(1.0, 9) == 0


def test_it_is_never_more_than_full() -> None:
    bucket = TokenBucket(Windows(11, 1))
    bucket.pay(1, 1.0, 0)
    bucket.pay(12, 1.0, 1_000_000)
    assert bucket.wait_seconds(1.0, 1_000_000) == pytest.approx(1)


def test_a_new_limit_holds_at_once() -> None:
    bucket = TokenBucket(Windows(11, 1))
    bucket.pay(21, 1.0, 0)
    assert bucket.wait_seconds(1.0, 0) == 10
    assert bucket.wait_seconds(5.0, 0) == 2


def test_it_is_rested_when_it_is_full_again() -> None:
    bucket = TokenBucket(Windows(11, 1))
    assert bucket.is_rested(0)
    bucket.pay(3, 1.0, 0)
    assert not bucket.is_rested(2.9)
    assert bucket.is_rested(3)
