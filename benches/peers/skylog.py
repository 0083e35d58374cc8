"""skylog on its stores: a directory, memory, S3 over HTTP."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from peers.brokers import Broker, Seat, free_port_pair
from peers.children import Child
from process import TICK
from stores.seaweed import SeaweedFS

_BUCKET = "bench"
_CONFIG = """[topics]
auto_create_topics_enable = false
[groups]
initial_rebalance_delay_ms = 0
"""
"""As the peer is set up; everything else is as it comes."""


class Skylog(Broker):
    """`skylog serve` as it comes, with everything below `directory`.

    Parameters
    ----------
    settings
        Further lines of the configuration.
    """

    def __init__(self, seat: Seat, directory: Path, settings: str = "") -> None:
        self._seat = seat
        self._directory = directory
        self.port = free_port_pair()
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        (directory / "skylog.toml").write_text(_CONFIG + settings)

    def remove(self) -> None:
        """Stop and leave nothing behind."""
        self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _store(self) -> list[str]:
        return ["--data", str(self._directory / "data")]

    def _environment(self) -> Mapping[str, str]:
        return {}

    def _launch(self) -> Child:
        command = [sys.executable, "-m", "skylog", "serve", "--log-level", "warning"]
        command += ["--listen", f"127.0.0.1:{self.port}", "--config", str(self._directory / "skylog.toml")]
        log = self._directory / "broker.log"
        return Child([*command, *self._store()], log, self._seat.broker_cpus, self._environment())


class SkylogMemory(Skylog):
    """The log in the broker's own memory, the coordinator's tables too."""

    def _store(self) -> list[str]:
        return ["--memory"]


class SkylogS3(Skylog):
    """The log in SeaweedFS on this machine, the coordinator's file on its disk."""

    def __init__(self, seat: Seat, directory: Path, settings: str = "") -> None:
        super().__init__(seat, directory, settings)
        self._server = SeaweedFS(directory / "seaweedfs")

    def start(self) -> float:
        """Start the store too, unless it runs; only the broker's start is timed."""
        if not self._server.endpoint.url:
            self._server.start()
            self._server.endpoint.create_bucket(_BUCKET)
        return super().start()

    def remove(self) -> None:
        """Stop both and leave nothing behind."""
        self.stop()
        self._server.stop()
        super().remove()

    def store_cpu_seconds(self) -> float:
        """Processor time of SeaweedFS so far."""
        fields = Path(f"/proc/{self._server.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def _store(self) -> list[str]:
        coordinator = f"sqlite://{self._directory.absolute() / 'coordinator.db'}"
        return ["--store", self._server.endpoint.store_url(_BUCKET), "--coordinator", coordinator]

    def _environment(self) -> Mapping[str, str]:
        return self._server.endpoint.environment
