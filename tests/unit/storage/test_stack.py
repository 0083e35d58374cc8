"""All wrappers together, as the broker has them."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripted import Scripted, SeededEntropy, Step
from skylog.config import StoreRequestsConfig
from skylog.errors import Corrupt, NotFound, SkylogError, Throttled, Unavailable
from skylog.storage.base import Buffer, ObjectStore
from skylog.storage.memory import MemoryStore
from skylog.storage.metered import StoreUsage
from skylog.storage.stack import Stores, build_stores, wrap_store
from virtual import VirtualClock, in_virtual_time

LOST = Unavailable("connection reset")


def stacked(inner: ObjectStore, **settings: float) -> Stores:
    config = replace(StoreRequestsConfig(), **settings)  # type: ignore[arg-type]
    return wrap_store(inner, config, VirtualClock(), SeededEntropy())


async def none_left(inner: Scripted, stores: Stores) -> None:
    """Nothing may be under way, no place taken, no task left."""
    await stores.close()
    assert inner.under_way == 0
    assert {(lane["taken"], lane["waiting"]) for lane in stores.report()["lanes"].values()} == {(0, 0)}
    assert asyncio.all_tasks() == {asyncio.current_task()}


@in_virtual_time
async def test_so_many_segments_cost_so_many_puts() -> None:
    inner = Scripted(usual=Step(0.1))
    stores = stacked(inner)
    await asyncio.gather(*(stores.produce.put(f"k{number}", b"x" * 100) for number in range(1000)))
    assert stores.usage == StoreUsage(puts=1000, put_bytes=100_000)
    await none_left(inner, stores)


@in_virtual_time
async def test_every_attempt_is_billed_and_so_is_every_hedge() -> None:
    inner = Scripted(usual=Step(0.1))
    stores = stacked(inner)
    for _ in range(200):
        await stores.produce.put("a", b"abc")
    inner.steps.extend([Step(0.1, LOST), Step(0.1, LOST), Step(30.0), Step(0.1)])
    await stores.produce.put("a", b"abc")
    await none_left(inner, stores)
    assert stores.usage.puts == len(inner.calls) == 204
    report = stores.report()
    assert (report["hedges"]["hedges"], report["hedges"]["wins"], report["retries"]["retries"]) == (1, 1, 2)
    assert (report["failures"], report["cancelled"]) == (2, 1)
    assert report["failures_by_kind"] == {"put": {"Unavailable": 2}}
    assert json.loads(json.dumps(report)) == report


@in_virtual_time
async def test_when_nobody_asks_nothing_is_asked() -> None:
    inner = Scripted(usual=Step(0.1))
    stores = stacked(inner)
    await stores.open()
    await stores.produce.put("a", b"abc")
    await asyncio.sleep(24 * 3600)  # noqa: TID251 - virtual time
    assert len(inner.calls) == 1
    await none_left(inner, stores)


@pytest.mark.parametrize(("url", "hedged"), [("memory:", 0), ("memory:?put_ms=100&put_p99_ms=400", 0.05)])
@in_virtual_time
async def test_what_lies_on_this_machine_is_not_asked_twice(url: str, hedged: float) -> None:
    stores = build_stores(url, StoreRequestsConfig(), VirtualClock(), SeededEntropy())
    for number in range(1000):
        await stores.produce.put(f"k{number}", b"x")
    assert (stores.hedged.stats.hedges > 0) == (hedged > 0)
    assert stores.usage.puts == 1000 + stores.hedged.stats.hedges <= 1000 * (1 + hedged)


@in_virtual_time
async def test_a_slow_disk_is_not_asked_twice_either() -> None:
    class SlowDisk(MemoryStore):
        async def put(self, key: str, data: Buffer) -> None:
            await asyncio.sleep(5.0 if key == "slow" else 0.1)  # noqa: TID251 - virtual time

    stores = stacked(SlowDisk(VirtualClock()))
    for _ in range(200):
        await stores.produce.put("a", b"abc")
    await stores.produce.put("slow", b"abc")
    assert stores.usage.puts == 201


@in_virtual_time
async def test_a_backfill_that_is_throttled_and_slow_leaves_the_lanes_of_others_free() -> None:
    inner = Scripted(usual=Step(0.02))
    stores = stacked(inner)
    await stores.produce.put("a", b"abc")
    inner.usual = Step(5.0)
    backfill = [
        asyncio.create_task(stores.cold_for(number % 5).get_range("a", 0, 1)) for number in range(200)
    ]
    await asyncio.sleep(0.1)  # noqa: TID251 - virtual time
    assert inner.under_way == StoreRequestsConfig().cold_requests_max
    inner.usual = Step(0.02)
    start = asyncio.get_running_loop().time()
    assert await stores.tail.get("a") == b"abc"
    assert asyncio.get_running_loop().time() - start == pytest.approx(0.02)
    await asyncio.gather(*backfill)
    await none_left(inner, stores)


ERRORS: list[Exception | None] = [
    None,
    None,
    LOST,
    Throttled("503 SlowDown"),
    NotFound("404 right after PUT"),
    Corrupt("a short body"),
]
STEPS = st.builds(
    Step,
    st.one_of(st.floats(0, 0.5), st.floats(0, 30), st.just(3600.0)),
    st.sampled_from(ERRORS),
    st.booleans(),
)
REQUESTS = st.lists(
    st.tuples(
        st.sampled_from(["put", "get", "get_range", "delete", "list"]),
        st.sampled_from(["produce", "tail", "cold", "background"]),
        st.floats(0, 5),  # when it is made
        st.one_of(st.none(), st.none(), st.floats(0, 20)),  # when its caller gives up
    ),
    max_size=12,
)
TIGHT = StoreRequestsConfig(
    produce_requests_max=2,
    tail_requests_max=1,
    cold_requests_max=2,
    background_requests_max=1,
    attempt_ms_max=4_000,
    request_ms_max=10_000,
    hedge_samples_min=1,
    hedge_share_max=1.0,
)


async def ask(store: ObjectStore, request: str) -> None:
    """Make a request; a success must be right."""
    if request == "put":
        await store.put("new", b"0123456789")
        assert await store.get("new") == b"0123456789"
    elif request == "get":
        assert await store.get("old") == b"abc"
    elif request == "get_range":
        assert await store.get_range("old", 1, 2) == b"bc"
    elif request == "delete":
        await store.delete(["gone"])
    else:
        assert [found.key async for found in store.list("l")] == ["l1", "l2", "l3"]


async def live(stores: Stores, request: str, lane: str, at_s: float, gives_up_after_s: float | None) -> float:
    """Make a request as a caller does; return the seconds until it ended, however that was."""
    await asyncio.sleep(at_s)  # noqa: TID251 - virtual time
    store = stores.cold_for(at_s) if lane == "cold" else getattr(stores, lane)
    start = asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(gives_up_after_s):
            await ask(store, request)
    except SkylogError:
        pass
    except TimeoutError:
        if gives_up_after_s is None:
            raise
    return asyncio.get_running_loop().time() - start


@settings(max_examples=300)
@given(st.lists(STEPS, max_size=40), REQUESTS, st.integers(0, 1000))
def test_whatever_happens_a_caller_gets_the_right_bytes_or_an_error_in_time(
    steps: list[Step], requests: list[tuple[str, str, float, float | None]], seed: int
) -> None:
    @in_virtual_time
    async def run() -> None:
        inner = Scripted(*steps, usual=Step(0.05))
        for key, data in (("old", b"abc"), ("l1", b""), ("l2", b""), ("l3", b"")):
            await inner.inner.put(key, data)
        reported: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
        stores = wrap_store(inner, TIGHT, VirtualClock(), SeededEntropy(seed))
        took = await asyncio.gather(*(live(stores, *request) for request in requests))
        for seconds, (request, *_, gives_up_after_s) in zip(took, requests, strict=True):
            asked = 2 if request in {"put", "list"} else 1  # a GET after the PUT, two pages of a LIST
            assert seconds <= (10.001 * asked if gives_up_after_s is None else gives_up_after_s + 0.001)
        asked_of_it = Counter(kind for kind, _, _ in inner.calls)
        billed = {"put": stores.usage.puts, "get": stores.usage.gets, "delete": stores.usage.deletes}
        assert billed == {kind: asked_of_it[kind] for kind in billed}
        await none_left(inner, stores)
        assert reported == []

    run()


@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.11, 0.5, 3.0, 9.0])
@in_virtual_time
async def test_a_drain_with_a_store_that_hangs_ends(after_s: float) -> None:
    inner = Scripted(usual=Step(0.1))
    stores = stacked(inner, hedge_share_max=1.0, attempt_ms_max=2_000)
    for _ in range(200):
        await stores.produce.put("a", b"abc")
    inner.usual = Step(3600.0)
    puts = [asyncio.create_task(stores.produce.put(f"k{number}", b"abc")) for number in range(50)]
    await asyncio.sleep(after_s)  # noqa: TID251 - virtual time
    start = asyncio.get_running_loop().time()
    for put in puts:
        put.cancel()
    await asyncio.gather(*puts, return_exceptions=True)
    await none_left(inner, stores)
    assert asyncio.get_running_loop().time() == start
