from __future__ import annotations

import pytest

from skylog.clock import SystemClock
from skylog.errors import InvalidRequest, NotFound
from skylog.storage.memory import MemoryStore
from skylog.storage.metered import Metered, StoreUsage


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
