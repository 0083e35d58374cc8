"""The loads: one base, then one thing changed at a time."""

from __future__ import annotations

from typing import Any, Protocol

from peers.account import Sample
from peers.aims import Aim, aims
from peers.latency import OpenLoop
from peers.room import Room
from peers.start import Start
from peers.targets import Target
from peers.traffic import Traffic
from peers.wide import Wide

KIB = 1024


class Load(Protocol):
    """What a run goes through; `once`: one turn of a target holds all its rounds; `warms_up`: brokers
    that stay take a turn that does not count before the first round."""

    name: str
    title: str
    aims: tuple[Aim, ...]
    targets: tuple[str, ...]
    once: bool
    warms_up: bool

    def estimate_s(self, target: Target, scale: float, rounds: int) -> float:
        """Return about how long a turn takes."""

    def measure(self, target: Target, room: Room, rounds: int) -> list[Sample]:
        """Measure one turn. Raises `Failed`."""


PRODUCED = aims(memory=0.4, file=0.5)
BY_LIBRDKAFKA = aims(memory=0.3, file=0.5)
FETCHED, FETCHED_SPREAD = aims(memory=1.0, file=1.0), aims(memory=1.5, file=1.5)
ALL = ("kafka-tmpfs", "skylog-memory", "kafka-disk", "skylog-file", "skylog-s3")
ON_DISK_TOO = ALL[:4]
IN_MEMORY = ALL[:2]
SPREAD: dict[str, Any] = {"partitions": 64, "batch_bytes": 16 * KIB}
FETCH: dict[str, Any] = {"way": "fetch", "gib": 1.0}
BOTH: dict[str, Any] = {"way": "both", "gib": 0.25}
LITTLE: dict[str, Any] = {"gib": 0.25}

_LOADS: tuple[Load, ...] = (
    Start(),
    Traffic("java", "produce, Java, 1 MiB batches", "java", targets=ALL, aims=PRODUCED),
    Traffic("java-64", "produce, Java, 16 KiB × 64 partitions", "java", **SPREAD, targets=ALL, aims=PRODUCED),
    Traffic(
        "java-1000",
        "produce, Java, 16 KiB × 1,000 partitions",
        "java",
        partitions=1000,
        batch_bytes=16 * KIB,
        targets=IN_MEMORY,
    ),
    Traffic("java-100b", "produce, Java, 1 MiB batches of 100 B records", "java", record_bytes=100, **LITTLE),
    Traffic("java-zstd", "produce, Java, 1 MiB batches, zstd", "java", compression="zstd", aims=PRODUCED),
    Traffic(
        "java-zstd-64",
        "produce, Java, 16 KiB × 64 partitions, zstd",
        "java",
        compression="zstd",
        **SPREAD,
        aims=PRODUCED,
    ),
    Traffic("librdkafka", "produce, librdkafka, 1 MiB batches", "librdkafka", aims=BY_LIBRDKAFKA),
    Traffic(
        "librdkafka-64",
        "produce, librdkafka, 16 KiB × 64 partitions",
        "librdkafka",
        **SPREAD,
        gib=0.0625,
        aims=BY_LIBRDKAFKA,
    ),
    Traffic("bulk", "produce, skylog.bulk, 1 MiB batches", "bulk", targets=IN_MEMORY),
    Traffic("frames", "produce, prebuilt requests, 1 MiB batches", "frames", targets=IN_MEMORY),
    Traffic(
        "frames-64",
        "produce, prebuilt requests, 16 KiB × 64 partitions",
        "frames",
        **SPREAD,
        targets=IN_MEMORY,
    ),
    Traffic("fetch-java", "fetch, Java, 1 MiB batches", "java", **FETCH, aims=FETCHED),
    Traffic(
        "fetch-java-64", "fetch, Java, 16 KiB × 64 partitions", "java", **FETCH, **SPREAD, aims=FETCHED_SPREAD
    ),
    Traffic("fetch-librdkafka", "fetch, librdkafka, 1 MiB batches", "librdkafka", **FETCH, targets=IN_MEMORY),
    Traffic(
        "fetch-librdkafka-64",
        "fetch, librdkafka, 16 KiB × 64 partitions",
        "librdkafka",
        **FETCH,
        **SPREAD,
        targets=IN_MEMORY,
    ),
    Traffic(
        "fan-out-1",
        "produce and 1 consumer, librdkafka",
        "librdkafka",
        **BOTH,
        consumers=1,
        targets=IN_MEMORY,
    ),
    Traffic("fan-out-3", "produce and 3 consumers, librdkafka", "librdkafka", **BOTH, consumers=3),
    OpenLoop("latency-20", 0.2, targets=ON_DISK_TOO),
    OpenLoop("latency-60", 0.6),
    Wide(),
)

LOADS: dict[str, Load] = {load.name: load for load in _LOADS}
