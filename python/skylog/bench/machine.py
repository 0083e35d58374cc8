"""Where and when something was measured, for reports."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

import skylog
from skylog.clock import Clock


def describe_machine(clock: Clock) -> dict[str, str]:
    """Return processor, system, versions, load before the run and the time, as text."""
    when = datetime.fromtimestamp(clock.now_ms() / 1000, UTC)
    return {
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "skylog": skylog.__version__,
        "load": " ".join(f"{load:.1f}" for load in os.getloadavg()),
        "at": f"{when:%Y-%m-%d %H:%M} UTC",
    }


def summarize_machine(described: dict[str, str]) -> str:
    """Return the same in one line."""
    return (
        f"{described['machine']}, {described['python']}, skylog {described['skylog']}; "
        f"load before {described['load']}; {described['at']}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
