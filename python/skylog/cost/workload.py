"""What is asked of a cluster."""

from __future__ import annotations

import math
from dataclasses import dataclass

from skylog.errors import InvalidConfig

MIB = 1 << 20
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Workload:
    """A steady load and how the cluster is set up for it; what is not said has the broker's defaults.

    The number of records makes no difference: what is billed are requests of whole segments and bytes.
    """

    produce_bytes_per_second: float
    """Of all producers together, before compression."""
    compression: float = 1.0
    """How many times smaller the producers' batches are than their records; 1 is none."""
    retention_s: float = 7 * DAY_S
    zones: int = 3
    brokers: int | None = None
    """None: one in each zone."""
    fan_out: float = 1.0
    """Consumer groups that read everything."""
    put_rate_per_second: float = 4.0
    """PUTs of each broker that time alone may cause; full segments come on top."""
    linger_ms: float | None = None
    """The longest that a batch waits for its seal; None: as long as the PUT rate asks for."""
    segment_bytes_target: float = 8 * MIB
    gets_per_segment_and_zone: float | None = None
    """GETs in each zone other than the writer's; None: one by each broker of the zone."""
    cache_hit_share: float = 1.0
    """Share of consumers' reads that the tail's cache serves; the rest are GETs of their own."""
    zone_aware: bool = True
    """Whether clients say their zone and so talk to brokers of it."""

    def __post_init__(self) -> None:
        for name in ("produce_bytes_per_second", "retention_s", "fan_out"):
            self._require(name, _finite(getattr(self, name)), "0 or more")
        for name in ("put_rate_per_second", "segment_bytes_target"):
            found = getattr(self, name)
            self._require(name, _finite(found) and found > 0, "more than 0")
        self._require("compression", _finite(self.compression) and self.compression > 0, "more than 0")
        self._require("zones", self.zones >= 1, "at least 1")
        self._require("brokers", self.brokers is None or self.brokers >= 1, "at least 1")
        self._require("linger_ms", self.linger_ms is None or 0 < self.linger_ms < math.inf, "more than 0")
        gets = self.gets_per_segment_and_zone
        self._require("gets_per_segment_and_zone", gets is None or _finite(gets), "0 or more")
        self._require("cache_hit_share", 0 <= self.cache_hit_share <= 1, "0 to 1")

    @property
    def broker_count(self) -> int:
        """Brokers in all."""
        return self.zones if self.brokers is None else self.brokers

    @property
    def stored_bytes_per_second(self) -> float:
        """What producers send and brokers store, compressed."""
        return self.produce_bytes_per_second / self.compression

    @property
    def retained_bytes(self) -> float:
        """What the log holds once retention has begun to take effect."""
        return self.stored_bytes_per_second * self.retention_s

    def _require(self, name: str, good: bool, expected: str) -> None:
        if not good:
            raise InvalidConfig(f"{name}: expected {expected}, found {getattr(self, name)!r}")


def _finite(value: float) -> bool:
    return 0 <= value < math.inf
