"""What a store is asked for, counted: requests are what an object store bills."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

from skylog.clock import Clock
from skylog.errors import SkylogError
from skylog.storage.base import Buffer, ObjectInfo, ObjectStore
from skylog.storage.latencies import Latencies
from skylog.storage.prices import PriceSheet
from skylog.storage.wrapping import KINDS, PAGE_OBJECTS, Kind, Wrapper

T = TypeVar("T")


@dataclass(slots=True)
class StoreUsage:
    """Requests and bytes since the start; a request counts when it is made, bytes when it succeeds.

    `cancelled` are those that were given up before their answer: the slower of a hedged pair, an attempt
    past its time, all that was under way at the end.
    """

    puts: int = 0
    put_bytes: int = 0
    gets: int = 0
    get_bytes: int = 0
    deletes: int = 0
    deleted_objects: int = 0
    lists: int = 0
    listed_objects: int = 0
    failures: int = 0
    cancelled: int = 0

    @classmethod
    def from_report(cls, report: Mapping[str, Any]) -> StoreUsage:
        """Return what a broker's report says of it."""
        return cls(**{field.name: report[field.name] for field in fields(cls)})

    def dollars(self, sheet: PriceSheet) -> float:
        """Return what all of it costs; providers do not bill every request that failed, so at most."""
        requests = sheet.request_dollars(self.puts, self.gets, self.lists, self.deletes)
        return requests + sheet.transfer_dollars(self.put_bytes, self.get_bytes)


class Metered(Wrapper):
    """An `ObjectStore` that counts and times what goes through it to `inner`.

    It stands next to the store, below retries and hedges, so it sees each request that is billed.

    Attributes
    ----------
    usage
        Counts.
    failures
        How often requests of a kind ended in which error.
    latencies
        Per kind, of requests that succeeded; of a LIST the time to its first object.
    """

    def __init__(self, inner: ObjectStore, clock: Clock) -> None:
        super().__init__(inner)
        self.usage = StoreUsage()
        self.failures: Counter[tuple[Kind, str]] = Counter()
        self.latencies = {kind: Latencies() for kind in KINDS}
        self._clock = clock
        self._started = clock.monotonic()

    def money(self, sheet: PriceSheet) -> float:
        """Return dollars since the start."""
        return self.usage.dollars(sheet)

    def report(self) -> dict[str, Any]:
        """Return all of it as JSON takes it; the fields of `usage` stand at the top."""
        failures: dict[str, dict[str, int]] = {}
        for (kind, error), count in self.failures.items():
            failures.setdefault(kind, {})[error] = count
        return {
            **asdict(self.usage),
            "seconds": round(self._clock.monotonic() - self._started, 3),
            "failures_by_kind": failures,
            "latencies_ms": {kind: of.summary() for kind, of in self.latencies.items() if of.count},
        }

    async def put(self, key: str, data: Buffer) -> None:
        """Store `data`: 1 PUT."""
        self.usage.puts += 1
        await self._watch("put", self.inner.put(key, data))
        self.usage.put_bytes += memoryview(data).nbytes

    async def get(self, key: str) -> bytes:
        """Return the whole object: 1 GET."""
        self.usage.gets += 1
        data = await self._watch("get", self.inner.get(key))
        self.usage.get_bytes += len(data)
        return data

    async def get_range(self, key: str, position: int, size: int) -> bytes:
        """Return `size` bytes from `position`: 1 GET."""
        self.usage.gets += 1
        data = await self._watch("get", self.inner.get_range(key, position, size))
        self.usage.get_bytes += len(data)
        return data

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove objects: 1 DELETE for each 1,000."""
        self.usage.deletes += -(-len(keys) // PAGE_OBJECTS)
        await self._watch("delete", self.inner.delete(keys))
        self.usage.deleted_objects += len(keys)

    async def list(self, prefix: str = "", start_after: str = "") -> AsyncIterator[ObjectInfo]:
        """Yield what the inner store lists: 1 LIST for each 1,000."""
        self.usage.lists += 1
        objects = self.inner.list(prefix, start_after)
        listed = 0
        while (found := await self._watch("list", anext(objects, None), timed=not listed)) is not None:
            if listed and listed % PAGE_OBJECTS == 0:
                self.usage.lists += 1
            listed += 1
            self.usage.listed_objects += 1
            yield found

    async def _watch(self, kind: Kind, request: Awaitable[T], *, timed: bool = True) -> T:
        start = self._clock.monotonic()
        try:
            result = await request
        except asyncio.CancelledError:
            self.usage.cancelled += 1
            raise
        except SkylogError as error:
            self.usage.failures += 1
            self.failures[kind, type(error).__name__] += 1
            raise
        if timed:
            self.latencies[kind].record((self._clock.monotonic() - start) * 1000)
        return result
