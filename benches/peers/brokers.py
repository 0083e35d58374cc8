"""What both sides have in common: a broker's life, its account, and the first answer of a new one."""

from __future__ import annotations

import socket
import struct
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from confluent_kafka.admin import AdminClient

import frames
from peers.children import Child, Failed
from process import Accounted

START_S_MAX = 90.0
STOP_S_MAX = 120.0
"""A peer that was killed would have to recover, which takes longer than to start."""


@dataclass(frozen=True)
class Seat:
    """Where brokers and generators run, and what they may use.

    Attributes
    ----------
    work : Path
        On the disk that is measured.
    memory : Path
        On tmpfs.
    jars : Path
        Apache Kafka, see `kafka.install`.
    broker_cpus, client_cpus : str or None
        Lists as of taskset; None: all.
    """

    work: Path
    memory: Path
    jars: Path
    broker_cpus: str | None
    client_cpus: str | None


class Broker(Accounted):
    """A broker to measure. `start` returns the seconds until the first answer.

    Attributes
    ----------
    long_lived : bool
        Whether it needs so long to warm up that it serves all loads of a run.
    """

    long_lived = False
    child: Child | None = None

    def start(self) -> float:
        """Start; wait for the first answer. Raises `Failed`."""
        began = time.perf_counter()
        self.child = self._launch()
        self.pid = self.child.pid
        await_answer(self.port, self.child, START_S_MAX)
        return time.perf_counter() - began

    def stop(self) -> None:
        """Stop as an operator does."""
        if self.child is not None:
            self.child.stop(STOP_S_MAX)
            self.child = None

    def remove(self) -> None:
        """Stop and leave nothing behind."""
        self.stop()

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self.child is not None and self.child.alive

    @cached_property
    def admin(self) -> AdminClient:
        """A client for topics; it says nothing, what fails raises."""
        return AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})

    def store_cpu_seconds(self) -> float:
        """Processor time so far of what the broker keeps its log in, where that is a process."""
        return 0.0

    def forget(self, topic: str) -> None:
        """Free what a topic took, so that the next load finds the same room."""

    def _launch(self) -> Child:
        raise NotImplementedError


def await_answer(port: int, child: Child, seconds: float) -> None:
    """Ask for metadata until somebody answers. Raises `Failed`."""
    deadline = time.perf_counter() + seconds
    while not _answers(port):
        if not child.alive:
            child.finish(1)
            raise Failed("the broker ended while it started")
        if time.perf_counter() > deadline:
            raise Failed(f"no answer within {seconds:.0f} s of starting: {child.told()}")
        time.sleep(0.005)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(frames.metadata([]))
            head = connection.recv(4)
            return len(head) == 4 and struct.unpack(">i", head)[0] > 0
    except OSError:
        return False


def free_port_pair() -> int:
    """Return a port that is free now, and so is the next."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port
