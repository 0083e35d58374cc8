"""Requests that fail are made again, within a deadline, and less often when the store asks for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar

from skylog.clock import Clock, Entropy
from skylog.errors import Corrupt, NotFound, SkylogError, Throttled, Unavailable
from skylog.storage.base import Buffer, ObjectInfo, ObjectStore
from skylog.storage.wrapping import Kind, Pages, Wrapper

log = logging.getLogger("skylog.storage")

T = TypeVar("T")
Asked: TypeAlias = Kind | Literal["open"]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long.

    Parameters
    ----------
    attempts_max
        Of one request.
    attempt_ms_max
        After which an attempt counts as failed. It may still take effect.
    request_ms_max
        All attempts and the pauses between them. A LIST has as long for each 1,000 objects.
    backoff_ms_first, backoff_ms_max
        Each pause is drawn between 0 and a ceiling, which begins at the first and doubles up to the second.
    throttled_ms_first, throttled_ms_max
        The same after `Throttled`, and what every other request then waits, too; see `Slowdown`.
    not_found_attempts_max
        GETs of an object that is not there: some services show an object a little after its PUT.
    not_found_ms_first
        The pause before the second of them; it doubles.
    """

    attempts_max: int = 5
    attempt_ms_max: int = 10_000
    request_ms_max: int = 30_000
    backoff_ms_first: float = 50.0
    backoff_ms_max: float = 2_000.0
    throttled_ms_first: float = 500.0
    throttled_ms_max: float = 8_000.0
    not_found_attempts_max: int = 3
    not_found_ms_first: float = 50.0


@dataclass(slots=True)
class RetryStats:
    """Counts since the start.

    `retries` are attempts after the first, `timeouts` attempts that took too long, `throttled` those that the
    store refused for their number, `given_up` requests that ended in an error which another attempt might
    have cured; `waited_ms` is the time between attempts.
    """

    retries: int = 0
    timeouts: int = 0
    throttled: int = 0
    given_up: int = 0
    waited_ms: float = 0.0


class Slowdown:
    """How long each attempt waits while the store asks for fewer: the concurrency is bounded, so the rate is.

    Attempts that are under way together are refused together, so within one such wait only the first refusal
    doubles it. It halves every two seconds by itself.
    """

    HALF_LIFE_S = 2.0
    WAIT_S_FIRST = 0.02
    WAIT_S_MAX = 1.0

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wait_s = 0.0
        self._since = clock.monotonic()

    def wait_s(self) -> float:
        """Return what an attempt should wait, about; 0 when all is well."""
        if not self._wait_s:
            return 0.0
        wait_s = self._wait_s * 0.5 ** ((self._clock.monotonic() - self._since) / self.HALF_LIFE_S)
        return wait_s if wait_s >= 0.001 else 0.0

    def slow_down(self) -> None:
        """Take note that the store asked for fewer requests."""
        now, wait_s = self._clock.monotonic(), self.wait_s()
        if wait_s and now - self._since < wait_s:
            return
        self._wait_s, self._since = min(self.WAIT_S_MAX, max(self.WAIT_S_FIRST, 2 * wait_s)), now


