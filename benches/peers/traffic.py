"""Loads that move records as fast as they go: produced, fetched, or both at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal

from peers.account import Account, Sample
from peers.aims import Aim
from peers.brokers import Broker
from peers.children import Child
from peers.generators import Generator
from peers.generators.job import Job, Shape, Told
from peers.room import MIB, Room, require, written
from peers.targets import Target

_WARM_UP_BYTES = 320 * MIB
"""Sent to each topic before anything counts, by prebuilt requests of the same shape; it fills skylog's cache,
as a broker's is that has run for a while."""

_BIG_CACHE = f"[fetch]\ncache_bytes_max = {1536 * MIB}\n"
_SECONDS_PER_GIB = {"java": 6.0, "librdkafka": 5.0, "bulk": 3.0, "frames": 1.5}
_S3_SECONDS_PER_GIB = 20.0
_FETCH_SECONDS_PER_GIB = 3.5
_SETUP_S = 2.2
_DEADLINE_S_MIN, _DEADLINE_TIMES = 60.0, 12


@dataclass(frozen=True)
class Traffic:
    """One load.

    Attributes
    ----------
    way : str
        What is measured; "fetch" finds its data in memory: in the page cache, or in skylog's cache, which is
        then allowed 1.5 GiB instead of its 256 MiB.
    consumers : int
        Readers beside the producer, each of everything (way "both").
    gib : float
        Values of records, before they are compressed.
    """

    name: str
    title: str
    generator: str
    way: Literal["produce", "fetch", "both"] = "produce"
    record_bytes: int = 1024
    batch_bytes: int = MIB
    partitions: int = 1
    compression: str = "none"
    consumers: int = 0
    gib: float = 0.5
    aims: tuple[Aim, ...] = ()
    targets: tuple[str, ...] = ("kafka-tmpfs", "skylog-memory", "kafka-disk", "skylog-file")
    once: bool = False
    warms_up: bool = True

    def estimate_s(self, target: Target, scale: float, _rounds: int) -> float:
        """Return about how long a turn takes."""
        in_s3 = target.name == "skylog-s3"
        rate = _S3_SECONDS_PER_GIB if in_s3 else _SECONDS_PER_GIB[self.generator]
        if self.way == "fetch":
            rate = _FETCH_SECONDS_PER_GIB
        small = 1.5 if self.record_bytes < 500 else 1.0
        return _SETUP_S * (3 if in_s3 else 1) + rate * small * (1 + self.consumers / 2) * self.gib * scale

    def measure(self, target: Target, room: Room, rounds: int) -> list[Sample]:
        """Measure one turn. Raises `Failed`."""
        del rounds
        deadline = _DEADLINE_S_MIN + _DEADLINE_TIMES * self.estimate_s(target, room.scale, 1)
        settings = _BIG_CACHE if self.way == "fetch" else ""
        with room.ready(target, settings) as broker, room.topic(broker, self.partitions) as topic:
            job = self._job(broker, topic, room)
            if self.way == "fetch":
                return [self._fetch(broker, job, room, deadline)]
            before = self._warm_up(job, room)
            job = replace(job, start=before // self.partitions)
            return [self._produce(broker, job, before, room, deadline)]

    def _job(self, broker: Broker, topic: str, room: Room) -> Job:
        sizes = (self.partitions, self.batch_bytes, self.record_bytes)
        return room.job(broker, topic, Shape(*sizes, self.compression, self.gib * room.scale))

    def _warm_up(self, job: Job, room: Room) -> int:
        few = replace(job, count=_WARM_UP_BYTES // job.record_bytes)
        return int(room.generate("frames", "produce", few, 60)["records"])

    def _produce(self, broker: Broker, job: Job, before: int, room: Room, deadline: float) -> Sample:
        with self._reading(job, room) as readers:
            account = Account(broker)
            told = room.generate(self.generator, "produce", job, deadline)
            for reader in readers:
                Generator(self.generator, room.seat).finish("fetch", reader, deadline)
            sample = _sample(account, job, told)
        sent = int(told["records"])
        require("records in the topic", before + sent, written(broker, job.topic, job.partitions))
        return sample

    @contextmanager
    def _reading(self, job: Job, room: Room) -> Iterator[list[Child]]:
        """Start the readers at the end of what the warm-up wrote."""
        readers: list[Child] = []
        try:
            for _ in range(self.consumers):
                worker = Generator(self.generator, room.seat)
                readers.append(worker.start("fetch", job, room.log("reader")))
            for reader in readers:
                reader.wait_for("ready", 60)
            yield readers
        finally:
            for reader in readers:
                reader.stop(0)

    def _fetch(self, broker: Broker, job: Job, room: Room, deadline: float) -> Sample:
        filled = int(room.generate("frames", "produce", job, deadline)["records"])
        require("records in the topic", filled, written(broker, job.topic, self.partitions))
        wanted = replace(job, count=filled)
        account = Account(broker)
        told = room.generate(self.generator, "fetch", wanted, deadline)
        require("records read", filled, int(told["records"]))
        return _sample(account, wanted, told)


def _sample(account: Account, job: Job, told: Told) -> Sample:
    value_bytes = int(told["records"]) * job.record_bytes
    sample = account.close(value_bytes)
    sample["mb_per_s"] = value_bytes / told["seconds"] / 1e6
    shape = ("requests", "records_per_request", "batch_bytes", "compression_rate")
    sample |= {name: float(told[name]) for name in shape if name in told}
    sample["load_1_min"] = os.getloadavg()[0]
    return sample
