"""Every request that arrived, for proofs of what a store would bill."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass

from faults.operations import Operation
from faults.rules import Fault

ENTRIES_MAX = 1_000_000


@dataclass(slots=True)
class Entry:
    """One request. `status` is what the client was answered, None if nothing; `reached`: the store got it."""

    operation: Operation
    fault: Fault | None
    reached: bool = False
    status: int | None = None


class Ledger:
    """The newest million of requests, in the order in which they came."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=ENTRIES_MAX)

    def __repr__(self) -> str:
        return f"Ledger({dict(self.kinds())}, faults {dict(self.faults())})"

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: Entry) -> None:
        """Note a request."""
        self._entries.append(entry)

    def select(
        self, *kinds: str, key: str | None = None, since: int = 0, reached: bool | None = None
    ) -> list[Entry]:
        """Return requests of some kinds, or of all; those behind the first `since`, an earlier `len`."""
        return [
            entry
            for entry in list(self._entries)[since:]
            if (not kinds or entry.operation.kind in kinds)
            and (key is None or entry.operation.key == key)
            and (reached is None or entry.reached is reached)
        ]

    def count(self, *kinds: str, since: int = 0, reached: bool | None = None) -> int:
        """Return how many requests of some kinds, or of all, arrived."""
        return len(self.select(*kinds, since=since, reached=reached))

    def kinds(self, since: int = 0) -> Counter[str]:
        """Return the number of requests by kind."""
        return Counter(entry.operation.kind for entry in self.select(since=since))

    def keys(self, *kinds: str, since: int = 0) -> Counter[str]:
        """Return the number of requests by key."""
        return Counter(entry.operation.key for entry in self.select(*kinds, since=since))

    def faults(self, since: int = 0) -> Counter[str]:
        """Return the number of injected faults by their names."""
        return Counter(str(entry.fault) for entry in self.select(since=since) if entry.fault)

    def statuses(self, since: int = 0) -> Counter[str]:
        """Return the number of requests by kind and by what was answered."""
        return Counter(
            f"{entry.operation.kind} {entry.status or 'nothing'}" for entry in self.select(since=since)
        )
