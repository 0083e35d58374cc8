"""Load generators, each in processes of its own."""

from __future__ import annotations

from pathlib import Path

from peers.brokers import Seat
from peers.children import Child
from peers.generators import java
from peers.generators.job import Job, Told, launch, told

NAMES = ("java", "librdkafka", "bulk", "frames")


class Generator:
    """One of `NAMES`, ready to be started."""

    def __init__(self, name: str, seat: Seat) -> None:
        self._name = name
        self._seat = seat

    def start(self, way: str, job: Job, log: Path) -> Child:
        """Start to `produce` or `fetch`."""
        if self._name == "java":
            begin = java.produce if way == "produce" else java.fetch
            return begin(job, self._seat.jars, log, self._seat.client_cpus)
        return launch(f"peers.generators.{self._name}", way, job, log, self._seat.client_cpus)

    def finish(self, way: str, child: Child, seconds: float) -> Told:
        """Wait for its end; return what it told. Raises `Failed`."""
        text = child.finish(seconds)
        if self._name == "java":
            return java.produced(text) if way == "produce" else java.fetched(text)
        return told(text)
