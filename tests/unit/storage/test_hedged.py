from __future__ import annotations

import asyncio
import gc
from contextlib import suppress

import pytest

from scripted import Scripted, Step
from skylog.errors import NotFound, Throttled, Unavailable
from skylog.storage.hedged import Hedged, HedgePolicy, HedgeStats
from virtual import VirtualClock, in_virtual_time

USUAL = Step(0.1)
ENOUGH = HedgePolicy(samples_min=100)


def now() -> float:
    return asyncio.get_running_loop().time()


async def warmed(inner: Scripted, policy: HedgePolicy = ENOUGH, puts: int = 200) -> Hedged:
    """A store that knows that PUTs and GETs take 100 ms; then come the steps of `inner`."""
    steps, inner.steps = list(inner.steps), inner.steps.__class__()
    inner.usual = USUAL
    store = Hedged(inner, VirtualClock(), policy)
    for _ in range(puts):
        await store.put("a", b"abc")
        await store.get("a")
    assert store.stats == HedgeStats()
    inner.steps.extend(steps)
    inner.calls.clear()
    return store


async def none_left(inner: Scripted, store: Hedged) -> None:
    """Nothing may be under way, after at most a turn for the loser to end."""
    await store.close()
    assert inner.under_way == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}


@in_virtual_time
async def test_a_slow_put_is_made_again_after_the_usual_time_and_the_first_success_counts() -> None:
    inner = Scripted(Step(30.0), Step(0.1))
    store = await warmed(inner)
    start = now()
    await store.put("b", b"abc")
    assert now() - start == pytest.approx(0.2, abs=0.01)
    assert inner.times() == pytest.approx([0.0, 0.1], abs=0.005)
    assert store.stats == HedgeStats(hedges=1, wins=1)
    await asyncio.sleep(0)  # noqa: TID251
    assert (inner.under_way, inner.cancelled) == (0, 1), "the loser ends at once"
    await none_left(inner, store)
    assert await inner.inner.get("b") == b"abc"


@in_virtual_time
async def test_the_first_may_still_win() -> None:
    inner = Scripted(Step(0.15), Step(30.0))
    store = await warmed(inner)
    start = now()
    assert await store.get("a") == b"abc"
    assert now() - start == pytest.approx(0.15)
    assert store.stats == HedgeStats(hedges=1, wins=0)
    await none_left(inner, store)


@in_virtual_time
async def test_requests_within_the_usual_time_are_made_once() -> None:
    inner = Scripted()
    store = await warmed(inner)
    for _ in range(100):
        await store.put("b", b"abc")
    assert len(inner.calls) == 100
    await none_left(inner, store)


@in_virtual_time
async def test_without_enough_samples_there_is_no_second_request() -> None:
    inner = Scripted(Step(30.0), Step(30.0))
    store = await warmed(inner, puts=99)
    await store.put("b", b"abc")
    await store.get("a")
    assert len(inner.calls) == 2
    assert store.stats == HedgeStats()


@in_virtual_time
async def test_a_large_object_is_not_compared_with_small_ones() -> None:
    inner = Scripted(Step(30.0))
    store = await warmed(inner)
    await store.put("large", bytes(1024))
    assert len(inner.calls) == 1


@in_virtual_time
async def test_a_share_of_requests_is_hedged_at_most() -> None:
    inner = Scripted(*[USUAL, USUAL, Step(5.0)] * 200)
    store = await warmed(inner, HedgePolicy(quantile=0.5, share_max=0.05, samples_min=100))
    for _ in range(30):
        await store.get("a")
    assert store.stats.hedges == 11, "what was saved up is spent"
    for _ in range(270):
        await store.get("a")
    saved_up = 10
    assert store.stats.hedges == pytest.approx(saved_up + 300 * 0.05, abs=1)
    assert store.stats.refused > 50
    assert len(inner.calls) == 300 + store.stats.hedges
    await none_left(inner, store)


