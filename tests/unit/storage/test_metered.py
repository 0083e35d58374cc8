from __future__ import annotations

import asyncio
import json
from datetime import date

import pytest

from scripted import Scripted, Step
from skylog.clock import SystemClock
from skylog.errors import InvalidRequest, NotFound, Throttled, Unavailable
from skylog.storage.memory import MemoryStore
from skylog.storage.metered import Metered, StoreUsage
from skylog.storage.prices import PriceSheet
from virtual import VirtualClock, in_virtual_time


@pytest.fixture
def store() -> Metered:
    return Metered(MemoryStore(SystemClock()), SystemClock())


async def test_requests_and_bytes_are_counted_by_kind(store: Metered) -> None:
    await store.put("a", b"12345")
    await store.put("b", memoryview(b"1234567")[2:])
    await store.get("a")
    await store.get_range("b", 1, 3)
    await store.delete(["a", "zz"])
    assert [found.key async for found in store.list()] == ["b"]
    assert store.usage == StoreUsage(
        puts=2, put_bytes=10, gets=2, get_bytes=8, deletes=1, deleted_objects=2, lists=1, listed_objects=1
    )


async def test_a_request_that_fails_counts_but_moved_no_bytes(store: Metered) -> None:
    with pytest.raises(NotFound):
        await store.get("a")
    with pytest.raises(InvalidRequest):
        await store.put("..", b"12345")
    assert store.usage == StoreUsage(puts=1, gets=1, failures=2)


@pytest.mark.parametrize(("objects", "lists"), [(0, 1), (1, 1), (1000, 1), (1001, 2), (2500, 3)])
async def test_each_thousand_listed_is_a_request(store: Metered, objects: int, lists: int) -> None:
    for number in range(objects):
        await store.inner.put(f"k{number}", b"")
    assert len([found async for found in store.list()]) == objects
    assert (store.usage.lists, store.usage.listed_objects) == (lists, objects)


async def test_each_thousand_deleted_is_a_request(store: Metered) -> None:
    await store.delete([f"k{number}" for number in range(2001)])
    assert (store.usage.deletes, store.usage.deleted_objects) == (3, 2001)


@in_virtual_time
async def test_latencies_are_those_of_requests_that_succeeded() -> None:
    inner = Scripted(*[Step(0.1)] * 99, Step(2.0), Step(60.0, error=Unavailable("never")))
    store = Metered(inner, VirtualClock())
    for _ in range(100):
        await store.put("a", b"x")
    with pytest.raises(Unavailable):
        await store.put("a", b"x")
    assert store.latencies["put"].count == 100
    assert store.latencies["put"].quantile(0.99) == pytest.approx(100, rel=0.05)
    assert store.latencies["put"].quantile(1.0) == pytest.approx(2000)
    assert store.latencies["get"].count == 0


@in_virtual_time
async def test_a_listings_latency_is_that_of_its_first_object() -> None:
    inner = Scripted(Step(), Step(), Step(0.1), Step(5.0))
    store = Metered(inner, VirtualClock())
    await store.put("a", b"")
    await store.put("b", b"")
    assert [found.key async for found in store.list()] == ["a", "b"]
    assert (store.latencies["list"].count, store.latencies["list"].max_ms) == (1, pytest.approx(100))


@in_virtual_time
async def test_failures_are_told_apart_by_kind_and_error() -> None:
    inner = Scripted(Step(error=Unavailable("x")), Step(error=Throttled("y")), Step(error=Throttled("y")))
    store = Metered(inner, VirtualClock())
    for request in (store.put("a", b""), store.get("a"), store.get("a"), store.get("a")):
        with pytest.raises((Unavailable, NotFound)):
            await request
    assert store.failures == {("put", "Unavailable"): 1, ("get", "Throttled"): 2, ("get", "NotFound"): 1}
    assert store.usage.failures == 4


@in_virtual_time
async def test_a_cancelled_request_is_no_failure_and_still_counts() -> None:
    store = Metered(Scripted(usual=Step(10.0)), VirtualClock())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await store.get("a")
    assert store.usage == StoreUsage(gets=1, cancelled=1)


@in_virtual_time
async def test_money_is_requests_and_bytes_by_the_sheet() -> None:
    store = Metered(Scripted(), VirtualClock())
    sheet = PriceSheet(
        name="x",
        region="y",
        as_of=date(2025, 1, 1),
        put_per_1000=5.0,
        get_per_1000=0.4,
        list_per_1000=7.0,
        delete_per_1000=1.0,
        storage_per_gb_month=0.0,
        upload_per_gb=1024.0**3,
    )
    assert store.money(sheet) == 0.0
    for _ in range(10):
        await store.put("a", b"12345")
        await store.get("a")
    await store.delete(["a"])
    assert [found async for found in store.list()] == []
    assert store.money(sheet) == pytest.approx((10 * 5 + 10 * 0.4 + 7 + 1) / 1000 + 50)


@in_virtual_time
async def test_the_report_is_json_and_tells_the_usage_again() -> None:
    store = Metered(Scripted(Step(0.25)), VirtualClock())
    await store.put("a", b"12345")
    with pytest.raises(NotFound):
        await store.get("b")
    report = json.loads(json.dumps(store.report()))
    assert StoreUsage.from_report(report) == store.usage
    assert report["seconds"] == pytest.approx(0.25)
    assert report["failures_by_kind"] == {"get": {"NotFound": 1}}
    assert report["latencies_ms"]["put"]["p99"] == pytest.approx(250)
