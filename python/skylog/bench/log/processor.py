"""Processor time: of this process, and of a broker on the same machine."""

from __future__ import annotations

import os
from pathlib import Path

from skylog.errors import InvalidConfig

_USER, _SYSTEM = 11, 12
"""Fields of /proc/PID/stat behind the command's name."""


def own_cpu_seconds() -> float:
    """Return user and system time of this process so far."""
    times = os.times()
    return times.user + times.system


def cpu_seconds(pid: int) -> float:
    """Return user and system time of a process so far. Raises `InvalidConfig` if there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError as error:
        raise InvalidConfig(
            f"--broker-pid {pid}: expected a process on this machine (Linux): {error.strerror}"
        ) from error
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / os.sysconf("SC_CLK_TCK")
