"""When to seal: the PUT budget, a pure decision.

A quiet broker uploads at once; a busy one pays `rate` PUTs a second and those that full segments cause. A
bucket of `burst` tokens fills at `rate`, another at `rate_awaited`, which counts while all producers wait for
their answers; time-driven seals take one of each, size-driven seals take none. Nothing waits longer than
`linger_s_max` for a token.
"""

from __future__ import annotations


class _Bucket:
    """Tokens that come at a rate, up to a burst."""

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._filled_at = now

    def __repr__(self) -> str:
        return f"{self._tokens:.2f}/{self._burst} tokens, {self._rate:g}/s"

    def wait_s(self, now: float) -> float:
        """Return when there is a token, in seconds from now."""
        self._fill(now)
        return max(0.0, (1 - self._tokens) / self._rate)

    def spend(self, now: float) -> None:
        """Take a token, also one that is not there, but no more than one."""
        self._fill(now)
        self._tokens = max(self._tokens - 1, -1.0)

    def _fill(self, now: float) -> None:
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now


class PutBudget:
    """Buckets of PUTs. Times are seconds of any monotonic clock."""

    def __init__(
        self, rate: float, burst: int, linger_s_max: float, now: float, *, rate_awaited: float = 0.0
    ) -> None:
        self._steady = _Bucket(rate, burst, now)
        self._awaited = _Bucket(max(rate, rate_awaited), burst, now)
        self._linger_s_max = linger_s_max

    def __repr__(self) -> str:
        return f"<PutBudget {self._steady!r}; awaited {self._awaited!r}>"

    def wait_s(self, now: float, oldest: float, *, awaited: bool = False) -> float:
        """Return how long a buffer whose oldest bytes came at `oldest` has to wait; 0 means seal now.

        `awaited`: nobody sends more until answers go out.
        """
        wait_s = self._steady.wait_s(now)
        if awaited and wait_s > 0:
            wait_s = min(wait_s, self._awaited.wait_s(now))
        return max(0.0, min(wait_s, oldest + self._linger_s_max - now)) if wait_s > 0 else 0.0

    def spend(self, now: float) -> None:
        """Take tokens for a seal that time caused; the linger may overdraw, but by no more than one."""
        self._steady.spend(now)
        self._awaited.spend(now)
