from __future__ import annotations

import asyncio

import pytest

from skylog.errors import NotFound, Unavailable
from skylog.storage.cache import SegmentCache


class Loader:
    """Answers when told to, and writes down what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.waiting: dict[str, asyncio.Future[bytes]] = {}

    async def __call__(self, key: str) -> bytes:
        self.asked.append(key)
        answer = self.waiting[key] = asyncio.get_running_loop().create_future()
        return await answer

    async def asked_for(self, count: int) -> None:
        """Let the loop turn until `count` loads were started."""
        for _ in range(100):
            if len(self.asked) >= count:
                return
            await turn()
        raise AssertionError(f"expected {count} loads, found {self.asked}")


async def turn() -> None:
    await asyncio.sleep(0)  # noqa: TID251


async def load_at_once(key: str) -> bytes:
    return key.encode() * 10


def cache_of(bytes_max: int, *keys: str) -> SegmentCache:
    cache = SegmentCache(load_at_once, bytes_max, 4)
    for key in keys:
        cache.put(key, bytes(10))
    return cache


async def test_a_miss_loads_and_a_hit_does_not() -> None:
    cache = SegmentCache(load_at_once, 100, 4)
    assert await cache.get("a") == b"a" * 10
    assert await cache.get("a") == b"a" * 10
    assert (cache.stats.hits, cache.stats.misses, cache.stats.loads) == (1, 1, 1)
    assert (len(cache), cache.size) == (1, 10)


async def test_callers_at_once_share_one_load() -> None:
    loader = Loader()
    cache = SegmentCache(loader, 100, 4)
    callers = [asyncio.create_task(cache.get("a")) for _ in range(5)]
    await loader.asked_for(1)
    loader.waiting["a"].set_result(b"data")
    assert await asyncio.gather(*callers) == [b"data"] * 5
    assert loader.asked == ["a"]
    assert (cache.stats.misses, cache.stats.loads) == (5, 1)


async def test_a_failure_reaches_all_and_is_not_remembered() -> None:
    loader = Loader()
    cache = SegmentCache(loader, 100, 4)
    callers = [asyncio.create_task(cache.get("a")) for _ in range(3)]
    await loader.asked_for(1)
    loader.waiting["a"].set_exception(NotFound("gone"))
    answers = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(answer) for answer in answers] == [NotFound] * 3
    again = asyncio.create_task(cache.get("a"))
    await loader.asked_for(2)
    loader.waiting["a"].set_result(b"back")
    assert await again == b"back"


async def test_a_cancelled_caller_leaves_the_load_to_the_others() -> None:
    loader = Loader()
    cache = SegmentCache(loader, 100, 4)
    first, second = asyncio.create_task(cache.get("a")), asyncio.create_task(cache.get("a"))
    await loader.asked_for(1)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    loader.waiting["a"].set_result(b"data")
    assert await second == b"data"


async def test_a_load_that_nobody_waits_for_any_more_still_fills_the_cache() -> None:
    loader = Loader()
    cache = SegmentCache(loader, 100, 4)
    only = asyncio.create_task(cache.get("a"))
    await loader.asked_for(1)
    only.cancel()
    await asyncio.gather(only, return_exceptions=True)
    loader.waiting["a"].set_result(b"data")
    assert await cache.get("a") == b"data"
    assert cache.peek("a") == b"data"
    assert loader.asked == ["a"]


async def test_loads_are_bounded() -> None:
    loader = Loader()
    cache = SegmentCache(loader, 100, 2)
    callers = [asyncio.create_task(cache.get(key)) for key in "abcd"]
    await loader.asked_for(2)
    for _ in range(10):
        await turn()
    assert loader.asked == ["a", "b"]
    loader.waiting["a"].set_result(b"")
    await loader.asked_for(3)
    assert loader.asked == ["a", "b", "c"]
    for key in "bc":
        loader.waiting[key].set_result(b"")
    await loader.asked_for(4)
    loader.waiting["d"].set_result(b"")
    await asyncio.gather(*callers)


def test_the_least_recently_used_gives_way() -> None:
    cache = cache_of(30, "a", "b", "c")
    assert cache.peek("a") is not None
    cache.put("d", bytes(10))
    assert [cache.peek(key) is not None for key in "abcd"] == [True, False, True, True]
    assert (cache.stats.evictions, cache.size) == (1, 30)


def test_one_large_segment_may_push_out_several() -> None:
    cache = cache_of(30, "a", "b", "c")
    cache.put("d", bytes(25))
    assert [cache.peek(key) is not None for key in "abcd"] == [False, False, False, True]
    assert cache.stats.evictions == 3


def test_putting_again_counts_once() -> None:
    cache = cache_of(30, "a", "a", "a", "a")
    assert (len(cache), cache.size, cache.stats.evictions) == (1, 10, 0)


async def test_a_segment_larger_than_the_budget_is_passed_on_and_evicts_nothing() -> None:
    cache = cache_of(15, "a")
    cache.put("b", bytes(16))
    assert await cache.get("cc") == b"cc" * 10
    assert (cache.peek("b"), cache.peek("cc")) == (None, None)
    assert cache.peek("a") == bytes(10)


async def test_a_budget_of_nothing_caches_nothing() -> None:
    cache = SegmentCache(load_at_once, 0, 4)
    assert await cache.get("a") == b"a" * 10
    assert (len(cache), cache.size) == (0, 0)


def test_peeking_at_nothing_neither_waits_nor_counts() -> None:
    cache = cache_of(30)
    assert cache.peek("a") is None
    assert (cache.stats.hits, cache.stats.misses, cache.stats.loads) == (0, 0, 0)


async def test_what_is_put_while_it_is_loaded_counts_once() -> None:
    loader = Loader()
    cache = SegmentCache(loader, 100, 4)
    caller = asyncio.create_task(cache.get("a"))
    await loader.asked_for(1)
    cache.put("a", bytes(10))
    assert await cache.get("a") == bytes(10)
    loader.waiting["a"].set_result(bytes(10))
    assert await caller == bytes(10)
    assert (len(cache), cache.size) == (1, 10)


async def test_closing_ends_waiting_callers() -> None:
    loader = Loader()
    cache = SegmentCache(loader, 100, 4)
    cache.put("b", bytes(10))
    caller = asyncio.create_task(cache.get("a"))
    await loader.asked_for(1)
    await cache.close()
    with pytest.raises(Unavailable, match="closed"):
        await caller
    assert (len(cache), cache.size) == (0, 0)
