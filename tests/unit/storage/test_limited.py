from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from scripted import Scripted, Step
from skylog.errors import Unavailable
from skylog.storage import limited
from skylog.storage.limited import Lane, Lanes, Turns
from virtual import VirtualClock, in_virtual_time


def lanes(inner: Scripted, places: int = 2, request_ms_max: int = 30_000) -> Lanes:
    return Lanes(
        inner,
        VirtualClock(),
        produce=places,
        tail=places,
        cold=places,
        background=places,
        request_ms_max=request_ms_max,
    )


def now() -> float:
    return asyncio.get_running_loop().time()


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)  # noqa: TID251


def assert_empty(*found: Lane) -> None:
    assert [(lane.turns.taken, lane.turns.waiting, len(lane.turns._queues)) for lane in found] == [
        (0, 0, 0) for _ in found
    ]


@in_virtual_time
async def test_a_lane_has_so_many_requests_at_once() -> None:
    inner = Scripted(usual=Step(1.0))
    lane = lanes(inner, places=3).tail
    await lane.put("a", b"abc")
    start = now()
    await asyncio.gather(*(lane.get("a") for _ in range(12)))
    assert now() - start == pytest.approx(4.0)
    assert inner.most_under_way == 3
    assert_empty(lane)


@in_virtual_time
async def test_a_produced_segment_never_waits_for_reads() -> None:
    inner = Scripted()
    made = lanes(inner)
    await made.produce.put("a", b"abc")
    inner.usual = Step(10.0)
    reads = [
        asyncio.create_task(lane.get("a"))
        for lane in (made.tail, made.cold, made.background)
        for _ in range(10)
    ]
    await turns()
    inner.usual = Step(0.1)
    start = now()
    await made.produce.put("b", b"abc")
    assert now() - start == pytest.approx(0.1)
    await asyncio.gather(*reads)
    assert_empty(made.produce, made.tail, made.cold, made.background)


@in_virtual_time
async def test_readers_far_back_take_turns_however_many_requests_each_has() -> None:
    inner = Scripted(usual=Step(1.0))
    made = lanes(inner, places=1)
    await made.produce.put("a", b"x")
    inner.calls.clear()
    ended: list[str] = []

    async def read(stream: str) -> None:
        await made.cold_for(stream).get("a")
        ended.append(stream)

    await asyncio.gather(*(read("greedy") for _ in range(20)), *(read(name) for name in ("b", "c", "b")))
    assert ended[:6] == ["greedy", "greedy", "b", "c", "greedy", "b"]
    assert ended[6:] == ["greedy"] * 17
    assert_empty(made.cold)


@in_virtual_time
async def test_a_single_reader_gets_all_places() -> None:
    inner = Scripted(usual=Step(1.0))
    made = lanes(inner, places=4)
    await made.produce.put("a", b"x")
    await asyncio.gather(*(made.cold_for("only").get("a") for _ in range(8)))
    assert inner.most_under_way == 4


@in_virtual_time
async def test_waiting_counts_toward_the_deadline() -> None:
    inner = Scripted(usual=Step(7.0))
    lane = lanes(inner, places=1, request_ms_max=10_000).tail
    await lane.inner.put("a", b"x")
    start = now()
    first, second = await asyncio.gather(lane.get("a"), lane.get("a"), return_exceptions=True)
    assert first == b"x"
    assert isinstance(second, Unavailable)
    assert "tail" in str(second)
    assert now() - start == pytest.approx(10.0)
    assert inner.under_way == 0
    assert_empty(lane)


@in_virtual_time
async def test_a_lane_that_is_full_of_waiting_requests_takes_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited, "WAITING_MAX", 3)
    inner = Scripted(usual=Step(1.0))
    lane = lanes(inner, places=1).background
    found = await asyncio.gather(*(lane.delete(["a"]) for _ in range(6)), return_exceptions=True)
    assert [isinstance(one, Unavailable) for one in found] == [False] * 4 + [True] * 2
    assert_empty(lane)


@in_virtual_time
async def test_a_listing_takes_a_place_for_each_page_and_none_between_them() -> None:
    inner = Scripted()
    lane = lanes(inner, places=1).background
    for number in range(1001):
        await inner.inner.put(f"k{number:04}", b"")
    listing = lane.list("k")
    first = await anext(listing)
    assert first.key == "k0000"
    await asyncio.wait_for(lane.put("other", b""), 1)
    assert len([found async for found in listing]) == 1000
    assert_empty(lane)


@in_virtual_time
async def test_a_failure_gives_its_place_back() -> None:
    inner = Scripted(usual=Step(1.0, Unavailable("x")))
    lane = lanes(inner, places=1).produce
    found = await asyncio.gather(*(lane.put("a", b"") for _ in range(3)), return_exceptions=True)
    assert all(isinstance(one, Unavailable) for one in found)
    assert_empty(lane)


@pytest.mark.parametrize("victim", range(5))
@pytest.mark.parametrize("after_s", [0.0, 0.5, 1.0, 1.5, 2.0])
@in_virtual_time
async def test_cancelled_anywhere_a_place_is_never_lost(victim: int, after_s: float) -> None:
    inner = Scripted(usual=Step(1.0))
    lane = lanes(inner, places=2).tail
    callers = [asyncio.create_task(lane.put(f"k{number}", b"")) for number in range(5)]
    await turns()
    await asyncio.sleep(after_s)  # noqa: TID251 - virtual time
    callers[victim].cancel()
    for caller in callers:
        with suppress(asyncio.CancelledError):
            await caller
    assert sum(caller.cancelled() for caller in callers) <= 1
    assert_empty(lane)


@in_virtual_time
async def test_a_place_given_in_the_turn_of_the_cancellation_goes_to_the_next() -> None:
    places = Turns(1)
    assert places.try_take()
    first = asyncio.create_task(places.take("a"))
    second = asyncio.create_task(places.take("b"))
    await turns()
    places.give()
    first.cancel()
    await second
    assert first.cancelled()
    assert (places.taken, places.waiting) == (1, 0)
    places.give()
    assert places.taken == 0


@in_virtual_time
async def test_nobody_overtakes_those_who_wait() -> None:
    places = Turns(1)
    assert places.try_take()
    waiting = asyncio.create_task(places.take("a"))
    await turns()
    places.give()
    assert not places.try_take()
    await waiting
    assert repr(places) == "Turns(1 of 1 taken, 0 waiting)"


@in_virtual_time
async def test_the_report_says_how_full_the_lanes_are() -> None:
    inner = Scripted(usual=Step(1.0))
    made = lanes(inner, places=2)
    puts = [asyncio.create_task(made.produce.put("a", b"")) for _ in range(5)]
    await turns()
    assert made.report()["produce"] == {"places": 2, "taken": 2, "waiting": 3}
    assert made.report()["cold"] == {"places": 2, "taken": 0, "waiting": 0}
    await asyncio.gather(*puts)
