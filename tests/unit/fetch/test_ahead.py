"""Read-ahead: how much, for whom, and when it ends."""

from __future__ import annotations

import asyncio

import pytest

from producing import Consumer, answered, turns
from unit.fetch.cold import COLD_REQUESTS_MAX, GET_MS, Restarted, restarted
from virtual import in_virtual_time


def now() -> float:
    return asyncio.get_running_loop().time()


async def pause(seconds: float) -> None:
    await asyncio.sleep(seconds)  # noqa: TID251 - virtual time


async def segment_bytes(broker: Restarted) -> int:
    (size, *_) = [found.size async for found in broker.built.store.list()]
    return size


@in_virtual_time
async def test_one_consumer_of_one_partition_keeps_the_store_as_busy_as_it_may() -> None:
    segments = 400
    async with restarted(segments) as broker:
        start = now()
        await broker.walk(Consumer(), 0, segments)
        at_best = segments / COLD_REQUESTS_MAX * GET_MS / 1000
        assert at_best / (now() - start) >= 0.8
        assert broker.store.under_way_max == COLD_REQUESTS_MAX
        assert set(broker.store.gets.values()) == {1}
        assert broker.store.count == segments


@in_virtual_time
async def test_a_window_of_as_many_bytes_as_requests_is_enough_for_that() -> None:
    segments = 400
    async with restarted(1) as measure:
        size = await segment_bytes(measure)
    async with restarted(segments, ahead_bytes_max=COLD_REQUESTS_MAX * size) as broker:
        start = now()
        await broker.walk(Consumer(), 0, segments)
        assert segments / COLD_REQUESTS_MAX * GET_MS / 1000 / (now() - start) >= 0.8


@in_virtual_time
async def test_without_read_ahead_it_would_be_an_eighth() -> None:
    segments = 100
    async with restarted(segments, ahead_bytes_max=0) as broker:
        start = now()
        await broker.walk(Consumer(), 0, segments)
        assert now() - start == pytest.approx(segments * GET_MS / 1000)
        assert broker.store.under_way_max == 1


@in_virtual_time
async def test_the_window_opens_when_a_fetch_goes_on_and_doubles() -> None:
    async with restarted(40) as broker:
        client, ahead = Consumer(), []
        for offset in range(5):
            await broker.fetch(offset, client)
            await pause(1)
            ahead.append(broker.store.count - offset - 1)
        assert ahead == [0, 1, 2, 4, 8]


@in_virtual_time
async def test_fetches_here_and_there_read_nothing_ahead() -> None:
    async with restarted(40) as broker:
        client, places = Consumer(), [0, 30, 10, 20, 5, 39]
        for offset in places:
            await broker.fetch(offset, client)
            await pause(1)
        assert broker.store.count == len(places)


@in_virtual_time
async def test_asking_again_for_the_same_is_no_walk() -> None:
    async with restarted(40) as broker:
        client = Consumer()
        for _ in range(5):
            await broker.fetch(0, client)
        assert broker.store.count == 1


@in_virtual_time
async def test_at_the_tail_nothing_is_read_ahead() -> None:
    async with restarted(20, age_s=1) as broker:
        await broker.walk(Consumer(), 0, 10)
        await pause(1)
        assert broker.store.count == 10


@in_virtual_time
async def test_read_ahead_ends_where_the_tail_begins() -> None:
    async with restarted(10) as broker:
        for _ in range(5):
            await answered([broker.built.produce()])
        await broker.walk(Consumer(), 0, 9)
        await pause(1)
        assert broker.store.count == 10


@pytest.mark.parametrize("how", ["seeks", "leaves"])
@in_virtual_time
async def test_what_is_on_its_way_is_cancelled_when_the_consumer(how: str) -> None:
    async with restarted(100) as broker:
        client = Consumer()
        await broker.walk(client, 0, 6)
        await pause(GET_MS / 3000)
        assert broker.store.under_way == COLD_REQUESTS_MAX
        before = broker.store.count
        if how == "leaves":
            client.leave()
            await turns(5)
            assert (broker.store.under_way, len(broker.reading.ahead)) == (0, 0)
        else:
            await broker.fetch(90, client)
        assert broker.store.cancelled >= COLD_REQUESTS_MAX
        await pause(10)
        assert broker.store.count == before + (how == "seeks")
        assert broker.reading.ahead.unread_bytes == 0
        assert broker.cache.cold_room.taken == 0


