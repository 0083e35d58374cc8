"""Time and randomness, handed in everywhere so that a test or a simulator can own them."""

from __future__ import annotations

import asyncio
import random  # noqa: TID251 - the one place
import time
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

WAIT_STEP_S = 0.002


class Clock(Protocol):
    """Where the time comes from."""

    def now_ms(self) -> int:
        """Return the wall clock in milliseconds since 1970."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` on the running event loop."""
        ...


async def wait_until(condition: Callable[[], bool], clock: Clock, seconds_max: float) -> bool:
    """Look every other millisecond until `condition` holds; False when `seconds_max` passed first."""
    deadline = clock.monotonic() + seconds_max
    while not condition():
        if clock.monotonic() >= deadline:
            return False
        await clock.sleep(WAIT_STEP_S)
    return True


class Stopwatch:
    """Counts the time that work takes on the event loop, not the time that it waits."""

    __slots__ = ("_clock", "_since", "_stopped_seconds")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stopped_seconds = 0.0
        self._since: float | None = None

    @property
    def seconds(self) -> float:
        """What was counted up to now."""
        running = 0.0 if self._since is None else self._clock.monotonic() - self._since
        return self._stopped_seconds + running

    def start(self) -> None:
        """Count from now on."""
        self._since = self._clock.monotonic()

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *_: object) -> None:
        self._stopped_seconds, self._since = self.seconds, None

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do `work`, counting each of its steps."""
        result: T = await _Steps(work, self)
        return result


class _Steps:
    """A coroutine, step by step under a stopwatch."""

    def __init__(self, work: Coroutine[Any, Any, Any], watch: Stopwatch) -> None:
        self._work = work
        self._watch = watch

    def __await__(self) -> Generator[Any, Any, Any]:
        step: Callable[[Any], Any] = self._work.send
        argument: Any = None
        while True:
            try:
                with self._watch:
                    awaited = step(argument)
            except StopIteration as done:
                return done.value
            try:
                step, argument = self._work.send, (yield awaited)
            except BaseException as error:  # noqa: BLE001 - it is the work's to handle
                step, argument = self._work.throw, error


class Entropy(Protocol):
    """Where randomness comes from."""

    def random_bytes(self, size: int) -> bytes:
        """Return `size` unpredictable bytes."""
        ...

    def uniform(self, low: float, high: float) -> float:
        """Return a number between `low` and `high`, for jitter."""
        ...


class SystemClock:
    """The machine's clock and asyncio's timers."""

    def now_ms(self) -> int:
        """Return the wall clock in milliseconds since 1970."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start; never goes back."""
        return time.monotonic()  # noqa: TID251

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` on the running event loop."""
        await asyncio.sleep(seconds)  # noqa: TID251


class SystemEntropy:
    """The operating system's randomness."""

    def __init__(self) -> None:
        self._random = random.SystemRandom()

    def random_bytes(self, size: int) -> bytes:
        """Return `size` unpredictable bytes."""
        return self._random.randbytes(size)

    def uniform(self, low: float, high: float) -> float:
        """Return a number between `low` and `high`, for jitter."""
        return self._random.uniform(low, high)
