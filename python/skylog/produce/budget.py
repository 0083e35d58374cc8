"""When to seal: the PUT budget, a pure decision.

A quiet broker uploads at once; a busy one pays `rate` PUTs a second and those that full segments cause. A
bucket of `burst` tokens fills at `rate`; time-driven seals take one, size-driven seals take none. Nothing
waits longer than `linger_s_max` for a token.
"""

from __future__ import annotations


class PutBudget:
    """A token bucket of PUTs. Times are seconds of any monotonic clock."""

    def __init__(self, rate: float, burst: int, linger_s_max: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._linger_s_max = linger_s_max
        self._tokens = float(burst)
        self._filled_at = now

    def __repr__(self) -> str:
        return f"<PutBudget {self._tokens:.2f}/{self._burst} tokens, {self._rate:g}/s>"

    def wait_s(self, now: float, oldest: float) -> float:
        """Return how long a buffer whose oldest bytes came at `oldest` has to wait; 0 means seal now."""
        self._fill(now)
        if self._tokens >= 1:
            return 0.0
        for_token = (1 - self._tokens) / self._rate
        return max(0.0, min(for_token, oldest + self._linger_s_max - now))

    def spend(self, now: float) -> None:
        """Take a token for a seal that time caused; the linger may overdraw, but by no more than one."""
        self._fill(now)
        self._tokens = max(self._tokens - 1, -1.0)

    def _fill(self, now: float) -> None:
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
