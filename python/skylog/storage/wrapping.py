"""What stores around a store have in common: everything passes on, each overrides what it changes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Literal, TypeAlias

from skylog.storage.base import Buffer, ObjectInfo, ObjectStore

Kind: TypeAlias = Literal["put", "get", "delete", "list"]
"""Requests as stores bill them; a ranged GET is a GET."""

KINDS: tuple[Kind, ...] = ("put", "get", "delete", "list")

PAGE_OBJECTS = 1000
"""What one LIST returns, and what one DELETE takes, at most."""


class Wrapper:
    """An `ObjectStore` that does what `inner` does."""

    def __init__(self, inner: ObjectStore) -> None:
        self.inner = inner

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.inner!r})"

    @property
    def url(self) -> str:
        """The inner store's address."""
        return self.inner.url

    @property
    def puts_per_second(self) -> float:
        """What the store behind it says."""
        return self.inner.puts_per_second

    @property
    def puts_awaited_per_second(self) -> float:
        """What the store behind it says."""
        return self.inner.puts_awaited_per_second

    async def open(self) -> None:
        """Open the inner store."""
        await self.inner.open()

    async def put(self, key: str, data: Buffer) -> None:
        """Store `data` under `key`."""
        await self.inner.put(key, data)

    async def get(self, key: str) -> bytes:
        """Return the whole object."""
        return await self.inner.get(key)

    async def get_range(self, key: str, position: int, size: int) -> bytes:
        """Return `size` bytes from `position`."""
        return await self.inner.get_range(key, position, size)

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove objects."""
        await self.inner.delete(keys)

    async def list(self, prefix: str = "", start_after: str = "") -> AsyncIterator[ObjectInfo]:
        """Yield what the inner store lists."""
        async for found in self.inner.list(prefix, start_after):
            yield found

    async def close(self) -> None:
        """Close the inner store."""
        await self.inner.close()


class Pages:
    """A listing in pieces of up to 1,000 objects, each asked for by a call of its own.

    A call that fails or is cancelled may be made again: it goes on behind the last object that was seen.
    """

    def __init__(self, store: ObjectStore, prefix: str, start_after: str) -> None:
        self._store = store
        self._prefix = prefix
        self._last = start_after
        self._objects: AsyncIterator[ObjectInfo] | None = None
        self._page: list[ObjectInfo] = []
        self._ended = False

    async def read(self) -> list[ObjectInfo]:
        """Return the next objects, none at the end: 1 LIST, none behind a page that was not full."""
        if self._ended:
            return []
        objects, self._objects = self._objects or self._store.list(self._prefix, self._last), None
        async for found in objects:
            self._page.append(found)
            self._last = found.key
            if len(self._page) == PAGE_OBJECTS:
                self._objects = objects
                break
        else:
            self._ended = True
        page, self._page = self._page, []
        return page
