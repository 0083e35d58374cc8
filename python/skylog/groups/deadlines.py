"""Deadlines by name: the machine says when something is due, somebody else keeps the time."""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from typing import Generic, TypeVar

Name = TypeVar("Name", bound=Hashable)

_SLACK = 64
"""Outdated entries that are not worth a sweep."""


class Deadlines(Generic[Name]):
    """At most one deadline per name, in milliseconds of any clock that never goes back.

    Moving a deadline further away costs one dictionary write: the heap keeps the old entry until it comes
    up. So heartbeats, which do nothing else, are cheap. Memory is O(names).
    """

    def __init__(self) -> None:
        self._at_ms: dict[Name, int] = {}
        self._heap: list[tuple[int, int, Name]] = []
        self._pushed = 0

    def __contains__(self, name: Name) -> bool:
        return name in self._at_ms

    def __len__(self) -> int:
        return len(self._at_ms)

    def set(self, name: Name, at_ms: int) -> None:
        """Make `name` due at `at_ms`, in place of what was set before."""
        before_ms = self._at_ms.get(name)
        self._at_ms[name] = at_ms
        if before_ms is None or at_ms < before_ms:
            self._push(name, at_ms)

    def cancel(self, name: Name) -> None:
        """Forget the deadline of `name`, if there is one."""
        self._at_ms.pop(name, None)

    def clear(self) -> None:
        """Forget all."""
        self._at_ms.clear()
        self._heap.clear()

    def next_ms(self) -> int | None:
        """Return the earliest deadline."""
        while self._heap:
            at_ms, _, name = self._heap[0]
            wanted_ms = self._at_ms.get(name)
            if wanted_ms == at_ms:
                return at_ms
            heapq.heappop(self._heap)
            if wanted_ms is not None and wanted_ms > at_ms:
                self._push(name, wanted_ms)
        return None

    def pop_due(self, now_ms: int) -> Name | None:
        """Remove and return the name whose deadline is the earliest and has passed."""
        next_ms = self.next_ms()
        if next_ms is None or next_ms > now_ms:
            return None
        name = heapq.heappop(self._heap)[2]
        del self._at_ms[name]
        return name

    def _push(self, name: Name, at_ms: int) -> None:
        self._pushed += 1
        heapq.heappush(self._heap, (at_ms, self._pushed, name))
        if len(self._heap) > 2 * len(self._at_ms) + _SLACK:
            self._heap = [(at_ms, index, name) for index, (name, at_ms) in enumerate(self._at_ms.items())]
            self._pushed = len(self._heap)
            heapq.heapify(self._heap)
