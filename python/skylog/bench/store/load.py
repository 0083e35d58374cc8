"""Requests of one cell, always as many under way as it says: a closed loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any, Final, cast

from skylog.bench.store.measured import Measured
from skylog.bench.store.plan import Cell, Kind, Share
from skylog.clock import Clock, Entropy
from skylog.errors import Corrupt, SkylogError, Unavailable
from skylog.loop import stop_tasks
from skylog.storage.base import ObjectStore

REQUEST_S_MAX: Final = 30.0
GRACE_S: Final = 5.0
"""How long requests under way may still take once somebody wants to stop."""

_PAGE: Final = 1000

Request = Callable[[Cell], Awaitable[int]]


class Load:
    """Makes requests below one prefix and remembers the objects it made.

    Parameters
    ----------
    store : ObjectStore
        Opened already.
    prefix : str
        Ends with a slash.
    stop : asyncio.Event
        Set when no further request should begin.

    Attributes
    ----------
    keys : set of str
        All objects that may be there.
    """

    def __init__(
        self, store: ObjectStore, prefix: str, stop: asyncio.Event, clock: Clock, entropy: Entropy
    ) -> None:
        self.keys: set[str] = set()
        self._store = store
        self._prefix = prefix
        self._stop = stop
        self._clock = clock
        self._entropy = entropy
        self._objects: dict[int, list[str]] = {}
        self._content = b""
        self._numbers = 0
        self._requests: dict[Kind, Request] = {
            "put": self._put,
            "get": self._get,
            "range": self._get_range,
            "list": self._list,
            "delete": self._delete,
        }

    async def prepare(self, size: int, connections: int) -> None:
        """Write one object and read it `connections` times at once, unmeasured: connections are open then.

        Raises what the store says if it cannot be used: 1 PUT, `connections` GETs.
        """
        self._fill(size)
        await self._finish([asyncio.create_task(self._warm(Cell("put", size, 1), connections))])

    def reason_to_leave_out(self, cell: Cell, share: Share) -> str:
        """Return why a cell cannot be measured; empty if it can."""
        if share.requests < 1:
            return "its traffic would exceed --bytes-max"
        if share.seconds <= 0:
            return "--seconds are over"
        needs = {"get": cell.size in self._objects, "range": bool(self._objects), "delete": bool(self.keys)}
        return "" if needs.get(cell.kind, True) else "there are no objects for it: their PUTs failed"

    async def run(self, cell: Cell, share: Share) -> Measured:
        """Measure one cell until its share is used up, it turns out hopeless, or `stop` is set."""
        if cell.kind == "put":
            self._fill(cell.size)
        if cell.kind == "delete":  # each such cell takes half of what the ones before left
            share = Share(min(share.requests, -(-len(self.keys) // 2)), share.seconds)
        turn = _Turn(cell, share, self._clock)
        request = self._requests[cell.kind]
        workers = [asyncio.create_task(self._work(turn, request)) for _ in range(cell.concurrency)]
        await self._finish(workers)
        return turn.measured

    async def _finish(self, workers: list[asyncio.Task[None]]) -> None:
        """Wait for workers; once `stop` is set only a little. Raises what one of them failed with."""
        everyone = asyncio.create_task(_wait_all(workers))
        stopping = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({everyone, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not everyone.done():
                await asyncio.wait(workers, timeout=GRACE_S)
        finally:
            await stop_tasks([stopping, everyone, *workers])
        for worker in workers:
            if not worker.cancelled():
                worker.result()

    async def _warm(self, cell: Cell, connections: int) -> None:
        async with asyncio.timeout(REQUEST_S_MAX):
            await self._put(cell)
            await asyncio.gather(*(self._get(cell) for _ in range(connections)))

    def _fill(self, size: int) -> None:
        """Make what PUTs write, before anything is timed."""
        if len(self._content) != size:
            self._content = self._entropy.random_bytes(size)

    async def _work(self, turn: _Turn, request: Request) -> None:
        while not self._stop.is_set() and turn.begin():
            start = self._clock.monotonic()
            try:
                async with asyncio.timeout(REQUEST_S_MAX):
                    moved = await request(turn.measured.cell)
            except TimeoutError:
                turn.measured.fail(Unavailable(f"no answer within {REQUEST_S_MAX:g} s"))
            except SkylogError as error:
                turn.measured.fail(error)
            else:
                turn.measured.succeed((self._clock.monotonic() - start) * 1000, moved)
            turn.end()
            # A store in memory never waits, and others want their turn.
            await self._clock.sleep(0)

    # Requests; each returns the bytes that it moved.

    async def _put(self, cell: Cell) -> int:
        self._numbers += 1
        key = f"{self._prefix}{cell.size}/{self._numbers:08d}"
        self.keys.add(key)
        await self._store.put(key, self._content)
        self._objects.setdefault(cell.size, []).append(key)
        return cell.size

    async def _get(self, cell: Cell) -> int:
        data = await self._store.get(self._some_object(cell.size))
        _require_size(data, cell.size)
        return cell.size

    async def _get_range(self, cell: Cell) -> int:
        largest = max(self._objects)
        size = min(cell.size, largest)
        position = int(self._entropy.uniform(0, largest - size))
        data = await self._store.get_range(self._some_object(largest), position, size)
        _require_size(data, size)
        return size

    async def _list(self, _: Cell) -> int:
        """One page of names."""
        count = 0
        async with aclosing(cast(Any, self._store.list(self._prefix))) as objects:
            async for _object in objects:
                count += 1
                if count == _PAGE:
                    break
        return 0

    async def _delete(self, _: Cell) -> int:
        """One object; there may be none left."""
        key = self.keys.pop() if self.keys else f"{self._prefix}gone"
        try:
            await self._store.delete([key])
        except BaseException:
            self.keys.add(key)
            raise
        return 0

    def _some_object(self, size: int) -> str:
        keys = self._objects[size]
        self._numbers += 1
        return keys[self._numbers % len(keys)]


class _Turn:
    """How far a cell is."""

    def __init__(self, cell: Cell, share: Share, clock: Clock) -> None:
        self.measured = Measured(cell)
        self._left = share.requests
        self._clock = clock
        self._start = clock.monotonic()
        self._end = self._start + share.seconds

    def begin(self) -> bool:
        """Tell whether one more request may begin, and count it."""
        # The first request always may: a share of no time at all is left out before.
        over = self._clock.monotonic() >= self._end and self.measured.requests > 0
        if self._left < 1 or over or self.measured.hopeless:
            return False
        self._left -= 1
        return True

    def end(self) -> None:
        self.measured.seconds = self._clock.monotonic() - self._start


async def _wait_all(workers: list[asyncio.Task[None]]) -> None:
    await asyncio.wait(workers)


def _require_size(data: Any, size: int) -> None:
    if len(data) != size:
        raise Corrupt(f"expected {size} bytes, found {len(data)}")
