from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from scripted import Highest, Scripted, SeededEntropy, Step
from skylog.errors import (
    Corrupt,
    InvalidConfig,
    InvalidRequest,
    NotFound,
    SkylogError,
    Throttled,
    Unavailable,
)
from skylog.storage.retrying import Retrying, RetryPolicy, RetryStats, Slowdown
from virtual import VirtualClock, in_virtual_time

LOST = Unavailable("connection reset")
SLOW_DOWN = Throttled("503 SlowDown")


def retrying(inner: Scripted, policy: RetryPolicy | None = None) -> Retrying:
    return Retrying(inner, VirtualClock(), Highest(), policy or RetryPolicy())


def now() -> float:
    return asyncio.get_running_loop().time()


@in_virtual_time
async def test_a_request_that_failed_is_made_again_after_a_pause_that_doubles() -> None:
    inner = Scripted(*[Step(error=LOST)] * 3)
    store = retrying(inner)
    await store.put("a", b"abc")
    assert inner.times() == pytest.approx([0.0, 0.05, 0.15, 0.35])
    assert store.stats == RetryStats(retries=3, waited_ms=pytest.approx(350))
    assert await store.get("a") == b"abc"


@in_virtual_time
async def test_pauses_are_drawn_between_nothing_and_their_ceiling() -> None:
    pauses = []
    for seed in range(200):
        inner = Scripted(Step(error=LOST))
        await Retrying(inner, VirtualClock(), SeededEntropy(seed), RetryPolicy()).put("a", b"")
        pauses.append(inner.times()[1])
    assert 0 <= min(pauses) < 0.005
    assert 0.045 < max(pauses) <= 0.05


class Probed(Scripted):
    """Its opening is a step too."""

    async def open(self) -> None:
        await self._do("get", "the probe", self.inner.open())


@in_virtual_time
async def test_a_probe_that_met_a_passing_failure_is_made_again() -> None:
    inner = Probed(Step(error=SLOW_DOWN), Step(error=LOST))
    await retrying(inner).open()
    assert len(inner.calls) == 3


@in_virtual_time
async def test_a_probe_of_many_requests_may_take_longer_than_one_attempt() -> None:
    await retrying(Probed(Step(seconds=5.0)), RetryPolicy(attempt_ms_max=200)).open()


@in_virtual_time
async def test_what_an_operator_has_to_mend_is_said_at_once() -> None:
    inner = Probed(Step(error=InvalidConfig("no such bucket")))
    with pytest.raises(InvalidConfig, match="no such bucket"):
        await retrying(inner).open()
    assert len(inner.calls) == 1


@in_virtual_time
async def test_after_all_attempts_the_last_error_is_raised() -> None:
    inner = Scripted(Step(error=LOST), Step(error=LOST), Step(error=Unavailable("the last one")))
    store = retrying(inner, RetryPolicy(attempts_max=3))
    with pytest.raises(Unavailable, match="the last one"):
        await store.put("a", b"abc")
    assert len(inner.calls) == 3
    assert store.stats.given_up == 1


@pytest.mark.parametrize(
    "error", [InvalidRequest("range"), NotFound("no such bucket"), OSError("a bug"), Corrupt("of a PUT")]
)
@in_virtual_time
async def test_what_no_attempt_will_cure_is_raised_at_once(error: Exception) -> None:
    inner = Scripted(Step(error=error))
    with pytest.raises(type(error)):
        await retrying(inner).put("a", b"abc")
    assert len(inner.calls) == 1


@in_virtual_time
async def test_an_answer_damaged_on_its_way_is_asked_for_again() -> None:
    inner = Scripted(Step(), Step(error=Corrupt("12 of 4096 bytes")))
    store = retrying(inner)
    await store.put("a", b"abc")
    assert await store.get_range("a", 0, 2) == b"ab"


@in_virtual_time
async def test_an_object_that_shows_late_is_waited_for_shortly() -> None:
    inner = Scripted(Step(), *[Step(error=NotFound("404"))] * 2)
    store = retrying(inner)
    await store.put("a", b"abc")
    assert await store.get("a") == b"abc"
    assert inner.times()[-1] == pytest.approx(0.05 + 0.1)


@in_virtual_time
async def test_an_object_that_is_not_there_is_told_soon() -> None:
    inner = Scripted()
    start = now()
    with pytest.raises(NotFound):
        await retrying(inner).get("a")
    assert len(inner.calls) == 3
    assert now() - start <= 0.15


@in_virtual_time
async def test_an_attempt_that_hangs_is_given_up_and_made_again() -> None:
    inner = Scripted(Step(3600.0))
    store = retrying(inner, RetryPolicy(attempt_ms_max=2_000))
    await store.put("a", b"abc")
    assert inner.times() == pytest.approx([0.0, 2.05])
    assert (store.stats.timeouts, inner.cancelled) == (1, 1)


