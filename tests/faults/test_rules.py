"""Which requests are hit, and what their paths say they are."""

from __future__ import annotations

import statistics

import pytest

from faults import Fault, Rule, s3_latencies
from faults.http import Head
from faults.operations import Operation
from faults.rules import RuleBook
from skylog.storage.delay import Latency

GET, PUT = Operation("GET", "get", "segments/1"), Operation("PUT", "put", "segments/1")


def hits(rule: Rule, *operations: Operation, seed: int = 1) -> list[bool]:
    book = RuleBook([rule], seed)
    return [book.draw(operation).fault is not None for operation in operations]


@pytest.mark.parametrize(
    ("start", "range_", "kind", "key"),
    [
        ("PUT /bucket/a/b%2Bc HTTP/1.1", None, "put", "a/b+c"),
        ("GET /bucket/a?x-id=GetObject HTTP/1.1", None, "get", "a"),
        ("GET /bucket/a HTTP/1.1", "bytes=0-9", "get_range", "a"),
        ("HEAD /bucket/a HTTP/1.1", None, "head", "a"),
        ("DELETE /bucket/a HTTP/1.1", None, "delete", "a"),
        ("POST /bucket?delete HTTP/1.1", None, "delete_many", ""),
        ("GET /bucket?list-type=2&prefix=a%2F HTTP/1.1", None, "list", ""),
        ("GET /bucket/ HTTP/1.1", None, "list", ""),
        ("GET /bucket?location HTTP/1.1", None, "bucket", ""),
        ("HEAD /bucket HTTP/1.1", None, "bucket", ""),
        ("PUT /bucket HTTP/1.1", None, "bucket", ""),
        ("POST /bucket/a?uploads HTTP/1.1", None, "multipart", "a"),
        ("PUT /bucket/a?partNumber=1&uploadId=x HTTP/1.1", None, "multipart", "a"),
    ],
)
def test_operations(start: str, range_: str | None, kind: str, key: str) -> None:
    fields = [] if range_ is None else [("Range", range_)]
    found = Operation.of(Head(start, fields))
    assert (found.kind, found.key) == (kind, key)


def test_a_rule_fits_kinds_and_keys() -> None:
    assert hits(Rule(fault=Fault.HANG), GET, PUT) == [True, True]
    assert hits(Rule(fault=Fault.HANG, kinds=("put",)), GET, PUT) == [False, True]
    assert hits(Rule(fault=Fault.HANG, key="segments/*"), GET) == [True]
    assert hits(Rule(fault=Fault.HANG, key="other/*"), GET) == [False]


def test_a_rule_ends_after_its_times() -> None:
    assert hits(Rule(fault=Fault.HANG, times=2), GET, GET, GET) == [True, True, False]


def test_only_the_first_of_each_key() -> None:
    other = Operation("GET", "get", "segments/2")
    found = hits(Rule(fault=Fault.NOT_FOUND, first_of_key=1), GET, GET, other, other)
    assert found == [True, False, True, False]


def test_a_probability_is_one_and_its_seed_repeats_it() -> None:
    rule = Rule(fault=Fault.HANG, probability=0.3)
    found = hits(rule, *[GET] * 10_000)
    assert sum(found) == pytest.approx(3000, abs=200)
    assert hits(rule, *[GET] * 10_000) == found
    assert hits(rule, *[GET] * 10_000, seed=2) != found


def test_a_storm_hits_many_in_a_row() -> None:
    found = hits(Rule(fault=Fault.SLOW_DOWN, probability=0.01, run=20), *[GET] * 5000)
    text = "".join("x" if hit else " " for hit in found).strip()
    storms = [storm for storm in text.split(" ") if storm]
    assert len(storms) > 10
    assert all(len(storm) % 20 == 0 for storm in storms[:-1])


def test_one_more_rule_changes_none_before_it() -> None:
    rules = [Rule(fault=Fault.HANG, probability=0.5)]
    alone, both = RuleBook(rules, 1), RuleBook([*rules, Rule(fault=Fault.TRUNCATE, probability=0.5)], 1)
    drawn = [(alone.draw(GET).fault, both.draw(GET).fault) for _ in range(100)]
    assert all((one is Fault.HANG) == (other is Fault.HANG) for one, other in drawn)


def test_latencies_are_like_s3s() -> None:
    book = RuleBook(s3_latencies(), 1)
    for operation, p50, p99 in ((PUT, 0.1, 0.4), (GET, 0.03, 0.2)):
        delays = statistics.quantiles([book.draw(operation).delay_s for _ in range(20_000)], n=100)
        assert delays[49] == pytest.approx(p50, rel=0.1)
        assert delays[98] == pytest.approx(p99, rel=0.15)


def test_a_rule_is_one_thing() -> None:
    with pytest.raises(ValueError, match="a fault or a latency"):
        Rule()
    with pytest.raises(ValueError, match="a fault or a latency"):
        Rule(fault=Fault.HANG, latency=Latency(1))
