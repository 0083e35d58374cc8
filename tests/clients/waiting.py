"""Waiting on conditions with a deadline, the only way these tests wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event

_PAUSE_SECONDS = 0.01


class Deadline:
    """A moment after which waiting is a failure."""

    def __init__(self, seconds: float, what: str) -> None:
        self._end = monotonic() + seconds
        self._what = f"{what} (waited {seconds:g} s)"

    @property
    def left(self) -> float:
        """Seconds that are left; `TimeoutError` once there are none."""
        left = self._end - monotonic()
        if left <= 0:
            raise TimeoutError(self._what)
        return left


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
    """Return as soon as `condition` holds; `TimeoutError` naming `what` after `seconds`."""
    deadline = Deadline(seconds, what)
    pause = Event()
    while not condition():
        pause.wait(min(_PAUSE_SECONDS, deadline.left))


def monotonic() -> float:
    """Seconds from an arbitrary start."""
    return time.monotonic()  # noqa: TID251


def now_ms() -> int:
    """The wall clock in milliseconds."""
    return time.time_ns() // 1_000_000
