from __future__ import annotations

import asyncio
import statistics

import pytest

from skylog.clock import SystemEntropy
from skylog.errors import InvalidConfig, NotFound, Unavailable
from skylog.storage.delay import Delayed, Latency
from skylog.storage.memory import MemoryStore
from skylog.storage.wrapping import Kind


class StepClock:
    """Time passes only by sleeping; remembers how long."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now_ms(self) -> int:
        return 0

    def monotonic(self) -> float:
        return sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)  # noqa: TID251


class Middle:
    """No chance at all: always the middle."""

    def random_bytes(self, size: int) -> bytes:
        return bytes(size)

    def uniform(self, low: float, high: float) -> float:
        return (low + high) / 2


@pytest.fixture
def clock() -> StepClock:
    return StepClock()


@pytest.fixture
def store(clock: StepClock) -> Delayed:
    return Delayed(MemoryStore(clock), clock, Middle(), put=Latency(100, 400), get=Latency(20))


async def test_puts_and_gets_take_their_time(store: Delayed, clock: StepClock) -> None:
    await store.put("a", b"abc")
    await store.get("a")
    await store.get_range("a", 0, 1)
    assert clock.slept == pytest.approx([0.1, 0.02, 0.02])
    await store.delete(["a"])
    assert [found async for found in store.list()] == []
    assert len(clock.slept) == 3


async def test_an_object_is_not_there_before_its_put_is_over(store: Delayed) -> None:
    put = asyncio.create_task(store.put("a", b"abc"))
    await asyncio.sleep(0)  # noqa: TID251
    assert not put.done()
    with pytest.raises(NotFound):
        await store.inner.get("a")
    await put
    assert await store.inner.get("a") == b"abc"


def test_latencies_follow_median_and_p99() -> None:
    entropy, latency = SystemEntropy(), Latency(100, 400)
    drawn = [latency.draw_ms(entropy) for _ in range(20_000)]
    centiles = statistics.quantiles(drawn, n=100)
    assert centiles[49] == pytest.approx(100, rel=0.1)
    assert centiles[98] == pytest.approx(400, rel=0.2)


@pytest.mark.parametrize(
    ("p50_ms", "p99_ms"),
    [(-1, None), (float("nan"), None), (float("inf"), None), (100, 50), (0, 10), (1, float("nan"))],
)
def test_latencies_that_cannot_be_are_refused(p50_ms: float, p99_ms: float | None) -> None:
    with pytest.raises(InvalidConfig, match="latency"):
        Latency(p50_ms, p99_ms)


async def request(store: Delayed, kind: Kind) -> None:
    if kind == "put":
        await store.put("new", b"x")
    elif kind == "get":
        await store.get("old")
    elif kind == "delete":
        await store.delete(["old"])
    else:
        assert [found async for found in store.list()]


@pytest.mark.parametrize("kind", ["put", "get", "delete", "list"])
async def test_as_many_requests_fail_as_were_told_to(store: Delayed, kind: Kind) -> None:
    await store.inner.put("old", b"x")
    store.fail_next(kind, 2)
    for _ in range(2):
        with pytest.raises(Unavailable, match=kind):
            await request(store, kind)
    assert [found.key async for found in store.inner.list()] == ["old"]
    await request(store, kind)


@pytest.mark.parametrize(("kind", "left"), [("put", ["new", "old"]), ("delete", [])])
async def test_a_request_may_take_effect_and_its_answer_be_lost(
    store: Delayed, kind: Kind, left: list[str]
) -> None:
    await store.inner.put("old", b"x")
    store.fail_next(kind, applied=True)
    with pytest.raises(Unavailable):
        await request(store, kind)
    assert [found.key async for found in store.inner.list()] == left


async def test_the_error_can_be_chosen(store: Delayed) -> None:
    store.fail_next("put", error=OSError("cable cut"))
    with pytest.raises(OSError, match="cable cut"):
        await store.put("a", b"x")