@pytest.mark.parametrize("seconds", [0.0, 0.3, 4.0, 9.9, 3600.0])
@pytest.mark.parametrize("error", [LOST, SLOW_DOWN])
@in_virtual_time
async def test_the_deadline_holds_for_attempts_and_pauses_together(seconds: float, error: Exception) -> None:
    inner = Scripted(usual=Step(seconds, error))
    policy = RetryPolicy(attempts_max=1000, attempt_ms_max=6_000, request_ms_max=10_000)
    start = now()
    with pytest.raises(Unavailable):
        await retrying(inner, policy).put("a", b"abc")
    assert now() - start <= 10.0
    assert inner.under_way == 0


@in_virtual_time
async def test_a_pause_that_would_end_behind_the_deadline_is_not_begun() -> None:
    inner = Scripted(usual=Step(0.9, LOST))
    policy = RetryPolicy(request_ms_max=1_000, attempt_ms_max=1_000, backoff_ms_first=200.0)
    start = now()
    with pytest.raises(Unavailable, match="connection reset"):
        await retrying(inner, policy).put("a", b"abc")
    assert now() - start == pytest.approx(0.9)


@in_virtual_time
async def test_a_store_that_asks_for_fewer_is_left_alone_for_longer() -> None:
    inner = Scripted(Step(error=SLOW_DOWN), Step(error=SLOW_DOWN))
    store = retrying(inner)
    await store.put("a", b"abc")
    first, second = inner.times()[1:]
    assert first >= 0.5
    assert second - first >= 1.0
    assert store.stats.throttled == 2


@in_virtual_time
async def test_when_one_request_is_throttled_the_others_wait_too_and_then_no_more() -> None:
    inner = Scripted(*[Step(error=SLOW_DOWN)] * 4)
    store = retrying(inner)
    await store.put("a", b"abc")
    start = now()
    await store.put("b", b"abc")
    assert now() - start > 0.005, "another request, which was never refused"
    await asyncio.sleep(60)  # noqa: TID251 - virtual time
    start = now()
    await store.put("c", b"abc")
    assert now() == start


@in_virtual_time
async def test_refusals_that_come_together_slow_down_once() -> None:
    slowdown = Slowdown(VirtualClock())
    for _ in range(100):
        slowdown.slow_down()
    assert slowdown.wait_s() == Slowdown.WAIT_S_FIRST
    for _ in range(100):
        await asyncio.sleep(slowdown.wait_s())  # noqa: TID251 - virtual time
        slowdown.slow_down()
    assert 0.5 < slowdown.wait_s() <= Slowdown.WAIT_S_MAX
    await asyncio.sleep(2 * Slowdown.HALF_LIFE_S)  # noqa: TID251 - virtual time
    assert slowdown.wait_s() <= Slowdown.WAIT_S_MAX / 4
    await asyncio.sleep(60)  # noqa: TID251 - virtual time
    assert slowdown.wait_s() == 0.0


@in_virtual_time
async def test_a_listing_goes_on_where_it_broke_off() -> None:
    inner = Scripted(*[Step(), Step(error=LOST)] * 4, Step(error=LOST))
    for number in range(6):
        await inner.inner.put(f"k{number}", b"x")
    store = retrying(inner, RetryPolicy(attempts_max=6))
    assert [found.key async for found in store.list("k")] == [f"k{number}" for number in range(6)]
    assert store.stats.retries == 5


@in_virtual_time
async def test_objects_are_deleted_again() -> None:
    inner = Scripted(Step(error=LOST, applied=True))
    await inner.inner.put("a", b"abc")
    store = retrying(inner)
    await store.delete(["a", "b"])
    assert [found async for found in inner.inner.list()] == []


@pytest.mark.parametrize("after_s", [0.0, 0.5, 1.01, 1.04, 1.2, 2.5])
@in_virtual_time
async def test_cancelled_anywhere_it_ends_at_once(after_s: float) -> None:
    inner = Scripted(Step(1.0, LOST), Step(1.0, SLOW_DOWN), usual=Step(3600.0))
    store = retrying(inner)
    caller = asyncio.create_task(store.put("a", b"abc"))
    await asyncio.sleep(after_s)  # noqa: TID251 - virtual time
    start = now()
    caller.cancel()
    with suppress(asyncio.CancelledError):
        await caller
    assert caller.cancelled()
    assert now() == start
    assert inner.under_way == 0


@in_virtual_time
async def test_a_callers_own_limit_is_not_taken_for_an_attempts() -> None:
    inner = Scripted(usual=Step(3600.0))
    with pytest.raises(TimeoutError) as raised:
        async with asyncio.timeout(1):
            await retrying(inner).get("a")
    assert not isinstance(raised.value, SkylogError)
    assert len(inner.calls) == 1
