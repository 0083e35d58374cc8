"""A second request when the first takes longer than nearly all of late.

Object stores answer most requests fast and a few very late, and the late ones are seldom late twice: for a
few more requests the tail is cut off. The same key with the same bytes may be put twice, so a PUT that lost
may land afterwards and do no harm.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from skylog.clock import Clock
from skylog.errors import Throttled
from skylog.loop import stop_tasks
from skylog.storage.base import Buffer, ObjectStore
from skylog.storage.latencies import Latencies
from skylog.storage.wrapping import Kind, Wrapper

T = TypeVar("T")

_TOKENS_MAX = 10.0
"""Hedges that may come at once after a long time without any."""

_WHOLE = -1
"""The size class of a GET of a whole object, whose size only its answer tells."""


@dataclass(frozen=True, slots=True)
class HedgePolicy:
    """When a second request is made.

    Parameters
    ----------
    quantile
        The share of recent requests of that kind and size within whose time no second one is made.
    share_max
        Second requests for each first one, at most; 0 turns hedging off.
    delay_ms_min
        A second request is never made earlier.
    samples_min
        Nor before so many recent requests of that kind and size were timed.
    """

    quantile: float = 0.99
    share_max: float = 0.05
    delay_ms_min: float = 20.0
    samples_min: int = 100


@dataclass(slots=True)
class HedgeStats:
    """Counts since the start: second requests, those that answered first, those that the share forbade."""

    hedges: int = 0
    wins: int = 0
    refused: int = 0


class Hedged(Wrapper):
    """An `ObjectStore` that asks `inner` again for a PUT or GET that takes too long; the first success wins.

    The slower request is cancelled. When both fail, the first one's error counts. Requests of a kind are
    compared with those of about their size: within a factor of four. While the store asks for fewer requests
    (`Throttled`) there are no second ones.
    """

    def __init__(self, inner: ObjectStore, clock: Clock, policy: HedgePolicy) -> None:
        super().__init__(inner)
        self.stats = HedgeStats()
        self._clock = clock
        self._policy = policy
        self._tokens = 0.0
        self._recent: dict[tuple[Kind, int], Latencies] = {}
        self._losers: set[asyncio.Task[Any]] = set()

    async def put(self, key: str, data: Buffer) -> None:
        """Store `data`: 1 PUT, seldom 2."""
        size_class = _size_class(memoryview(data).nbytes)
        await self._run("put", size_class, lambda: self.inner.put(key, data))

    async def get(self, key: str) -> bytes:
        """Return the whole object: 1 GET, seldom 2."""
        return await self._run("get", _WHOLE, lambda: self.inner.get(key))

    async def get_range(self, key: str, position: int, size: int) -> bytes:
        """Return `size` bytes from `position`: 1 GET, seldom 2."""
        return await self._run("get", _size_class(size), lambda: self.inner.get_range(key, position, size))

    async def close(self) -> None:
        """Wait for cancelled requests to end, then close the inner store."""
        await stop_tasks(self._losers)
        await self.inner.close()

    async def _run(self, kind: Kind, size_class: int, request: Callable[[], Coroutine[Any, Any, T]]) -> T:
        recent = self._recent.get((kind, size_class))
        if recent is None:
            recent = self._recent[kind, size_class] = Latencies()
        self._tokens = min(_TOKENS_MAX, self._tokens + self._policy.share_max)
        if not self._policy.share_max or recent.recent_count < self._policy.samples_min:
            return await self._timed(recent, request)
        return await self._race(recent, request)

    async def _timed(self, recent: Latencies, request: Callable[[], Coroutine[Any, Any, T]]) -> T:
        start = self._clock.monotonic()
        try:
            result = await request()
        except Throttled:
            self._tokens = 0.0
            raise
        recent.record((self._clock.monotonic() - start) * 1000)
        return result

    async def _race(self, recent: Latencies, request: Callable[[], Coroutine[Any, Any, T]]) -> T:
        start = self._clock.monotonic()
        delay_ms = max(self._policy.delay_ms_min, recent.recent_quantile(self._policy.quantile))
        tasks = [asyncio.create_task(self._timed(recent, request))]
        try:
            await asyncio.wait(tasks, timeout=delay_ms / 1000)
            if tasks[0].done() or not self._take():
                return await tasks[0]
            tasks.append(asyncio.create_task(self._timed(recent, request)))
            winner = await _first_success(tasks)
        finally:
            self._drop(tasks)
        if winner is not tasks[0]:
            self.stats.wins += 1
            # Longer than this it took; left out, the slow ones would vanish from what counts as usual.
            recent.record((self._clock.monotonic() - start) * 1000)
        return winner.result()

    def _take(self) -> bool:
        """Return whether the share allows one more hedge, and count it."""
        if self._tokens < 1:
            self.stats.refused += 1
            return False
        self._tokens -= 1
        self.stats.hedges += 1
        return True

    def _drop(self, tasks: list[asyncio.Task[T]]) -> None:
        """Cancel what still runs; nobody waits for it, but `close` does."""
        for task in tasks:
            task.cancel()
            self._losers.add(task)
            task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._losers.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, or asyncio would report that nobody did


async def _first_success(tasks: list[asyncio.Task[T]]) -> asyncio.Task[T]:
    """Return the task that succeeds first, or the first task when all failed."""
    pending = set(tasks)
    while pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task in done and not task.cancelled() and task.exception() is None:
                return task
    return tasks[0]


def _size_class(size: int) -> int:
    return size.bit_length() // 2
