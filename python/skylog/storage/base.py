"""What an object store must do; one contract suite holds every implementation to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

Buffer: TypeAlias = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object as a listing shows it. `size` in bytes, `modified_ms` by the store's clock."""

    key: str
    size: int
    modified_ms: int


class ObjectStore(Protocol):
    """A flat room of immutable objects.

    Keys are relative, of ASCII letters, digits and ``-_./=``, never absolute and without ``..`` parts. Every method
    may raise `Unavailable` (try again, the outcome of a PUT may be unknown) and `InvalidRequest` (a key
    that cannot be).
    """

    @property
    def url(self) -> str:
        """The store's address, without secrets."""
        ...

    @property
    def billed(self) -> bool:
        """Whether each request costs money, so that PUTs want a budget."""
        ...

    async def open(self) -> None:
        """Check that the store can be used; errors say what to do. Called once, before all else."""
        ...

    async def put(self, key: str, data: Buffer) -> None:
        """Store `data` durably under `key` in one piece: 1 PUT. Readers see all of it or nothing.

        The same key may be written again with the same bytes.
        """
        ...

    async def get(self, key: str) -> bytes:
        """Return the whole object: 1 GET. Raises `NotFound`."""
        ...

    async def get_range(self, key: str, position: int, size: int) -> bytes:
        """Return `size` bytes from `position`: 1 GET. Raises `NotFound`; `InvalidRequest` past the end."""
        ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; one that is not there is no error. 1 DELETE for up to 1,000 keys where it can."""
        ...

    def list(self, prefix: str = "", start_after: str = "") -> AsyncIterator[ObjectInfo]:
        """Yield the objects below `prefix` in order of keys, after `start_after`: 1 LIST for 1,000."""
        ...

    async def close(self) -> None:
        """Release connections and threads. Nothing is lost by not calling it."""
        ...
