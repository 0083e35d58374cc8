"""The long poll: fetches parked until a commit serves them or their time is up."""

from __future__ import annotations

import asyncio
import itertools

from skylog.core import FetchRequest, FetchSessions, SealedSegment, WaitList


class Parking:
    """Parked fetches, woken by log. Every parked fetch has a deadline of its own.

    Sessions hear of each change whether a fetch of theirs is parked or not.
    """

    def __init__(self, sessions: FetchSessions) -> None:
        self._sessions = sessions
        self._list = WaitList()
        self._events: dict[int, asyncio.Event] = {}
        self._tokens = itertools.count(1)
        self._closed = False

    def __repr__(self) -> str:
        return f"<Parking {len(self._events)} fetches{' closed' if self._closed else ''}>"

    def __len__(self) -> int:
        return len(self._events)

    @property
    def closed(self) -> bool:
        """Whether nobody waits any more: answer with what is there."""
        return self._closed

    def park(self, request: FetchRequest) -> Spot:
        """Register a fetch; it misses no commit from now on. Use as a context manager."""
        token = next(self._tokens)
        event = self._events[token] = asyncio.Event()
        if self._closed:
            event.set()
        if not self._sessions.park(token, request):
            self._list.park(token, request)
        return Spot(self, token, event)

    def leave(self, token: int) -> None:
        """Forget a fetch."""
        self._list.remove(token)
        self._sessions.leave(token)
        self._events.pop(token, None)

    def wake(self, sealed: SealedSegment) -> None:
        """Wake the fetches that wait for a log of this committed segment."""
        self._wake(self._sessions.wake(sealed))
        if len(self._list):
            self._wake(self._list.wake(sealed))

    def wake_topic(self, topic_id: bytes) -> None:
        """Wake the fetches of a topic that was changed or deleted."""
        self._wake(self._sessions.wake_topic(topic_id))
        self._wake(self._list.wake_topic(topic_id))

    def close(self) -> None:
        """Wake everybody for good (the broker goes down)."""
        self._closed = True
        self._wake(list(self._events))

    def _wake(self, tokens: list[int]) -> None:
        for token in tokens:
            self._events[token].set()


class Spot:
    """One parked fetch."""

    __slots__ = ("_event", "_parking", "_token")

    def __init__(self, parking: Parking, token: int, event: asyncio.Event) -> None:
        self._parking = parking
        self._token = token
        self._event = event

    async def woken(self, seconds_max: float) -> bool:
        """Wait for a commit that serves the fetch; False when the time was up first."""
        try:
            async with asyncio.timeout(seconds_max):
                await self._event.wait()
        except TimeoutError:
            return False
        if not self._parking.closed:
            self._event.clear()
        return True

    def leave(self) -> None:
        """Give the spot back."""
        self._parking.leave(self._token)
