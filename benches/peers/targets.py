"""Who is measured, and who is compared with whom."""

from __future__ import annotations

from dataclasses import dataclass

from peers.brokers import Broker, Seat
from peers.kafka import Kafka
from peers.skylog import Skylog, SkylogMemory, SkylogS3


@dataclass(frozen=True)
class Target:
    """A broker with its log in one place."""

    name: str
    title: str
    kind: type[Kafka] | type[Skylog]
    in_memory: bool = False

    @property
    def is_kafka(self) -> bool:
        """Whether it is the peer, and not ours."""
        return issubclass(self.kind, Kafka)

    def make(self, seat: Seat, name: str, settings: str = "") -> Broker:
        """Return a broker that was not started; `name` tells its directory from others'."""
        directory = (seat.memory if self.in_memory else seat.work) / f"{self.name}-{name}"
        if issubclass(self.kind, Kafka):
            return self.kind(seat, directory)
        return self.kind(seat, directory, settings)


TARGETS = {
    target.name: target
    for target in (
        Target("kafka-tmpfs", "Kafka, tmpfs", Kafka, in_memory=True),
        Target("skylog-memory", "skylog, memory store", SkylogMemory),
        Target("kafka-disk", "Kafka, disk", Kafka),
        Target("skylog-file", "skylog, file store", Skylog),
        Target("skylog-s3", "skylog, S3 (SeaweedFS)", SkylogS3),
    )
}

PAIRS = {"skylog-memory": "kafka-tmpfs", "skylog-file": "kafka-disk", "skylog-s3": "kafka-disk"}
"""Whom each of ours stands beside."""
