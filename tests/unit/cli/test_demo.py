from __future__ import annotations

from array import array
from collections.abc import Iterable

import pytest

from skylog.cli.demo.check import Check
from skylog.cli.demo.traffic import percentile
from skylog.cli.demo.workload import RECORD_BYTES, Workload

WORKLOAD = Workload("demo", 20, 3)
PLACES = [WORKLOAD.place(number) for number in range(20)]
ENDS = {0: 7, 1: 7, 2: 6}


def checked(places: Iterable[tuple[int, int]]) -> Check:
    check = Check(WORKLOAD)
    for partition, offset in places:
        check.see(partition, offset, WORKLOAD.value_at(partition, offset))
    return check


def test_records_are_dealt_in_turn_and_found_again_by_place() -> None:
    assert PLACES[:4] == [(0, 0), (1, 0), (2, 0), (0, 1)]
    for number, (partition, offset) in enumerate(PLACES):
        assert WORKLOAD.value_at(partition, offset) == WORKLOAD.value(number)
    assert {partition: WORKLOAD.count_of(partition) for partition in range(3)} == ENDS


def test_all_records_differ_and_have_the_same_size() -> None:
    values = {Workload("demo", 100_000, 6).value(number) for number in range(0, 100_000, 97)}
    assert len(values) == len(range(0, 100_000, 97))
    assert {len(value) for value in values} == {RECORD_BYTES}


def test_everything_in_order_is_right() -> None:
    check = checked(PLACES)
    assert check.complete
    check.finish(ENDS)
    assert (check.faults, check.records, check.again) == ([], 20, 0)


def test_partitions_may_come_in_any_order() -> None:
    check = checked(sorted(PLACES))
    check.finish(ENDS)
    assert check.faults == []


def test_what_comes_again_after_a_rebalance_is_no_fault() -> None:
    check = checked([*sorted(PLACES), (1, 3), (1, 4)])
    check.finish(ENDS)
    assert (check.faults, check.records, check.again) == ([], 20, 2)


def test_a_gap_is_a_fault() -> None:
    check = checked([(0, 0), (0, 2)])
    assert check.faults == ["partition 0: expected offset 1 next, found 2"]
    assert check.complete


@pytest.mark.parametrize(
    "value", [None, b"", WORKLOAD.value(1), WORKLOAD.value(0)[:-1], WORKLOAD.value(0) + b"x"]
)
def test_another_record_is_a_fault(value: bytes | None) -> None:
    check = Check(WORKLOAD)
    check.see(0, 0, value)
    [fault] = check.faults
    assert fault.startswith("partition 0 offset 0: wrong record")


def test_a_record_stored_twice_is_a_fault() -> None:
    check = Check(WORKLOAD)
    check.see(0, 0, WORKLOAD.value_at(0, 0))
    check.see(0, 1, WORKLOAD.value_at(0, 0))
    assert check.faults


def test_records_that_never_came_are_a_fault() -> None:
    check = checked(sorted(PLACES)[:-1])
    assert not check.complete
    check.finish(ENDS)
    assert check.faults == ["partition 2: expected 6 records, read 5, the log ends at 6"]


def test_a_log_that_is_longer_than_it_should_be_is_a_fault() -> None:
    check = checked(PLACES)
    check.finish({**ENDS, 1: 8})
    assert check.faults == ["partition 1: expected 7 records, read 7, the log ends at 8"]


def test_few_faults_are_kept() -> None:
    check = Check(WORKLOAD)
    for offset in range(1000):
        check.see(0, offset, b"wrong")
    assert len(check.faults) == 5


@pytest.mark.parametrize(("percent", "expected"), [(0, 1), (50, 50), (99, 99), (99.5, 100), (100, 100)])
def test_percentiles(percent: float, expected: float) -> None:
    assert percentile(array("d", range(100, 0, -1)), percent) == expected


def test_a_percentile_of_one() -> None:
    assert percentile(array("d", [3.5]), 99) == 3.5
