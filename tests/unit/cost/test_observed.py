from __future__ import annotations

from typing import Any

import pytest

from skylog.clock import SystemClock
from skylog.cost.observed import Observation
from skylog.cost.workload import Workload
from skylog.errors import InvalidRequest
from skylog.storage.memory import MemoryStore
from skylog.storage.metered import Metered

REPORT: dict[str, Any] = {
    "seconds": 100,
    "puts": 400,
    "put_bytes": 1_000_000,
    "gets": 50,
    "get_bytes": 200_000,
    "lists": 16,
    "deletes": 2,
    "failures": 3,
    "latencies_ms": {},
}
MONTH_S = 2_628_000


def test_a_month_is_as_the_time_that_was_seen() -> None:
    seen = Observation.from_report(REPORT, "report.json")
    usage = seen.usage(seen.workload(Workload(0, brokers=1, retention_s=60)))
    assert usage.puts == 400 / 100 * MONTH_S
    assert usage.gets == 50 / 100 * MONTH_S
    assert usage.lists == 16 / 100 * MONTH_S
    assert usage.deletes == 2 / 100 * MONTH_S
    assert (usage.put_bytes, usage.get_bytes) == (10_000 * MONTH_S, 2_000 * MONTH_S)
    assert usage.stored_bytes == 10_000 * 60
    assert usage.cross_zone_bytes == 0


def test_other_brokers_are_like_this_one() -> None:
    seen = Observation.from_report(REPORT, "report.json")
    workload = seen.workload(Workload(0, brokers=3, compression=4, fan_out=2))
    assert workload.stored_bytes_per_second == 30_000
    assert workload.fan_out == 2
    assert seen.usage(workload).puts == 3 * 4 * MONTH_S


async def test_a_real_meters_report_is_understood() -> None:
    clock = SystemClock()
    metered = Metered(MemoryStore(clock), clock)
    await metered.put("segments/0/a", b"12345")
    await metered.get("segments/0/a")
    seen = Observation.from_report({**metered.report(), "seconds": 2.0}, "report.json")
    assert (seen.puts, seen.put_bytes, seen.gets, seen.get_bytes) == (1, 5, 1, 5)
    assert "seconds" in metered.report()


@pytest.mark.parametrize("name", ["seconds", "puts", "put_bytes", "gets", "get_bytes", "lists", "deletes"])
@pytest.mark.parametrize("value", [None, "1", -1, True, float("nan"), float("inf")])
def test_what_is_no_count_is_named(name: str, value: object) -> None:
    with pytest.raises(InvalidRequest, match=rf"^report\.json: {name}: expected a number, 0 or more, found "):
        Observation.from_report({**REPORT, name: value}, "report.json")


def test_what_is_no_report_at_all() -> None:
    with pytest.raises(InvalidRequest, match=r"report\.json: expected the report of a broker, found \[\]"):
        Observation.from_report([], "report.json")


def test_a_report_from_before_anything_happened() -> None:
    with pytest.raises(InvalidRequest, match=r"report\.json: seconds: nothing was observed yet"):
        Observation.from_report({**REPORT, "seconds": 0.0}, "report.json")
