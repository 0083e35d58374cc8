"""How long requests take: a histogram of fixed size, of all time and of the recent past."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from itertools import accumulate

_MS_MIN = 0.01
_PER_OCTAVE = 16
_BUCKETS = 26 * _PER_OCTAVE
"""From 0.01 ms to 11 minutes; a bucket is 4.4 % wide."""

_STALE_RECORDS = 16
"""After so many records a recent quantile is worked out anew; it takes about 20 µs."""


class Latencies:
    """Milliseconds, counted in buckets that are 4.4 % wide: about 10 KiB whatever is recorded.

    Parameters
    ----------
    window
        How many of the last records count as recent, at most; at least half as many once there were so many.
    """

    def __init__(self, window: int = 1000) -> None:
        self.count = 0
        self.total_ms = 0.0
        self.max_ms = 0.0
        self._all = _empty()
        self._half = window // 2
        self._new, self._new_count = _empty(), 0
        self._old, self._old_count = _empty(), 0
        self._recent: dict[float, float] = {}

    def __repr__(self) -> str:
        return (
            f"Latencies({self.count} records, p50 {self.quantile(0.5):.3g}, p99 {self.quantile(0.99):.3g} ms)"
        )

    def record(self, milliseconds: float) -> None:
        """Count one request."""
        bucket = _bucket(milliseconds)
        self.count += 1
        self.total_ms += milliseconds
        self.max_ms = max(self.max_ms, milliseconds)
        self._all[bucket] += 1
        self._new[bucket] += 1
        self._new_count += 1
        if self._new_count >= self._half:
            self._turn()
        if self.count % _STALE_RECORDS == 0:
            self._recent.clear()

    @property
    def recent_count(self) -> int:
        """How many records the recent quantiles are of."""
        return self._new_count + self._old_count

    def quantile(self, share: float) -> float:
        """Return the milliseconds within which that share of all requests ended; 0 without any.

        The upper edge of a bucket, so up to 4.4 % too much, never more than the slowest request.
        """
        return min(_quantile(self._all, self.count, share), self.max_ms)

    def recent_quantile(self, share: float) -> float:
        """Return the same of the recent requests, always a bucket's upper edge; it may be 15 requests old.

        So a request that takes as long as the slowest of them is not yet beyond it.
        """
        known = self._recent.get(share)
        if known is None:
            both = [new + old for new, old in zip(self._new, self._old, strict=True)]
            known = self._recent[share] = _quantile(both, self.recent_count, share)
        return known

    def summary(self) -> dict[str, float]:
        """Return count, mean, p50, p90, p99, p99.9 and the slowest, in milliseconds."""
        shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999}
        return {
            "count": self.count,
            "mean": round(self.total_ms / max(1, self.count), 3),
            **{name: round(self.quantile(share), 3) for name, share in shares.items()},
            "max": round(self.max_ms, 3),
        }

    def _turn(self) -> None:
        self._old, self._old_count = self._new, self._new_count
        self._new, self._new_count = _empty(), 0


def _empty() -> array[int]:
    return array("Q", bytes(8 * _BUCKETS))


def _bucket(milliseconds: float) -> int:
    if milliseconds <= _MS_MIN:
        return 0
    return min(_BUCKETS - 1, math.ceil(math.log2(milliseconds / _MS_MIN) * _PER_OCTAVE))


def _quantile(counts: array[int] | list[int], count: int, share: float) -> float:
    if not count:
        return 0.0
    bucket = bisect_left(list(accumulate(counts)), max(1, math.ceil(share * count)))
    return float(_MS_MIN * 2 ** (bucket / _PER_OCTAVE))
