from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylog.errors import NotFound, Unavailable
from skylog.storage.blocks import Reader, Window
from skylog.storage.cache import BlockCache, CacheLimits
from skylog.storage.cache import Loader as AnyLoader
from unit.storage.loading import BLOCK, Loader, Noting, content, turn, window

COLD = Reader("somebody", is_cold=True)


def cache_of(bytes_max: int, *keys: str, loader: AnyLoader | None = None, loads: int = 1000) -> BlockCache:
    cache = BlockCache(loader or Noting(), CacheLimits(bytes_max, bytes_max // 2, BLOCK, loads))
    for key in keys:
        cache.put(key, bytes(10))
    return cache


def held(cache: BlockCache, keys: str) -> str:
    """Return which objects are at hand."""
    return "".join(key for key in keys if cache.holds(window(key)))


async def test_a_miss_loads_and_a_hit_does_not() -> None:
    cache = cache_of(100)
    assert await cache.get(window("a")) == (content(window("a")), 0, True)
    assert await cache.get(window("a")) == (content(window("a")), 0, True)
    assert (cache.stats.hits, cache.stats.misses, cache.stats.loads) == (1, 1, 1)
    assert (len(cache), cache.size, cache.stats.loaded_bytes) == (1, 10, 10)


async def test_callers_at_once_share_one_load() -> None:
    loader = Loader()
    cache = cache_of(100, loader=loader)
    callers = [asyncio.create_task(cache.get(window("a"))) for _ in range(5)]
    await loader.asked_for(1)
    loader.answer("a")
    assert await asyncio.gather(*callers) == [(content(window("a")), 0, True)] * 5
    assert loader.keys == ["a"]
    assert (cache.stats.misses, cache.stats.loads) == (5, 1)


async def test_a_failure_reaches_all_and_is_not_remembered() -> None:
    loader = Loader()
    cache = cache_of(100, loader=loader)
    callers = [asyncio.create_task(cache.get(window("a"))) for _ in range(3)]
    await loader.asked_for(1)
    loader.waiting["a", 0].set_exception(NotFound("gone"))
    answers = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(answer) for answer in answers] == [NotFound] * 3
    again = asyncio.create_task(cache.get(window("a")))
    await loader.asked_for(2)
    loader.waiting["a", 0].set_result(b"back")
    assert (await again)[0] == b"back"


async def test_a_cancelled_caller_leaves_the_load_to_the_others() -> None:
    loader = Loader()
    cache = cache_of(100, loader=loader)
    first, second = (asyncio.create_task(cache.get(window("a"))) for _ in range(2))
    await loader.asked_for(1)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    loader.answer("a")
    assert (await second)[0] == content(window("a"))


async def test_a_load_that_nobody_waits_for_any_more_still_fills_the_cache() -> None:
    loader = Loader()
    cache = cache_of(100, loader=loader)
    only = asyncio.create_task(cache.get(window("a")))
    await loader.asked_for(1)
    only.cancel()
    await asyncio.gather(only, return_exceptions=True)
    loader.answer("a")
    assert (await cache.get(window("a")))[0] == content(window("a"))
    assert cache.peek(window("a")) is not None
    assert loader.keys == ["a"]


async def test_what_was_read_ahead_and_nobody_wants_is_cancelled_and_can_be_loaded_again() -> None:
    loader = Loader()
    cache = cache_of(100, loader=loader)
    ahead = asyncio.create_task(cache.get(window("a"), Reader("x", is_cold=True, is_ahead=True)))
    await loader.asked_for(1)
    ahead.cancel()
    await asyncio.gather(ahead, return_exceptions=True)
    again = asyncio.create_task(cache.get(window("a"), COLD))
    await loader.asked_for(2)
    assert loader.cancelled == ["a"]
    loader.waiting["a", 0].set_result(b"data")
    assert (await again)[0] == b"data"
    assert cache.cold_room.taken == 0


async def test_what_was_read_ahead_goes_on_for_those_who_want_it_by_now() -> None:
    loader = Loader()
    cache = cache_of(100, loader=loader)
    ahead = asyncio.create_task(cache.get(window("a"), Reader("x", is_cold=True, is_ahead=True)))
    await loader.asked_for(1)
    wanted = asyncio.create_task(cache.get(window("a"), COLD))
    await turn()
    ahead.cancel()
    await turn(3)
    loader.answer("a")
    assert (await wanted)[0] == content(window("a"))
    assert (loader.keys, loader.cancelled) == (["a"], [])


async def test_bytes_on_their_way_are_bounded() -> None:
    loader = Loader()
    cache = cache_of(100, loader=loader, loads=20)
    callers = [asyncio.create_task(cache.get(window(key))) for key in "abcd"]
    await loader.asked_for(2)
    await turn(10)
    assert loader.keys == ["a", "b"]
    loader.answer("a")
    await loader.asked_for(3)
    assert loader.keys == ["a", "b", "c"]
    for key in "bc":
        loader.answer(key)
    await loader.asked_for(4)
    loader.answer("d")
    await asyncio.gather(*callers)
    assert (cache.tail_room.taken_max, cache.tail_room.taken) == (20, 0)


async def test_loads_behind_the_tail_do_not_take_its_room() -> None:
    loader = Loader()
    cache = cache_of(100, loader=loader, loads=20)
    cold = [asyncio.create_task(cache.get(window(key), COLD)) for key in "abcd"]
    tail = asyncio.create_task(cache.get(window("t")))
    await loader.asked_for(3)
    assert loader.keys == ["a", "b", "t"]
    loader.answer("t")
    await tail
    await cache.close()
    assert {type(answer) for answer in await asyncio.gather(*cold, return_exceptions=True)} == {Unavailable}


def test_at_the_tail_the_oldest_gives_way() -> None:
    cache = cache_of(30, "a", "b", "c")
    assert cache.peek(window("a")) is not None
    cache.put("d", bytes(10))
    assert held(cache, "abcd") == "bcd"
    assert (cache.stats.evictions, cache.stats.evicted_bytes, cache.size) == (1, 10, 30)


async def test_behind_the_tail_the_least_recently_used_gives_way() -> None:
    cache = cache_of(30)
    for key in "abcad":
        await cache.get(window(key), COLD)
    assert held(cache, "abcd") == "acd"


def test_one_large_segment_may_push_out_several() -> None:
    cache = cache_of(30, "a", "b", "c")
    cache.put("d", bytes(25))
    assert held(cache, "abcd") == "d"
    assert cache.stats.evictions == 3


def test_putting_again_counts_once() -> None:
    cache = cache_of(30, "a", "a", "a", "a")
    assert (len(cache), cache.size, cache.stats.evictions) == (1, 10, 0)


async def test_a_segment_larger_than_the_budget_is_passed_on_and_evicts_nothing() -> None:
    cache = cache_of(15, "a")
    cache.put("b", bytes(16))
    assert (await cache.get(window("c", 20)))[0] == content(window("c", 20))
    assert held(cache, "abc") == "a"


async def test_a_budget_of_nothing_caches_nothing() -> None:
    cache = cache_of(0)
    assert (await cache.get(window("a")))[0] == content(window("a"))
    assert (len(cache), cache.size) == (0, 0)


def test_peeking_at_nothing_neither_waits_nor_counts() -> None:
    cache = cache_of(30)
    assert cache.peek(window("a")) is None
    assert (cache.stats.hits, cache.stats.misses, cache.stats.loads) == (0, 0, 0)


async def test_what_is_put_while_it_is_loaded_counts_once() -> None:
    loader = Loader()
    cache = cache_of(100, loader=loader)
    caller = asyncio.create_task(cache.get(window("a")))
    await loader.asked_for(1)
    cache.put("a", content(window("a")))
    assert (await cache.get(window("a")))[0] == content(window("a"))
    loader.answer("a")
    assert (await caller)[0] == content(window("a"))
    assert (len(cache), cache.size) == (1, 10)


async def test_closing_ends_waiting_callers() -> None:
    loader = Loader()
    cache = cache_of(100, "b", loader=loader)
    caller = asyncio.create_task(cache.get(window("a")))
    await loader.asked_for(1)
    await cache.close()
    with pytest.raises(Unavailable, match="closed"):
        await caller
    assert (len(cache), cache.size) == (0, 0)


def test_what_was_written_is_held_as_it_is() -> None:
    cache = cache_of(10_000)
    small, large = bytes(BLOCK), bytes(3 * BLOCK)
    cache.put("small", small)
    cache.put("large", large)
    for key, data in (("small", small), ("large", large)):
        part = cache.peek(Window(key, len(data), len(data) - 10, 10))
        assert part is not None
        assert part[0] is data


async def test_of_a_large_object_only_the_blocks_that_are_wanted_are_read() -> None:
    loader = Noting(is_verified=False)
    cache = cache_of(10_000, loader=loader)
    size = 10 * BLOCK + 30
    data, position, is_verified = await cache.get(Window("a", size, 250, 200))
    assert (position, is_verified) == (200, False)
    assert data == content(Window("a", size, 200, 300))
    await cache.get(Window("a", size, 10 * BLOCK, 30))
    await cache.get(Window("a", size, 0, size))
    assert loader.asked == [("a", 200, 300), ("a", 1000, 30), ("a", 0, 200), ("a", 500, 500)]
    assert cache.size == size


async def test_readers_of_overlapping_windows_share_the_blocks_on_their_way() -> None:
    loader = Loader()
    cache = cache_of(10_000, loader=loader)
    first = asyncio.create_task(cache.get(Window("a", 1000, 0, 250)))
    await loader.asked_for(1)
    second = asyncio.create_task(cache.get(Window("a", 1000, 210, 300)))
    await loader.asked_for(2)
    assert [(asked.position, asked.size) for asked in loader.asked] == [(0, 300), (300, 300)]
    loader.answer("a", 300)
    loader.answer("a", 0)
    assert await first == (content(Window("a", 1000, 0, 300)), 0, True)
    assert await second == (content(Window("a", 1000, 200, 400)), 200, True)


async def test_what_is_dropped_is_loaded_again() -> None:
    loader = Noting()
    cache = cache_of(10_000, loader=loader)
    wanted = Window("a", 1000, 150, 100)
    await cache.get(wanted)
    await cache.get(Window("a", 1000, 500, 10))
    cache.drop(wanted)
    assert (cache.stats.dropped, cache.size) == (2, 100)
    await cache.get(wanted)
    assert loader.asked == [("a", 100, 200), ("a", 500, 100), ("a", 100, 200)]


@given(
    windows=st.lists(
        st.tuples(
            st.sampled_from(["a", "bb", "ccc"]), st.integers(0, 999), st.integers(1, 1000), st.booleans()
        ),
        max_size=30,
    ),
    budget=st.sampled_from([0, 150, 400, 5000]),
)
def test_whatever_is_asked_for_comes_whole_and_within_the_budget(
    windows: list[tuple[str, int, int, bool]], budget: int
) -> None:
    async def ask() -> None:
        cache = cache_of(budget)
        for key, position, size, is_cold in windows:
            wanted = Window(key, 1000, position, min(size, 1000 - position))
            data, start, _ = await cache.get(wanted, Reader("x", is_cold))
            place = position - start
            assert bytes(data[place : place + wanted.size]) == content(wanted)
            assert cache.size <= budget

    asyncio.run(ask())
