"""What an object store must do; one contract suite holds every implementation to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from skylog.core import SharedBytes
from skylog.errors import InvalidRequest

Buffer: TypeAlias = bytes | bytearray | memoryview
"""Bytes that a store takes; a sealed segment is a view over memory that never changes (`frozen`)."""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object as a listing shows it. `size` in bytes, `modified_ms` by the store's clock."""

    key: str
    size: int
    modified_ms: int


class ObjectStore(Protocol):
    """A flat room of immutable objects.

    Keys are relative, of ASCII letters, digits and ``-_./=``; no part between slashes is empty or starts
    with a dot (`skylog.storage.keys.check_key`). A key that is a directory of another (``a`` and ``a/b``)
    need not be possible. Every method may raise `Unavailable` (try again, the outcome of a PUT may be
    unknown) and `InvalidRequest` (a key that cannot be). A call that is cancelled may still take effect.
    """

    @property
    def url(self) -> str:
        """The store's address, without secrets."""
        ...

    @property
    def puts_per_second(self) -> float:
        """PUTs that time alone may cause unless the operator says otherwise: 4 where each costs money."""
        ...

    @property
    def puts_awaited_per_second(self) -> float:
        """The same while all producers wait: as many as a core can bear where none costs money."""
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
        """Return `size` bytes, at least 1, from `position`: 1 GET.

        Raises `NotFound`; `InvalidRequest` for a range that is not wholly inside the object.
        """
        ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; one that is not there is no error. 1 DELETE for up to 1,000 keys where it can."""
        ...

    def list(self, prefix: str = "", start_after: str = "") -> AsyncIterator[ObjectInfo]:
        """Yield the objects whose keys begin with `prefix` in order of keys, after `start_after`.

        1 LIST for 1,000. An object that comes or goes meanwhile may be seen or not.
        """
        ...

    async def close(self) -> None:
        """Release connections and threads. Nothing is lost by not calling it."""
        ...


def frozen(data: Buffer) -> bytes | memoryview:
    """Return `data` as it is if nobody can change it any more, else a copy."""
    if isinstance(data, bytes) or (
        isinstance(data, memoryview) and isinstance(data.obj, bytes | SharedBytes)
    ):
        return data
    return bytes(data)


def check_range(key: str, position: int, size: int) -> None:
    """Raise `InvalidRequest` for a range that no object has."""
    if position < 0 or size < 1:
        raise InvalidRequest(
            f"range of {key}: expected a position from 0 and a size from 1, found {position} and {size}"
        )


def check_range_end(key: str, position: int, size: int, object_size: int) -> None:
    """Raise `InvalidRequest` for a range that ends behind its object."""
    if position + size > object_size:
        raise InvalidRequest(
            f"range of {key}: expected an end up to {object_size}, the object's size, found {position + size}"
        )
