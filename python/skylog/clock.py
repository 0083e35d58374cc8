"""Time and randomness, handed in everywhere so that a test or a simulator can own them."""

from __future__ import annotations

import asyncio
import random  # noqa: TID251 - the one place
import time
from collections.abc import Callable
from typing import Protocol

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
