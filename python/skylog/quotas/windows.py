"""Rates over the last windows of time, and how long to wait until one is not too high any more.

Kafka's arithmetic: a rate is what the windows hold, divided by the time that they cover, which is never less
than all windows but one, so whoever was quiet before may take that much at once.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Windows:
    """How many windows, and how long each is."""

    count: int
    seconds: float

    @property
    def burst_seconds(self) -> float:
        """For how many seconds' worth of its limit somebody quiet may take at once."""
        return max(self.count - 1, 1) * self.seconds

    @property
    def all_seconds(self) -> float:
        """After which time nothing counts any more."""
        return self.count * self.seconds


@dataclass(slots=True)
class _Window:
    start: float
    last: float
    total: float


class WindowedRate:
    """What one client took in the last windows: a few numbers, whatever it takes."""

    __slots__ = ("_held", "_windows")

    def __init__(self, windows: Windows) -> None:
        self._windows = windows
        self._held: deque[_Window] = deque()

    def __repr__(self) -> str:
        return f"<WindowedRate {sum(window.total for window in self._held):g} in {len(self._held)} windows>"

    def add(self, amount: float, now: float) -> None:
        """Count what was taken; a negative amount takes back what was counted just before."""
        held = self._held
        if not held or now - held[-1].start >= self._windows.seconds:
            held.append(_Window(now, now, amount))
        else:
            held[-1].last = now
            held[-1].total += amount
        self._forget(now)

    def total(self, now: float) -> float:
        """Return what counts now."""
        self._forget(now)
        return sum(window.total for window in self._held)

    def wait_seconds(self, limit: float, now: float) -> float:
        """Return how long to take nothing, so that the rate comes down to `limit` a second."""
        return max(0.0, self.total(now) / limit - self._covered_seconds(now))

    def is_rested(self, now: float) -> bool:
        """Tell whether nothing counts any more."""
        self._forget(now)
        return not self._held

    def _covered_seconds(self, now: float) -> float:
        size = self._windows.seconds
        covered = now - self._held[0].start if self._held else 0.0
        missing = self._windows.count - 1 - int(covered / size)
        return max(covered + max(missing, 0) * size, size)

    def _forget(self, now: float) -> None:
        held = self._held
        while held and now - held[0].last >= self._windows.all_seconds:
            held.popleft()
