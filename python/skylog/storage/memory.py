"""``memory:``: objects in a dictionary, gone with the process; for tests, embedding and trying things."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from skylog.clock import Clock
from skylog.errors import NotFound
from skylog.storage.base import Buffer, ObjectInfo, check_range, check_range_end, frozen
from skylog.storage.keys import check_key


@dataclass(frozen=True, slots=True)
class _Object:
    data: bytes | memoryview
    modified_ms: int


class MemoryStore:
    """An `ObjectStore` that holds what it was given; `bytes` and sealed segments without a copy."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._objects: dict[str, _Object] = {}

    @property
    def url(self) -> str:
        """The store's address."""
        return "memory:"

    @property
    def puts_per_second(self) -> float:
        """As many as cost little of a core: each brings 0.2 to 0.7 ms of work."""
        return 25.0

    @property
    def puts_awaited_per_second(self) -> float:
        """Nothing else limits one producer after another: a quarter of a core."""
        return 1000.0

    async def open(self) -> None:
        """Do nothing: memory is there."""

    async def put(self, key: str, data: Buffer) -> None:
        """Hold `data`; what may change later is copied."""
        self._objects[check_key(key)] = _Object(frozen(data), self._clock.now_ms())

    async def get(self, key: str) -> bytes:
        """Return the whole object. Raises `NotFound`."""
        return bytes(self._find(key).data)

    async def get_range(self, key: str, position: int, size: int) -> bytes:
        """Return `size` bytes from `position`. Raises `NotFound`; `InvalidRequest` past the end."""
        check_range(key, position, size)
        data = self._find(key).data
        check_range_end(key, position, size, len(data))
        return bytes(data[position : position + size])

    async def delete(self, keys: Sequence[str]) -> None:
        """Forget objects; one that is not there is no error."""
        for key in [check_key(key) for key in keys]:
            self._objects.pop(key, None)

    async def list(self, prefix: str = "", start_after: str = "") -> AsyncIterator[ObjectInfo]:
        """Yield the objects below `prefix` in order of keys, after `start_after`: those of the start."""
        objects = sorted(self._objects.items())
        for key, found in objects:
            if key.startswith(prefix) and key > start_after:
                yield ObjectInfo(key, len(found.data), found.modified_ms)

    async def close(self) -> None:
        """Do nothing: the objects live as long as the store."""

    def _find(self, key: str) -> _Object:
        found = self._objects.get(check_key(key))
        if found is None:
            raise NotFound(f"{self.url} has no object {key}")
        return found
