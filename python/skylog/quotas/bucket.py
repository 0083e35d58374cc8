"""Tokens that come back with time: what changes of the catalog are paid with (KIP-599)."""

from __future__ import annotations

from skylog.quotas.windows import Windows


class TokenBucket:
    """Starts full, may go into debt by one payment, and is full again after all its windows."""

    __slots__ = ("_at", "_limit", "_tokens", "_windows")

    def __init__(self, windows: Windows) -> None:
        self._windows = windows
        self._limit = 0.0
        self._tokens = 0.0
        self._at: float | None = None

    def __repr__(self) -> str:
        return f"<TokenBucket {self._tokens:g} tokens, {self._limit:g} a second>"

    def pay(self, amount: float, limit: float, now: float) -> None:
        """Take tokens, more than there are if need be."""
        self._refill(limit, now)
        self._tokens -= amount

    def wait_seconds(self, limit: float, now: float) -> float:
        """Return how long it takes until there is no debt."""
        self._refill(limit, now)
        return max(0.0, -self._tokens / limit)

    def is_rested(self, now: float) -> bool:
        """Tell whether it is full."""
        if self._at is None:
            return True
        self._refill(self._limit, now)
        return self._tokens >= self._full(self._limit)

    def _full(self, limit: float) -> float:
        return limit * self._windows.all_seconds

    def _refill(self, limit: float, now: float) -> None:
        full = self._full(limit)
        grown = full if self._at is None else self._tokens + (now - self._at) * limit
        self._tokens, self._limit, self._at = min(grown, full), limit, now
