"""What the figures of a run depend on."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from peers import kafka
from peers.targets import TARGETS


def describe() -> dict[str, Any]:
    """Return versions, machine, commit and command."""
    git = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    java = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if "model name" in line), "")
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "commit": commit,
        "command": " ".join(["scripts/bench-peers", *sys.argv[1:]]),
        "processor": model or platform.machine(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "java": java.splitlines()[0].replace('"', "") if java else "",
        "kafka": kafka.VERSION,
        "confluent-kafka": version("confluent-kafka"),
        "targets": {name: target.title for name, target in TARGETS.items()},
    }
