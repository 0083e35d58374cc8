"""A broker that starts behind a log of many segments: a slow store whose GETs are watched; virtual time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fetching import Reading, fetched
from producing import Consumer, Line, answered, line
from skylog.config import FetchConfig
from skylog.fetch.load import segment_loader
from skylog.storage.base import Buffer
from skylog.storage.cache import BlockCache, CacheLimits
from skylog.storage.delay import Latency
from skylog.storage.limited import Lanes
from skylog.storage.wrapping import Wrapper
from virtual import VirtualClock

GET_MS = 30
COLD_REQUESTS_MAX = 8


class Watched(Wrapper):
    """Counts GETs: in all by key, under way, and how busy the store was."""

    def __init__(self, inner: object) -> None:
        super().__init__(inner)  # type: ignore[arg-type]
        self.gets: Counter[str] = Counter()
        self.under_way = 0
        self.under_way_max = 0
        self.cancelled = 0

    async def get(self, key: str) -> Buffer:  # type: ignore[override]
        self.gets[key] += 1
        self.under_way += 1
        self.under_way_max = max(self.under_way_max, self.under_way)
        try:
            return await self.inner.get(key)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.under_way -= 1

    @property
    def count(self) -> int:
        """GETs in all."""
        return sum(self.gets.values())


class Restarted:
    """What a broker has that finds segments in the store and nothing in its cache."""

    def __init__(self, built: Line) -> None:
        self.built = built
        self.store = Watched(built.store)
        self.lanes = Lanes(
            self.store,
            VirtualClock(),
            produce=1,
            tail=32,
            cold=COLD_REQUESTS_MAX,
            background=1,
            request_ms_max=30_000,
        )
        config = built.fetch_config
        load = segment_loader(config, self.lanes.tail, self.lanes.cold_for)
        self.cache = BlockCache(load, CacheLimits.of(config))
        self.reading = Reading(built, self.cache)

    async def fetch(self, offset: int, client: Consumer, *, partition_bytes: int = 1) -> int:
        """Fetch one segment, each holds one record; return the bytes that came."""
        reply = self.reading.fetch(offset, partition_bytes=partition_bytes, client=client)
        await answered([reply])
        found = fetched(reply)
        assert found.error_code == 0
        return len(found.records)

    async def walk(self, client: Consumer, start: int, stop: int) -> None:
        """Read segment after segment as fast as they come."""
        for offset in range(start, stop):
            assert await self.fetch(offset, client) > 0


@asynccontextmanager
async def restarted(segments: int, *, age_s: float = 3600, **fetch: int) -> AsyncIterator[Restarted]:
    """Write so many segments of one record, let them age, and start anew."""
    async with line(fetch_config=FetchConfig(**fetch)) as built:
        for _ in range(segments):
            await answered([built.produce()])
        await asyncio.sleep(age_s)  # noqa: TID251 - virtual time
        built.store.get_latency = Latency(GET_MS)
        broker = Restarted(built)
        yield broker
        await broker.reading.ahead.close()
        await broker.cache.close()
