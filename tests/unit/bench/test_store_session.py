"""A whole bench in virtual time: what it says, what it is bounded by, and that nothing is left."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from skylog.bench.store.removal import Removal
from skylog.bench.store.session import Outcome
from skylog.errors import InvalidRequest, Unavailable
from unit.bench.stores import KIB, Place, small_plan
from virtual import in_virtual_time


def by_cell(outcome: Outcome) -> dict[str, object]:
    return {str(each.cell): each for each in outcome.cells}


@in_virtual_time
async def test_latency_and_throughput_are_the_stores() -> None:
    place = Place()
    outcome = await place.measure(small_plan())
    [put] = [each for each in outcome.cells if str(each.cell) == "PUT 4 KiB × 4"]
    assert put.percentile_ms(0.5) == pytest.approx(20, rel=0.05)
    assert put.requests_per_second == pytest.approx(200, rel=0.1)
    assert put.bytes_per_second == pytest.approx(200 * 4 * KIB, rel=0.1)
    [get] = [each for each in outcome.cells if str(each.cell) == "RANGE 4 KiB × 1"]
    assert get.percentile_ms(0.5) == pytest.approx(10, rel=0.05)
    assert {each.cell.kind for each in outcome.cells} == {"put", "get", "range", "list", "delete"}
    assert outcome.left_out == []
    assert outcome.failed == 0


@in_virtual_time
async def test_time_and_traffic_are_bounded() -> None:
    place = Place()
    outcome = await place.measure(small_plan(seconds=4.0, bytes_max=1024 * KIB))
    assert outcome.seconds < 4.5
    assert sum(each.moved_bytes for each in outcome.cells) <= 1024 * KIB
    unbounded = await place.measure(small_plan(seconds=4.0))
    assert sum(each.moved_bytes for each in unbounded.cells) > 1024 * KIB


@in_virtual_time
async def test_nothing_is_left_and_other_objects_are_left_alone() -> None:
    place = Place()
    await place.inner.put("bench/mine", b"precious")
    outcome = await place.measure(small_plan())
    assert await place.objects() == ["bench/mine"]
    assert outcome.leftover == ""
    assert place.seen[-1] is None


@in_virtual_time
async def test_money_is_that_of_all_requests() -> None:
    place = Place()
    outcome = await place.measure(small_plan())
    counts = Counter({each.cell.kind: 0 for each in outcome.cells})
    for each in outcome.cells:
        counts[each.cell.kind] += each.requests
    usage = place.metered.usage
    assert usage.puts == counts["put"] + 1  # the one that opens connections
    assert usage.gets == counts["get"] + counts["range"] + 4


@in_virtual_time
async def test_stopping_ends_it_soon_keeps_what_was_measured_and_leaves_nothing() -> None:
    place = Place()
    task = asyncio.create_task(place.measure(small_plan(seconds=1000.0)))
    await place.clock.sleep(10)
    place.stop.set()
    start = place.clock.monotonic()
    outcome = await task
    assert place.clock.monotonic() - start < 1
    assert outcome.stopped
    assert outcome.cells[0].requests > 100
    assert {reason for _, reason in outcome.left_out} == {"stopped"}
    assert await place.objects() == []


@in_virtual_time
async def test_stopping_does_not_wait_for_a_store_that_hangs() -> None:
    place = Place()
    task = asyncio.create_task(place.measure(small_plan(seconds=1000.0)))
    await place.clock.sleep(1)
    place.delayed.put_latency = type(place.delayed.put_latency)(1e9)
    await place.clock.sleep(1)
    place.stop.set()
    start = place.clock.monotonic()
    await task
    assert place.clock.monotonic() - start < 6
    assert await place.objects() == []


@in_virtual_time
async def test_errors_are_counted_and_named_and_the_rest_is_measured() -> None:
    place = Place()
    task = asyncio.create_task(place.measure(small_plan()))
    await place.clock.sleep(0.1)
    place.delayed.fail_next("put", 3, error=Unavailable("slow down"))
    outcome = await task
    [first] = [each for each in outcome.cells if each.failed]
    assert first.errors == {"Unavailable": 3}
    assert first.first_error == "Unavailable: slow down"
    assert first.requests > 10
    assert first.latencies.count == first.requests


@in_virtual_time
async def test_a_request_without_answer_ends() -> None:
    place = Place()
    task = asyncio.create_task(place.measure(small_plan()))
    await place.clock.sleep(0.1)
    place.delayed.get_latency = type(place.delayed.get_latency)(1e9)
    outcome = await task
    [get] = [each for each in outcome.cells if str(each.cell) == "GET 4 KiB × 1"]
    assert "no answer within 30 s" in get.first_error
    assert await place.objects() == []


@in_virtual_time
async def test_a_kind_of_request_that_always_fails_is_given_up() -> None:
    place = Place()
    task = asyncio.create_task(place.measure(small_plan()))
    await place.clock.sleep(0.1)
    place.delayed.fail_next("get", 1_000_000, error=Unavailable("no"))
    outcome = await task
    gets = [each for each in outcome.cells if each.cell.kind in {"get", "range"}]
    assert all(20 <= each.failed <= 23 for each in gets)
    assert any(each.requests for each in outcome.cells if each.cell.kind == "delete")


@in_virtual_time
async def test_a_store_that_cannot_be_used_says_so() -> None:
    place = Place()
    place.delayed.fail_next("put", 1, error=InvalidRequest("not allowed"), applied=True)
    with pytest.raises(InvalidRequest, match="not allowed"):
        await place.measure(small_plan())
    assert await place.objects() == []


@in_virtual_time
async def test_removal_tries_again_until_nothing_is_listed() -> None:
    place = Place()
    for number in range(2500):
        await place.inner.put(f"bench/x/{number}", b"")
    place.delayed.fail_next("delete", 3, error=Unavailable("no"))
    place.delayed.fail_next("list", 2, error=Unavailable("no"))
    keys = [f"bench/x/{number}" for number in range(2000)]
    assert await Removal(place.metered, "bench/x/", place.clock).run(keys) == ""
    assert await place.objects() == []


@in_virtual_time
async def test_what_cannot_be_removed_is_named_within_a_bound() -> None:
    place = Place()
    await place.inner.put("bench/x/1", b"")
    place.delayed.fail_next("delete", 1_000_000, error=Unavailable("locked"))
    start = place.clock.monotonic()
    left = await Removal(place.metered, "bench/x/", place.clock).run(["bench/x/1"], 10)
    assert place.clock.monotonic() - start < 11
    assert "objects below bench/x/ in memory: could not all be removed: locked" in left


@in_virtual_time
async def test_a_late_put_is_found_by_the_listing() -> None:
    place = Place()
    await place.inner.put("bench/x/late", b"")
    assert await Removal(place.metered, "bench/x/", place.clock).run([]) == ""
    assert await place.objects() == []
