"""Who waits for whom: whether producers send on, or wait until they are answered.

A client has only so many requests unanswered, which it does not tell. What it had lately is what it may have:
with fewer it is about to send more, with as many it waits. While all of them wait, nothing is gained by
gathering any longer.
"""

from __future__ import annotations

WINDOW_REQUESTS = 64
"""So many requests of a client tell how many it may have unanswered."""


class Rhythm:
    """Counts the producers from whom more is to be expected."""

    __slots__ = ("expecting",)

    def __init__(self) -> None:
        self.expecting = 0

    def __repr__(self) -> str:
        return f"<Rhythm {self.expecting} about to send more>"

    @property
    def awaited(self) -> bool:
        """Whether everybody who sent something waits for the answer."""
        return self.expecting == 0


class Pace:
    """One connection's part: requests unanswered, beside the most it had in this window and the last."""

    __slots__ = ("_expecting", "_peak", "_rhythm", "_seen", "_unanswered", "_usual")

    def __init__(self, rhythm: Rhythm) -> None:
        self._rhythm = rhythm
        self._unanswered = self._usual = self._peak = self._seen = 0
        self._expecting = False

    def __repr__(self) -> str:
        return f"<Pace {self._unanswered} of {max(self._usual, self._peak)} unanswered>"

    def sent(self) -> None:
        """Count a request in."""
        self._unanswered += 1
        self._seen += 1
        if self._seen > WINDOW_REQUESTS:
            self._usual, self._peak, self._seen = self._peak, 0, 1
        self._peak = max(self._peak, self._unanswered)
        self._note()

    def answered(self, requests: int) -> None:
        """Count answers."""
        self._unanswered -= requests
        self._note()

    def gone(self) -> None:
        """Expect nothing more."""
        self._unanswered = 0
        self._note()

    def _note(self) -> None:
        expecting = 0 < self._unanswered < max(self._usual, self._peak)
        if expecting is not self._expecting:
            self._expecting = expecting
            self._rhythm.expecting += 1 if expecting else -1
