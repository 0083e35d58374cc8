from __future__ import annotations

import pytest

from scripted import Scripted, Step
from skylog.errors import Unavailable
from skylog.storage.wrapping import Pages, Wrapper
from virtual import in_virtual_time


async def filled(*steps: Step, objects: int) -> Scripted:
    store = Scripted(*steps)
    for number in range(objects):
        await store.inner.put(f"k{number:05}", b"x")
    return store


@in_virtual_time
async def test_a_wrapper_passes_everything_on() -> None:
    inner = Scripted()
    store = Wrapper(inner)
    await store.open()
    await store.put("a", b"abc")
    assert await store.get("a") == b"abc"
    assert await store.get_range("a", 1, 1) == b"b"
    assert [found.key async for found in store.list("a", "")] == ["a"]
    await store.delete(["a"])
    await store.close()
    assert [kind for kind, _, _ in inner.calls] == ["put", "get", "get", "list", "delete"]
    assert (store.url, store.puts_per_second) == ("memory:", 25.0)


@pytest.mark.parametrize(
    ("objects", "sizes"), [(0, [0]), (999, [999, 0]), (1000, [1000, 0]), (2001, [1000, 1000, 1])]
)
@in_virtual_time
async def test_pages_hold_a_thousand_objects(objects: int, sizes: list[int]) -> None:
    pages = Pages(await filled(objects=objects), "k", "")
    assert [len(await pages.read()) for _ in sizes] == sizes


@in_virtual_time
async def test_a_page_that_failed_goes_on_behind_the_last_object_seen() -> None:
    store = await filled(Step(), Step(), Step(error=Unavailable("cut off")), objects=5)
    pages = Pages(store, "k", "k00000")
    with pytest.raises(Unavailable):
        await pages.read()
    assert [found.key for found in await pages.read()] == ["k00001", "k00002", "k00003", "k00004"]
    assert await pages.read() == []
