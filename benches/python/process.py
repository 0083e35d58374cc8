"""A broker in a process of its own, and the CPU time and memory that it takes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

TICK = os.sysconf("SC_CLK_TCK")
_CLOCK_OF_PROCESS = 2
"""How Linux forms the clock that counts another process's CPU time from its id."""


@dataclass(frozen=True)
class Cpu:
    """CPU seconds of a process, user and system apart."""

    user: float
    system: float

    @property
    def total(self) -> float:
        """Both together."""
        return self.user + self.system

    def __sub__(self, other: Cpu) -> Cpu:
        return Cpu(self.user - other.user, self.system - other.system)

    def per(self, units: float) -> str:
        """Return seconds per unit, with the parts."""
        return f"{self.total / units:.3f} ({self.user / units:.3f} user, {self.system / units:.3f} system)"


class Accounted:
    """A process whose CPU time, memory and faults can be read."""

    pid: int
    port: int

    @property
    def bootstrap(self) -> str:
        """Where clients connect."""
        return f"127.0.0.1:{self.port}"

    def cpu(self) -> Cpu:
        """Return the CPU time so far, all threads together: to the nanosecond, its parts to the tick."""
        ticks = [int(field) for field in self._stat()[11:13]]
        seconds = time.clock_gettime(~self.pid << 3 | _CLOCK_OF_PROCESS)
        user = seconds * ticks[0] / max(1, sum(ticks))
        return Cpu(user, seconds - user)

    def faults(self) -> int:
        """Return minor page faults so far."""
        return int(self._stat()[7])

    def resident_mb(self) -> float:
        """Return the resident memory in MB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024 / 1e6

    def _stat(self) -> list[str]:
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()


class Peer(Accounted):
    """A broker that somebody else started: `PORT:PID` on this machine."""

    def __init__(self, address: str) -> None:
        self.port, self.pid = (int(part) for part in address.split(":"))


class BrokerProcess(Accounted):
    """`skylog serve` on a free port; used as a context manager."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments

    def __enter__(self) -> BrokerProcess:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start and wait until it says where it listens."""
        command = [sys.executable, "-m", "skylog", "serve", "--listen", "127.0.0.1:0", *self._arguments]
        self.started_at = time.perf_counter()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(r"listens on \S*?:(\d+)", line):
                self.port = int(found[1])
                return
        raise SystemExit(f"the broker did not start: {' '.join(command)}")

    def stop(self) -> None:
        """Stop as an operator does."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
