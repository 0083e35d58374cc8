"""A store as slow and as unreliable as wanted, around any other: for tests, benches and trying things."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from skylog.clock import Clock, Entropy
from skylog.errors import InvalidConfig, Unavailable
from skylog.storage.base import Buffer, ObjectInfo, ObjectStore
from skylog.storage.wrapping import KINDS, Kind, Wrapper

_P99_DEVIATIONS = NormalDist().inv_cdf(0.99)


@dataclass(frozen=True, slots=True)
class Latency:
    """How long requests take: always `p50_ms`, or log-normal through `p50_ms` and `p99_ms`, about as S3."""

    p50_ms: float = 0.0
    p99_ms: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.p50_ms < math.inf:
            raise InvalidConfig(f"latency: expected 0 ms or more, found {self.p50_ms}")
        if self.p99_ms is not None and not 0 < self.p50_ms <= self.p99_ms < math.inf:
            raise InvalidConfig(
                f"latency: expected 0 < p50 <= p99, found p50 {self.p50_ms} ms, p99 {self.p99_ms} ms"
            )

    def draw_ms(self, entropy: Entropy) -> float:
        """Return the latency of one request in milliseconds."""
        if self.p99_ms is None:
            return self.p50_ms
        deviations = NormalDist().inv_cdf(entropy.uniform(1e-6, 1 - 1e-6))
        return self.p50_ms * math.exp(math.log(self.p99_ms / self.p50_ms) * deviations / _P99_DEVIATIONS)


@dataclass(frozen=True, slots=True)
class _Failure:
    error: Exception
    applied: bool


class Delayed(Wrapper):
    """An `ObjectStore` that waits, then does what `inner` does, or fails as it was told.

    Parameters
    ----------
    put, get
        Latencies of PUT, and of GET whole or ranged. DELETE and LIST are not delayed.
    """

    def __init__(
        self,
        inner: ObjectStore,
        clock: Clock,
        entropy: Entropy,
        *,
        put: Latency | None = None,
        get: Latency | None = None,
    ) -> None:
        super().__init__(inner)
        self._clock = clock
        self._entropy = entropy
        self.put_latency = put or Latency()
        self.get_latency = get or Latency()
        self._failures: dict[Kind, deque[_Failure]] = {kind: deque() for kind in KINDS}

    def fail_next(
        self, kind: Kind, count: int = 1, *, error: Exception | None = None, applied: bool = False
    ) -> None:
        """Let the next `count` requests of a kind fail.

        Parameters
        ----------
        error
            What they raise, `Unavailable` if nothing is given.
        applied
            Whether the request takes effect all the same: an answer that was lost.
        """
        failure = _Failure(error or Unavailable(f"{kind} was told to fail"), applied)
        self._failures[kind].extend([failure] * count)

    async def put(self, key: str, data: Buffer) -> None:
        """Wait, then store: nothing is to be seen before the latency is over."""
        failure = await self._wait("put", self.put_latency)
        await self.inner.put(key, data)
        _raise(failure)

    async def get(self, key: str) -> bytes:
        """Wait, then return the whole object."""
        _raise(await self._wait("get", self.get_latency))
        return await self.inner.get(key)

    async def get_range(self, key: str, position: int, size: int) -> bytes:
        """Wait, then return the range."""
        _raise(await self._wait("get", self.get_latency))
        return await self.inner.get_range(key, position, size)

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove objects."""
        failure = await self._wait("delete", Latency())
        await self.inner.delete(keys)
        _raise(failure)

    async def list(self, prefix: str = "", start_after: str = "") -> AsyncIterator[ObjectInfo]:
        """Yield what the inner store lists."""
        _raise(await self._wait("list", Latency()))
        async for found in self.inner.list(prefix, start_after):
            yield found

    async def _wait(self, kind: Kind, latency: Latency) -> _Failure | None:
        failures = self._failures[kind]
        failure = failures.popleft() if failures else None
        delay_ms = latency.draw_ms(self._entropy)
        if delay_ms > 0:
            await self._clock.sleep(delay_ms / 1000)
        if failure is not None and not failure.applied:
            raise failure.error
        return failure


def _raise(failure: _Failure | None) -> None:
    if failure is not None:
        raise failure.error
