"""Lanes: each use of the store has its own bound, so that none waits for another.

A lane's bound is of requests, not of attempts: one that pauses before its next attempt keeps its place, which
slows a sick store's callers down.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable, Sequence
from typing import Any, TypeVar

from skylog.clock import Clock
from skylog.errors import Unavailable
from skylog.storage.base import Buffer, ObjectInfo, ObjectStore
from skylog.storage.wrapping import Pages, Wrapper

T = TypeVar("T")

WAITING_MAX = 10_000
"""Requests that may wait for a lane; more are refused at once."""


class Turns:
    """Places for so many at once; who waits gets one in turn between streams, within a stream in order."""

    def __init__(self, places: int) -> None:
        self.places = places
        self.taken = 0
        self.waiting = 0
        self._queues: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()

    def __repr__(self) -> str:
        return f"Turns({self.taken} of {self.places} taken, {self.waiting} waiting)"

    def try_take(self) -> bool:
        """Take a place if one is free; nobody waits then, for `give` hands places on."""
        if self.taken >= self.places:
            return False
        self.taken += 1
        return True

    async def take(self, stream: Hashable) -> None:
        """Wait for a place."""
        place = asyncio.get_running_loop().create_future()
        self._queues.setdefault(stream, deque()).append(place)
        self.waiting += 1
        try:
            await place
        except asyncio.CancelledError:
            if place.cancelled():
                self._leave(stream, place)
            else:  # given and cancelled in the same turn of the loop
                self.give()
            raise

    def give(self) -> None:
        """Give a place back: to the stream whose turn it is."""
        self.taken -= 1
        while self._queues and self.taken < self.places:
            stream, queue = self._queues.popitem(last=False)
            place = queue.popleft()
            if queue:
                self._queues[stream] = queue
            if not place.done():
                self.waiting -= 1
                self.taken += 1
                place.set_result(None)

    def _leave(self, stream: Hashable, place: asyncio.Future[None]) -> None:
        self.waiting -= 1
        queue = self._queues.get(stream)
        if queue is not None and place in queue:
            queue.remove(place)
            if not queue:
                del self._queues[stream]


class Lane(Wrapper):
    """An `ObjectStore` with so many requests to `inner` at once.

    Parameters
    ----------
    request_ms_max
        For a request that has to wait: its waiting and all that follows.
    stream
        Whose requests they are; streams that share `turns` get them in turn.
    """

    def __init__(
        self,
        inner: ObjectStore,
        clock: Clock,
        name: str,
        turns: Turns,
        *,
        request_ms_max: int,
        stream: Hashable = None,
    ) -> None:
        super().__init__(inner)
        self.name = name
        self.turns = turns
        self._clock = clock
        self._request_ms_max = request_ms_max
        self._stream = stream

    def __repr__(self) -> str:
        return f"Lane({self.name}, {self.turns!r})"

    def for_stream(self, stream: Hashable) -> Lane:
        """Return the same lane for another stream of requests, with which it takes turns."""
        return Lane(
            self.inner, self._clock, self.name, self.turns, request_ms_max=self._request_ms_max, stream=stream
        )

    async def put(self, key: str, data: Buffer) -> None:
        """Store `data` under `key`."""
        await self._run(lambda: self.inner.put(key, data))

    async def get(self, key: str) -> bytes:
        """Return the whole object."""
        return await self._run(lambda: self.inner.get(key))

    async def get_range(self, key: str, position: int, size: int) -> bytes:
        """Return `size` bytes from `position`."""
        return await self._run(lambda: self.inner.get_range(key, position, size))

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove objects."""
        await self._run(lambda: self.inner.delete(keys))

    async def list(self, prefix: str = "", start_after: str = "") -> AsyncIterator[ObjectInfo]:
        """Yield what the inner store lists; each 1,000 objects wait for their place anew."""
        pages = Pages(self.inner, prefix, start_after)
        while page := await self._run(pages.read):
            for found in page:
                yield found

    async def _run(self, request: Callable[[], Coroutine[Any, Any, T]]) -> T:
        if not self.turns.try_take():
            return await self._wait_and_run(request)
        try:
            return await request()
        finally:
            self.turns.give()

    async def _wait_and_run(self, request: Callable[[], Coroutine[Any, Any, T]]) -> T:
        if self.turns.waiting >= WAITING_MAX:
            raise Unavailable(f"lane {self.name}: {WAITING_MAX} requests wait already")
        try:
            async with asyncio.timeout(self._request_ms_max / 1000):
                await self.turns.take(self._stream)
                try:
                    return await request()
                finally:
                    self.turns.give()
        except TimeoutError as error:
            raise Unavailable(
                f"lane {self.name}: not done within {self._request_ms_max} ms, waiting included, {self.turns}"
            ) from error


class Lanes:
    """The ways to one store: what is written, the tail, what lies far back, and the jobs.

    Parameters
    ----------
    produce, tail, cold, background
        Requests at once in each. `cold` is shared fairly between the streams of `cold_for`.
    request_ms_max
        For a request, its waiting included.
    """

    def __init__(
        self,
        inner: ObjectStore,
        clock: Clock,
        *,
        produce: int,
        tail: int,
        cold: int,
        background: int,
        request_ms_max: int,
    ) -> None:
        def lane(name: str, places: int) -> Lane:
            return Lane(inner, clock, name, Turns(places), request_ms_max=request_ms_max)

        self.produce = lane("produce", produce)
        self.tail = lane("tail", tail)
        self.cold = lane("cold", cold)
        self.background = lane("background", background)

    def cold_for(self, stream: Hashable) -> Lane:
        """Return the cold lane for one reader, a consumer for instance; any hashable name will do."""
        return self.cold.for_stream(stream)

    def report(self) -> dict[str, dict[str, int]]:
        """Return how full each lane is."""
        lanes = (self.produce, self.tail, self.cold, self.background)
        return {
            lane.name: {
                "places": lane.turns.places,
                "taken": lane.turns.taken,
                "waiting": lane.turns.waiting,
            }
            for lane in lanes
        }
