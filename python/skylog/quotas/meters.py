"""What is counted for whom, within bounds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

METERS_MAX = 10_000
"""Clients that are counted at once, for each kind of limit: about 10 MB at worst."""


class Meter(Protocol):
    """Something counted."""

    def is_rested(self, now: float) -> bool:
        """Tell whether it says no more than a new one would."""
        ...


M = TypeVar("M", bound=Meter)


class Meters(Generic[M]):
    """One meter for each who is limited; those that were quiet for long enough are forgotten.

    Beyond the bound the one that was quiet for longest is forgotten with what it still counted.
    """

    def __init__(self, make: Callable[[], M], meters_max: int = METERS_MAX) -> None:
        self._make = make
        self._meters_max = meters_max
        self._meters: OrderedDict[Hashable, M] = OrderedDict()

    def __len__(self) -> int:
        return len(self._meters)

    def of(self, scope: Hashable, now: float) -> M:
        """Return the meter of `scope`."""
        meters = self._meters
        meter = meters.get(scope)
        if meter is None:
            meter = meters[scope] = self._make()
        meters.move_to_end(scope)
        self._forget(now)
        return meter

    def _forget(self, now: float) -> None:
        meters = self._meters
        while len(meters) > 1:
            if len(meters) <= self._meters_max and not next(iter(meters.values())).is_rested(now):
                return
            meters.popitem(last=False)