@in_virtual_time
async def test_a_share_of_nothing_never_hedges() -> None:
    inner = Scripted(Step(30.0))
    store = await warmed(inner, HedgePolicy(share_max=0.0, samples_min=100))
    await store.put("b", b"abc")
    assert store.stats == HedgeStats()


@in_virtual_time
async def test_a_store_that_became_slow_is_soon_the_usual_one() -> None:
    inner = Scripted()
    store = await warmed(inner, HedgePolicy(share_max=1.0, samples_min=100))
    inner.usual = Step(1.0)
    for _ in range(1000):
        await store.get("a")
    before = store.stats.hedges
    assert before < 200
    for _ in range(100):
        await store.get("a")
    assert store.stats.hedges == before


@in_virtual_time
async def test_a_first_request_that_lost_counts_as_slow() -> None:
    """Or what is usual would be what second requests take, and everything would be hedged for ever."""
    inner = Scripted(*[Step(30.0), Step(0.1)] * 20)
    store = await warmed(inner, HedgePolicy(share_max=1.0, samples_min=100))
    for _ in range(20):
        await store.get("a")
    inner.steps.append(Step(30.0))
    inner.calls.clear()
    await store.get("a")
    assert inner.times()[1] > 0.15, "not the 0.1 s that it was when all went well"


@in_virtual_time
async def test_when_both_fail_the_first_ones_error_counts() -> None:
    first, second = Unavailable("first"), NotFound("second")
    for steps in ((Step(1.0, first), Step(0.1, second)), (Step(0.5, first), Step(5.0, second))):
        inner = Scripted(*steps)
        store = await warmed(inner)
        with pytest.raises(Unavailable, match="first"):
            await store.get("a")
        await none_left(inner, store)


@pytest.mark.parametrize("failing", [0, 1])
@in_virtual_time
async def test_when_one_fails_the_other_is_waited_for(failing: int) -> None:
    steps = [Step(2.0), Step(2.0)]
    steps[failing] = Step(0.3, Unavailable("x"))
    inner = Scripted(*steps)
    store = await warmed(inner)
    assert await store.get("a") == b"abc"
    assert inner.cancelled == 0
    await none_left(inner, store)


@in_virtual_time
async def test_a_first_that_fails_early_is_not_hedged() -> None:
    inner = Scripted(Step(0.01, Unavailable("x")))
    store = await warmed(inner)
    with pytest.raises(Unavailable):
        await store.put("b", b"abc")
    assert len(inner.calls) == 1
    await none_left(inner, store)


@in_virtual_time
async def test_a_store_that_asks_for_fewer_requests_gets_no_second_ones() -> None:
    inner = Scripted(Step(0.01, Throttled("slow down")), Step(5.0))
    store = await warmed(inner)
    with pytest.raises(Throttled):
        await store.get("a")
    await store.get("a")
    assert store.stats == HedgeStats(refused=1)


@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.104, 0.15, 0.4])
@in_virtual_time
async def test_cancelled_anywhere_nothing_goes_on(after_s: float) -> None:
    inner = Scripted(Step(30.0), Step(30.0))
    store = await warmed(inner)
    caller = asyncio.create_task(store.put("b", b"abc"))
    await asyncio.sleep(after_s)  # noqa: TID251 - virtual time
    start = now()
    caller.cancel()
    with suppress(asyncio.CancelledError):
        await caller
    assert caller.cancelled()
    assert now() == start, "cancellation passes at once"
    await none_left(inner, store)
    assert inner.cancelled == len(inner.calls)


@in_virtual_time
async def test_a_loser_that_fails_while_it_is_cancelled_is_reported_nowhere() -> None:
    class Stubborn(Scripted):
        async def get(self, key: str) -> bytes:
            try:
                return await super().get(key)
            except asyncio.CancelledError:
                raise OSError("connection torn down") from None

    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    inner = Stubborn(Step(30.0), Step(0.1))
    store = await warmed(inner)
    assert await store.get("a") == b"abc"
    await asyncio.sleep(1)  # noqa: TID251 - virtual time
    gc.collect()
    assert reported == []
    await none_left(inner, store)
