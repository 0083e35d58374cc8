"""A bound on bytes that are on their way into memory."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from typing import TypeAlias

_Waiter: TypeAlias = tuple[int, asyncio.Future[None]]


class Room:
    """Space for `bytes_max`; who waits gets it in turn between streams, within a stream in order.

    What is larger than all of it gets in alone.
    """

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self.taken = 0
        self.taken_max = 0
        self._queues: OrderedDict[Hashable, deque[_Waiter]] = OrderedDict()

    def __repr__(self) -> str:
        waiting = sum(map(len, self._queues.values()))
        return f"Room({self.taken} of {self.bytes_max} bytes taken, {waiting} waiting)"

    @asynccontextmanager
    async def hold(self, size: int, stream: Hashable) -> AsyncIterator[None]:
        """Wait for room and have it."""
        if self._queues or not self._fits(size):
            await self._wait(size, stream)
        else:
            self._take(size)
        try:
            yield
        finally:
            self._give(size)

    async def _wait(self, size: int, stream: Hashable) -> None:
        waiter = (size, asyncio.get_running_loop().create_future())
        self._queues.setdefault(stream, deque()).append(waiter)
        try:
            await waiter[1]
        except asyncio.CancelledError:
            if waiter[1].cancelled():
                self._leave(stream, waiter)
            else:  # given and cancelled in the same turn of the loop
                self._give(size)
            raise

    def _leave(self, stream: Hashable, waiter: _Waiter) -> None:
        queue = self._queues.get(stream)
        if queue is not None and waiter in queue:
            queue.remove(waiter)
            if not queue:
                del self._queues[stream]
        self._admit()

    def _fits(self, size: int) -> bool:
        return not self.taken or self.taken + size <= self.bytes_max

    def _take(self, size: int) -> None:
        self.taken += size
        self.taken_max = max(self.taken_max, self.taken)

    def _give(self, size: int) -> None:
        self.taken -= size
        self._admit()

    def _admit(self) -> None:
        """Let those in whose turn it is, until one does not fit: smaller ones behind it do not overtake."""
        while self._queues:
            stream, queue = next(iter(self._queues.items()))
            size, future = queue[0]
            if future.done():  # cancelled, and about to leave
                self._next(stream, queue)
            elif self._fits(size):
                self._next(stream, queue)
                self._take(size)
                future.set_result(None)
            else:
                return

    def _next(self, stream: Hashable, queue: deque[_Waiter]) -> None:
        queue.popleft()
        del self._queues[stream]
        if queue:
            self._queues[stream] = queue
