"""Whole segments in memory, each loaded once however many ask for it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from skylog.errors import Unavailable


@dataclass(slots=True)
class CacheStats:
    """Counts since the start. `misses` are calls that had to wait; `loads` what the store was asked for."""

    hits: int = 0
    misses: int = 0
    loads: int = 0
    evictions: int = 0


class SegmentCache:
    """Objects by key, the least recently used give way; objects never change, so nothing grows stale.

    Parameters
    ----------
    loader
        Fetches an object: 1 GET. What it raises reaches every caller that waits and is not remembered.
    bytes_max
        Budget of what is held. An object larger than all of it is passed on and not kept.
    loads_max
        Loads under way at once. What they hold comes on top of the budget.
    """

    def __init__(self, loader: Callable[[str], Awaitable[bytes]], bytes_max: int, loads_max: int) -> None:
        self.stats = CacheStats()
        self._bytes_max = bytes_max
        self._loader = loader
        self._permits = asyncio.Semaphore(loads_max)
        self._segments: OrderedDict[str, bytes] = OrderedDict()
        self._loads: dict[str, asyncio.Task[bytes]] = {}
        self._size = 0

    def __repr__(self) -> str:
        held = f"{len(self._segments)} segments, {self._size} of {self._bytes_max} bytes"
        return f"SegmentCache({held}, {self.stats})"

    def __len__(self) -> int:
        return len(self._segments)

    @property
    def size(self) -> int:
        """Bytes held."""
        return self._size

    def peek(self, key: str) -> bytes | None:
        """Return a segment that is at hand; counts as a hit, and as nothing where there is none."""
        data = self._segments.get(key)
        if data is not None:
            self._segments.move_to_end(key)
            self.stats.hits += 1
        return data

    async def get(self, key: str) -> bytes:
        """Return a segment, loading it if nobody does so yet: 0 or 1 GET.

        A caller that is cancelled leaves the load to the others and to the cache. Raises what the loader
        raises; `Unavailable` when the cache is closed meanwhile.
        """
        data = self.peek(key)
        if data is not None:
            return data
        self.stats.misses += 1
        load = self._loads.get(key) or self._start(key)
        try:
            return await asyncio.shield(load)
        except asyncio.CancelledError:
            if load.cancelled():
                raise Unavailable(f"segment {key}: the cache was closed") from None
            raise

    def put(self, key: str, data: bytes) -> None:
        """Hold a segment that was just written, and let old ones go for it."""
        if len(data) > self._bytes_max:
            return
        self._size -= len(self._segments.pop(key, b""))
        self._segments[key] = data
        self._size += len(data)
        while self._size > self._bytes_max:
            _, oldest = self._segments.popitem(last=False)
            self._size -= len(oldest)
            self.stats.evictions += 1

    async def close(self) -> None:
        """Stop what is being loaded and forget all."""
        loads = list(self._loads.values())
        for load in loads:
            load.cancel()
        await asyncio.gather(*loads, return_exceptions=True)
        self._segments.clear()
        self._size = 0

    def _start(self, key: str) -> asyncio.Task[bytes]:
        load = asyncio.create_task(self._load(key), name=f"load {key}")
        self._loads[key] = load
        load.add_done_callback(lambda done: self._finish(key, done))
        return load

    async def _load(self, key: str) -> bytes:
        async with self._permits:
            self.stats.loads += 1
            return await self._loader(key)

    def _finish(self, key: str, load: asyncio.Task[bytes]) -> None:
        del self._loads[key]
        if not load.cancelled() and load.exception() is None:
            self.put(key, load.result())
