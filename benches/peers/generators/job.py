"""What a generator is asked to do, and what it says it did."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from peers.children import Child

Told = dict[str, Any]
"""`records`, `seconds`, and of the shape that came of it `requests`, `records_per_request`, `batch_bytes`…"""


@dataclass(frozen=True)
class Shape:
    """Of a load: partitions, bytes of a batch, bytes of a record, codec, and GiB of values."""

    partitions: int
    batch_bytes: int
    record_bytes: int
    compression: str
    gib: float


@dataclass(frozen=True)
class Job:
    """Records for one topic, or of it.

    Attributes
    ----------
    payload : str
        File with a record a line, all of `record_bytes`.
    start : int
        First offset that is read, in each partition.
    """

    bootstrap: str
    topic: str
    partitions: int
    payload: str
    record_bytes: int
    batch_bytes: int
    compression: str
    count: int
    start: int = 0


def launch(module: str, way: str, job: Job, log: Path, cpus: str | None) -> Child:
    """Start a generator of this package in a process of its own."""
    command = [sys.executable, "-m", module, way, json.dumps(asdict(job))]
    return Child(command, log, cpus)


def told(text: str) -> Told:
    """Return what a generator of this package printed last."""
    last: Told = json.loads(text.strip().rpartition("\n")[2])
    return last


def main(ways: dict[str, Callable[[Job], Told]]) -> None:
    """Do what the command line says."""
    way, job = sys.argv[1:]
    print(json.dumps(ways[way](Job(**json.loads(job)))), flush=True)
