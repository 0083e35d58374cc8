"""What a stretch of work took of a broker, by the kernel's account of its process."""

from __future__ import annotations

import time
from dataclasses import dataclass

from peers.brokers import Broker

GIB = 1 << 30
Sample = dict[str, float]
"""Figures of one turn by name; units stand last."""


@dataclass
class Account:
    """Opened before the work, closed after it."""

    broker: Broker

    def __post_init__(self) -> None:
        self._cpu = self.broker.cpu()
        self._faults = self.broker.faults()
        self._store = self.broker.store_cpu_seconds()
        self._start = time.perf_counter()

    def close(self, value_bytes: int) -> Sample:
        """Return processor time, faults for each GiB of record values, and resident memory."""
        seconds = time.perf_counter() - self._start
        cpu, gib = self.broker.cpu() - self._cpu, value_bytes / GIB
        sample = {
            "gib": gib,
            "wall_s": seconds,
            "cpu_s_per_gib": cpu.total / gib,
            "user_s_per_gib": cpu.user / gib,
            "system_s_per_gib": cpu.system / gib,
            "faults_per_gib": (self.broker.faults() - self._faults) / gib,
            "resident_mb": self.broker.resident_mb(),
        }
        if store := self.broker.store_cpu_seconds() - self._store:
            sample["store_cpu_s_per_gib"] = store / gib
        return sample
