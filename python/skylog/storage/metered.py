"""What a store is asked for, counted: requests are what an object store bills."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from skylog.errors import SkylogError
from skylog.storage.base import Buffer, ObjectInfo, ObjectStore

T = TypeVar("T")

_PER_DELETE = 1000
_PER_LIST = 1000


@dataclass(slots=True)
class StoreUsage:
    """Requests and bytes since the start; a request counts when it is made, bytes when it succeeds."""

    puts: int = 0
    put_bytes: int = 0
    gets: int = 0
    get_bytes: int = 0
    deletes: int = 0
    deleted_objects: int = 0
    lists: int = 0
    listed_objects: int = 0
    failures: int = 0


class Metered:
    """An `ObjectStore` that counts in `usage` what goes through it to `inner`."""

    def __init__(self, inner: ObjectStore) -> None:
        self.inner = inner
        self.usage = StoreUsage()

    @property
    def url(self) -> str:
        """The inner store's address."""
        return self.inner.url

    @property
    def puts_per_second(self) -> float:
        """What the store behind it says."""
        return self.inner.puts_per_second

    async def open(self) -> None:
        """Open the inner store."""
        await self.inner.open()

    async def put(self, key: str, data: Buffer) -> None:
        """Store `data`: 1 PUT."""
        self.usage.puts += 1
        await self._watch(self.inner.put(key, data))
        self.usage.put_bytes += memoryview(data).nbytes

    async def get(self, key: str) -> bytes:
        """Return the whole object: 1 GET."""
        self.usage.gets += 1
        data = await self._watch(self.inner.get(key))
        self.usage.get_bytes += len(data)
        return data

    async def get_range(self, key: str, position: int, size: int) -> bytes:
        """Return `size` bytes from `position`: 1 GET."""
        self.usage.gets += 1
        data = await self._watch(self.inner.get_range(key, position, size))
        self.usage.get_bytes += len(data)
        return data

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove objects: 1 DELETE for each 1,000."""
        self.usage.deletes += -(-len(keys) // _PER_DELETE)
        await self._watch(self.inner.delete(keys))
        self.usage.deleted_objects += len(keys)

    async def list(self, prefix: str = "", start_after: str = "") -> AsyncIterator[ObjectInfo]:
        """Yield what the inner store lists: 1 LIST for each 1,000."""
        self.usage.lists += 1
        listed = 0
        async for found in self.inner.list(prefix, start_after):
            if listed and listed % _PER_LIST == 0:
                self.usage.lists += 1
            listed += 1
            self.usage.listed_objects += 1
            yield found

    async def close(self) -> None:
        """Close the inner store."""
        await self.inner.close()

    async def _watch(self, request: Awaitable[T]) -> T:
        try:
            return await request
        except SkylogError:
            self.usage.failures += 1
            raise
