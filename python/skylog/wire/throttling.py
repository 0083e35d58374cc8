"""What a client may take of the broker, as those see it who serve the client.

A throttle is for how long, in milliseconds, a connection is not read (KIP-219); the answer goes out at once.
"""

from __future__ import annotations

from typing import Protocol

from skylog.clock import Stopwatch
from skylog.core import Frame


class Mutations(Protocol):
    """The partitions that one request may create or delete (KIP-599)."""

    @property
    def throttle_time_ms(self) -> int:
        """The throttle for all that was taken."""
        ...

    def take(self, partitions: int, /) -> None:
        """Count partitions that are created or deleted.

        Raises
        ------
        KafkaError
            THROTTLING_QUOTA_EXCEEDED, where the request's version knows it.
        """
        ...


class Account(Protocol):
    """One request of a client that has limits: counts what it takes and says what the throttle is."""

    @property
    def watch(self) -> Stopwatch:
        """Counts the time that the request takes."""
        ...

    def produced(self) -> int:
        """Count the request's bytes and time."""
        ...

    def owed(self) -> int:
        """Return the throttle for what was fetched before: with one the client gets nothing now."""
        ...

    def fetch_bytes_max(self, bytes_max: int) -> int:
        """Return what the answer to a fetch may hold, at most `bytes_max`."""
        ...

    def fetched(self, size: int) -> None:
        """Count an answer to a fetch, and its time; what is over the limits, the next request owes."""
        ...

    def answered(self) -> int:
        """Count the time of any other request; again, what came since then."""
        ...

    def mutations(self, api_key: int, version: int) -> Mutations:
        """Return what counts the changes that the request makes to the catalog."""
        ...


class Throttle(Protocol):
    """Knows who has limits. Nothing here waits."""

    def account(self, frame: Frame, /) -> Account | None:
        """Return what counts a request, None if nobody is limited."""
        ...

    def connected(self, host: str, /) -> int:
        """Count a connection; if it is one too many, return after which time to close it."""
        ...


class NoMutations:
    """Counts nothing."""

    throttle_time_ms = 0

    def take(self, _partitions: int, /) -> None:
        """Let it pass."""


class NoThrottle:
    """Limits nobody."""

    def account(self, _frame: Frame, /) -> None:
        """Count nothing."""

    def connected(self, _host: str, /) -> int:
        """Let it pass."""
        return 0


NO_MUTATIONS = NoMutations()
NO_THROTTLE = NoThrottle()