@in_virtual_time
async def test_one_who_leaves_does_not_take_along_what_another_waits_for() -> None:
    async with restarted(40) as broker:
        leaving, staying = Consumer(), Consumer()
        await broker.walk(leaving, 0, 4)
        await turns(5)
        waiting = asyncio.create_task(broker.fetch(5, staying))
        await turns(10)
        leaving.leave()
        assert await waiting > 0
        await broker.fetch(6, staying)
        assert max(broker.store.gets.values()) <= 2


@in_virtual_time
async def test_consumers_are_served_evenly() -> None:
    async with restarted(600) as broker:
        readers = [Consumer() for _ in range(3)]
        progress = [0, 0, 0]

        async def walk(number: int) -> None:
            for offset in range(200 * number, 200 * (number + 1)):
                await broker.fetch(offset, readers[number])
                progress[number] += 1

        tasks = [asyncio.create_task(walk(number)) for number in range(3)]
        await pause(1.0)
        at_best = 1000 / GET_MS * COLD_REQUESTS_MAX
        assert sum(progress) >= 0.8 * at_best
        assert max(progress) - min(progress) <= 0.2 * max(progress)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@in_virtual_time
async def test_all_that_lies_ahead_and_is_on_its_way_is_bounded() -> None:
    async with restarted(1) as measure:
        size = await segment_bytes(measure)
    limits = {"cache_bytes_max": 40 * size, "ahead_bytes_max": 10 * size, "loads_bytes_max": 6 * size}
    async with restarted(300, **limits) as broker:
        tasks = [asyncio.create_task(broker.walk(Consumer(), 50 * n, 50 * n + 50)) for n in range(5)]
        ahead_max = held_max = 0
        while not all(task.done() for task in tasks):
            await pause(GET_MS / 3000)
            ahead_max = max(ahead_max, broker.reading.ahead.unread_bytes)
            held_max = max(held_max, broker.cache.size + broker.cache.cold_room.taken)
        await asyncio.gather(*tasks)
        assert 10 * size <= ahead_max <= 15 * size
        assert broker.cache.cold_room.taken_max == 6 * size
        assert held_max <= 46 * size


@in_virtual_time
async def test_a_walk_through_old_data_leaves_the_tail_in_the_cache() -> None:
    async with restarted(1) as measure:
        size = await segment_bytes(measure)
    async with restarted(200, cache_bytes_max=40 * size) as broker:
        tail = {f"segments/0/{number}": bytes(size) for number in range(20)}
        for key, data in tail.items():
            broker.cache.put(key, data)
        await broker.walk(Consumer(), 0, 200)
        assert all(broker.cache.peek((key, size, 0, size)) for key in tail)


@in_virtual_time
async def test_one_who_sleeps_leaves_its_share_to_others() -> None:
    async with restarted(1) as measure:
        size = await segment_bytes(measure)
    async with restarted(200, cache_bytes_max=20 * size, ahead_bytes_max=7 * size) as broker:
        sleeping, awake = Consumer(), Consumer()
        await broker.walk(sleeping, 0, 10)
        await broker.walk(awake, 100, 110)
        assert broker.reading.ahead.unread_bytes == (7 + 3) * size
        await pause(31)
        await broker.walk(awake, 110, 120)
        assert broker.reading.ahead.unread_bytes == 7 * size
        await broker.fetch(10, sleeping)


@in_virtual_time
async def test_those_who_read_no_more_old_data_cost_nothing_to_those_who_do() -> None:
    """Each read of old data once looked at every connection that had ever read some."""
    async with restarted(100) as broker:
        ahead = broker.reading.ahead
        at_the_tail = [Consumer() for _ in range(20)]
        for client in at_the_tail:
            await broker.walk(client, 0, 3)
        assert len(ahead._open) == 20
        await pause(31)
        reader = Consumer()
        await broker.walk(reader, 50, 53)
        assert list(ahead._open) == [reader]
        await broker.walk(at_the_tail[7], 3, 5)
        assert list(ahead._open) == [reader, at_the_tail[7]]
        at_the_tail[7].leave()
        await broker.fetch(0, reader)
        assert (len(ahead), len(ahead._open)) == (20, 0)


@in_virtual_time
async def test_what_cannot_be_read_ahead_is_told_by_the_fetch_that_wants_it() -> None:
    async with restarted(20) as broker:
        client = Consumer()
        await broker.walk(client, 0, 2)
        broker.built.store.fail_next("get", 3)
        await pause(1)
        await broker.fetch(2, client)
        await pause(1)
        await broker.walk(client, 3, 20)
