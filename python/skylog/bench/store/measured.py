"""What was measured in one cell."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from skylog.bench.sizes import MIB
from skylog.bench.store.plan import Cell
from skylog.storage.latencies import Latencies

SHARES: Final = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}

_HOPELESS: Final = 20


@dataclass(slots=True)
class Measured:
    """Requests of one cell.

    Attributes
    ----------
    cell : Cell
    seconds : float
        From the first request to the last answer.
    moved_bytes : int
        Of requests that succeeded.
    latencies : Latencies
        Of requests that succeeded.
    errors : Counter
        How many requests ended in which error.
    first_error : str
        In full, empty if there was none.
    """

    cell: Cell
    seconds: float = 0.0
    moved_bytes: int = 0
    latencies: Latencies = field(default_factory=Latencies)
    errors: Counter[str] = field(default_factory=Counter)
    first_error: str = ""

    @property
    def requests(self) -> int:
        """Requests that succeeded."""
        return self.latencies.count

    @property
    def failed(self) -> int:
        """Requests that did not."""
        return self.errors.total()

    @property
    def requests_per_second(self) -> float:
        """Of those that succeeded."""
        return self.requests / self.seconds if self.seconds > 0 else 0.0

    @property
    def bytes_per_second(self) -> float:
        """Of those that succeeded."""
        return self.moved_bytes / self.seconds if self.seconds > 0 else 0.0

    @property
    def hopeless(self) -> bool:
        """Whether nothing but errors came, often enough."""
        return not self.requests and self.failed >= max(_HOPELESS, self.cell.concurrency)

    def percentile_ms(self, share: float) -> float | None:
        """Return milliseconds; None where there are too few requests to tell (1,000 for p99.9)."""
        enough = self.requests * (1 - share) >= 1 - 1e-9
        return self.latencies.quantile(share) if enough and self.requests else None

    def fail(self, error: Exception) -> None:
        """Count an error."""
        self.errors[type(error).__name__] += 1
        self.first_error = self.first_error or f"{type(error).__name__}: {error}"

    def succeed(self, milliseconds: float, moved_bytes: int) -> None:
        """Count an answer."""
        self.latencies.record(milliseconds)
        self.moved_bytes += moved_bytes

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON takes it."""
        return {
            "kind": self.cell.kind,
            "size_bytes": self.cell.size,
            "concurrency": self.cell.concurrency,
            "requests": self.requests,
            "failed": self.failed,
            "seconds": round(self.seconds, 3),
            "requests_per_second": round(self.requests_per_second, 1),
            "mib_per_second": round(self.bytes_per_second / MIB, 2),
            "latency_ms": {
                "mean": round(self.latencies.total_ms / max(1, self.requests), 3),
                **{name: _rounded(self.percentile_ms(share)) for name, share in SHARES.items()},
                "max": round(self.latencies.max_ms, 3),
            },
            "errors": dict(self.errors),
            "first_error": self.first_error,
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
