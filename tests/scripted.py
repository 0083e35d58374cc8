"""A store whose requests take as long and end as they are told, in virtual time; the objects are real."""

from __future__ import annotations

import asyncio
import random  # noqa: TID251 - seeded
from collections import deque
from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from skylog.storage.base import Buffer, ObjectInfo
from skylog.storage.memory import MemoryStore
from skylog.storage.wrapping import Kind, Wrapper
from virtual import VirtualClock

T = TypeVar("T")


@dataclass(frozen=True)
class Step:
    """One request: how long it takes, what it raises, and whether it takes effect all the same."""

    seconds: float = 0.0
    error: Exception | None = None
    applied: bool = False


class Scripted(Wrapper):
    """Takes `steps` one by one, then `usual` ones; remembers what was asked and when."""

    def __init__(self, *steps: Step, usual: Step | None = None) -> None:
        super().__init__(MemoryStore(VirtualClock()))
        self.steps = deque(steps)
        self.usual = usual or Step()
        self.calls: list[tuple[Kind, str, float]] = []
        self.under_way = 0
        self.most_under_way = 0
        self.cancelled = 0

    def times(self) -> list[float]:
        """Return when each request came, in seconds after the first."""
        return [at - self.calls[0][2] for _, _, at in self.calls]

    async def put(self, key: str, data: Buffer) -> None:
        await self._do("put", key, self.inner.put(key, data))

    async def get(self, key: str) -> bytes:
        return await self._do("get", key, self.inner.get(key))

    async def get_range(self, key: str, position: int, size: int) -> bytes:
        return await self._do("get", key, self.inner.get_range(key, position, size))

    async def delete(self, keys: Sequence[str]) -> None:
        await self._do("delete", ",".join(keys), self.inner.delete(keys))

    async def list(self, prefix: str = "", start_after: str = "") -> AsyncIterator[ObjectInfo]:
        """Each object is a step of its own, so that a listing may break off anywhere."""
        async for found in self.inner.list(prefix, start_after):
            yield await self._do("list", found.key, _same(found))

    async def _do(self, kind: Kind, name: str, request: Coroutine[Any, Any, T]) -> T:
        step = self.steps.popleft() if self.steps else self.usual
        self.calls.append((kind, name, asyncio.get_running_loop().time()))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(step.seconds)  # noqa: TID251 - virtual time
            if step.error is not None and not step.applied:
                raise step.error
            result = await request
            if step.error is not None:
                raise step.error
            return result
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.under_way -= 1
            request.close()


async def _same(value: T) -> T:
    return value


class SeededEntropy:
    """The same chances every time."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)

    def random_bytes(self, size: int) -> bytes:
        return self._random.randbytes(size)

    def uniform(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)


class Highest(SeededEntropy):
    """Always the longest wait that may be drawn."""

    def uniform(self, low: float, high: float) -> float:
        return high
