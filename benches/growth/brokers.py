"""A broker in a process of its own, read more finely than in ticks, and where its data lie for a while."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parent.parent / "python"))

from client import METADATA, Client

from process import BrokerProcess

START_ROUNDS = 3
CPU_CLOCK_OF_PROCESS = 2


SETTINGS = """
[produce]
put_rate_per_second = 100000
[groups]
initial_rebalance_delay_ms = 0
"""
"""No time is waited that says nothing of the broker: for a PUT that is paid for, for more members."""


class Broker(BrokerProcess):
    """`skylog serve` with its objects in memory; its coordinator too, or in a file below `data`.

    Parameters
    ----------
    data
        Where the coordinator's file lies; None keeps it in memory.
    """

    def __init__(self, data: Path | None = None) -> None:
        self._directory = TemporaryDirectory()
        settings = Path(self._directory.name) / "settings.toml"
        settings.write_text(SETTINGS)
        coordinator = "sqlite::memory:" if data is None else f"sqlite://{data}/coordinator.db"
        options = ["--log-level", "error", "--config", str(settings)]
        super().__init__("--store", "memory:", "--coordinator", coordinator, *options)

    def stop(self) -> None:
        """Stop as an operator does, and leave nothing."""
        super().stop()
        self._directory.cleanup()

    def cpu_s(self) -> float:
        """Return the CPU seconds so far of all its threads, those that ended included."""
        return time.clock_gettime((~self.pid << 3) | CPU_CLOCK_OF_PROCESS)

    def resident_mib(self) -> float:
        """Return the resident memory."""
        return self.resident_mb() * 1e6 / (1 << 20)


def starts(data: Path, topic: str) -> dict[str, float]:
    """Start a broker on `data` a few times; return the middle of time to the first answer, CPU and memory."""
    times = []
    for _ in range(START_ROUNDS):
        with Broker(data) as broker, Client(broker.port) as client:
            client.ask(METADATA, 9, {"topics": [{"name": topic}]})
            times.append((time.perf_counter() - broker.started_at, broker.cpu_s(), broker.resident_mib()))
    seconds, cpu_s, mib = sorted(times)[len(times) // 2]
    return {"start": 1e3 * seconds, "start, CPU": 1e3 * cpu_s, "resident after the start": mib}