class Retrying(Wrapper):
    """An `ObjectStore` that asks `inner` again: after `Unavailable`; a GET after `Corrupt`, `NotFound`.

    Every request of the protocol may be made twice: a key belongs to its bytes for ever. What remains after
    all attempts is the last error; none is raised later than the deadline. Cancellation passes at once.
    """

    def __init__(self, inner: ObjectStore, clock: Clock, entropy: Entropy, policy: RetryPolicy) -> None:
        super().__init__(inner)
        self.stats = RetryStats()
        self.slowdown = Slowdown(clock)
        self._clock = clock
        self._entropy = entropy
        self._policy = policy

    async def open(self) -> None:
        """Open the inner store: one answer that is lost while it is probed ends no start.

        What is bounded in time are its own requests, not the whole of it.
        """
        deadline = self._clock.monotonic() + self._policy.request_ms_max / 1000
        attempt = 1
        while not await self._is_open(attempt, deadline):
            attempt += 1

    async def put(self, key: str, data: Buffer) -> None:
        """Store `data`: 1 PUT for each attempt."""
        await self._run("put", key, lambda: self.inner.put(key, data))

    async def get(self, key: str) -> bytes:
        """Return the whole object: 1 GET for each attempt."""
        return await self._run("get", key, lambda: self.inner.get(key))

    async def get_range(self, key: str, position: int, size: int) -> bytes:
        """Return `size` bytes from `position`: 1 GET for each attempt."""
        return await self._run("get", key, lambda: self.inner.get_range(key, position, size))

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove objects: 1 DELETE for each 1,000 and attempt."""
        await self._run("delete", f"{len(keys)} objects", lambda: self.inner.delete(keys))

    async def list(self, prefix: str = "", start_after: str = "") -> AsyncIterator[ObjectInfo]:
        """Yield what the inner store lists; after a failure it goes on behind the last object seen."""
        pages = Pages(self.inner, prefix, start_after)
        while page := await self._run("list", f"{prefix}*", pages.read):
            for found in page:
                yield found

    async def _is_open(self, attempt: int, deadline: float) -> bool:
        try:
            await self.inner.open()
        except Unavailable as error:
            if attempt >= self._policy.attempts_max or self._clock.monotonic() >= deadline:
                raise
            log.warning("%s: attempt %d to open it: %s", self.url, attempt, error)
            await self._pause(self._pause_s("open", error, attempt) or 0.0)
            return False
        return True

    async def _run(self, kind: Kind, name: str, request: Callable[[], Coroutine[Any, Any, T]]) -> T:
        deadline = self._clock.monotonic() + self._policy.request_ms_max / 1000
        attempt = 1
        while True:
            try:
                return await self._attempt(f"{kind} {name}", request, deadline)
            except SkylogError as error:
                pause_s = self._pause_s(kind, error, attempt)
                if pause_s is None:
                    raise
                if attempt >= self._attempts_max(error) or self._clock.monotonic() + pause_s >= deadline:
                    self.stats.given_up += 1
                    raise
                log.warning("%s %s: attempt %d: %s; next in %.3f s", kind, name, attempt, error, pause_s)
            await self._pause(pause_s)
            self.stats.retries += 1
            attempt += 1

    async def _attempt(self, what: str, request: Callable[[], Coroutine[Any, Any, T]], deadline: float) -> T:
        await self._wait_while_slow(deadline)
        left_s = max(0.0, deadline - self._clock.monotonic())
        limit_s = min(self._policy.attempt_ms_max / 1000, left_s)
        try:
            async with asyncio.timeout(limit_s):
                return await request()
        except TimeoutError as error:
            self.stats.timeouts += 1
            raise Unavailable(f"{what}: no answer within {limit_s:.3g} s") from error
        except Throttled:
            self.stats.throttled += 1
            self.slowdown.slow_down()
            raise

    async def _wait_while_slow(self, deadline: float) -> None:
        wait_s = self.slowdown.wait_s()
        if wait_s:
            left_s = deadline - self._clock.monotonic()
            await self._pause(min(left_s / 2, self._entropy.uniform(wait_s / 2, wait_s * 3 / 2)))

    async def _pause(self, seconds: float) -> None:
        self.stats.waited_ms += seconds * 1000
        await self._clock.sleep(seconds)

    def _attempts_max(self, error: SkylogError) -> int:
        policy = self._policy
        return policy.not_found_attempts_max if isinstance(error, NotFound) else policy.attempts_max

    def _pause_s(self, kind: Asked, error: SkylogError, attempt: int) -> float | None:
        """Return how long to wait after an attempt; None for an error that no attempt will cure."""
        policy, doubled = self._policy, 2.0 ** (attempt - 1)
        if isinstance(error, NotFound):
            ceiling_ms = policy.not_found_ms_first * doubled
            return self._entropy.uniform(ceiling_ms / 2, ceiling_ms) / 1000 if kind == "get" else None
        if isinstance(error, Throttled):
            ceiling_ms = min(policy.throttled_ms_max, policy.throttled_ms_first * doubled)
            return self._entropy.uniform(ceiling_ms / 2, ceiling_ms) / 1000
        if isinstance(error, Unavailable) or (isinstance(error, Corrupt) and kind == "get"):
            ceiling_ms = min(policy.backoff_ms_max, policy.backoff_ms_first * doubled)
            return self._entropy.uniform(0.0, ceiling_ms) / 1000
        return None
