"""Latencies by the array: buckets 2 % wide, fixed memory, numbers go in a batch at a time. Pure."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

_MS_MIN: Final = 0.01
_STEP: Final = math.log(1.02)
_BUCKETS: Final = math.ceil(math.log(3_600_000 / _MS_MIN) / _STEP) + 1
"""From 0.01 ms to an hour."""

QUANTILES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}


class Histogram:
    """Milliseconds of many records."""

    def __init__(self) -> None:
        self.count = 0
        self.total_ms = 0.0
        self.max_ms = 0.0
        self._counts = np.zeros(_BUCKETS, np.int64)

    def __repr__(self) -> str:
        return f"<Histogram {self.count} records, max {self.max_ms:.3g} ms>"

    def record(self, milliseconds: npt.NDArray[np.float64]) -> None:
        """Count some more."""
        if not len(milliseconds):
            return
        at_least = np.maximum(milliseconds, _MS_MIN)
        buckets = np.minimum(np.ceil(np.log(at_least / _MS_MIN) / _STEP), _BUCKETS - 1).astype(np.int64)
        low = int(buckets.min())
        counts = np.bincount(buckets - low)
        self._counts[low : low + len(counts)] += counts
        self.count += len(milliseconds)
        self.total_ms += float(milliseconds.sum())
        self.max_ms = max(self.max_ms, float(milliseconds.max()))

    def merge(self, other: Histogram) -> None:
        """Count what another one counted."""
        self._counts += other._counts
        self.count += other.count
        self.total_ms += other.total_ms
        self.max_ms = max(self.max_ms, other.max_ms)

    def quantile(self, share: float) -> float:
        """Return milliseconds; at most 2 % too much, never more than the largest; 0 without any."""
        if not self.count:
            return 0.0
        wanted = max(1, math.ceil(share * self.count - 1e-9))
        bucket = int(np.searchsorted(np.cumsum(self._counts), wanted))
        return min(self.max_ms, _MS_MIN * math.exp(bucket * _STEP))

    def summary(self) -> dict[str, float]:
        """Return count, mean, quantiles and the largest."""
        quantiles = {name: round(self.quantile(share), 3) for name, share in QUANTILES.items()}
        mean = self.total_ms / max(1, self.count)
        return {"count": self.count, "mean": round(mean, 3), **quantiles, "max": round(self.max_ms, 3)}


class Timeline:
    """One histogram for each second in which records were due."""

    def __init__(self) -> None:
        self._seconds: dict[int, Histogram] = {}

    def record(self, due_ns: npt.NDArray[np.int64], milliseconds: npt.NDArray[np.float64]) -> None:
        """Count records of one batch: those of a second lie together."""
        if not len(due_ns):
            return
        seconds = due_ns // 1_000_000_000
        for second in range(int(seconds.min()), int(seconds.max()) + 1):
            self._seconds.setdefault(second, Histogram()).record(milliseconds[seconds == second])

    def quantiles(self, share: float) -> list[tuple[float, float]]:
        """Return (second, milliseconds) in order of time."""
        return [
            (second, each.quantile(share)) for second, each in sorted(self._seconds.items()) if each.count
        ]

    def counts(self) -> list[tuple[float, float]]:
        """Return (second, records) in order of time."""
        return [(second, each.count) for second, each in sorted(self._seconds.items())]
