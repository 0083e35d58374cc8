"""Long polls: many consumers parked on one partition, and one consumer on many partitions."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator, Sequence

from brokers import Broker
from client import Client, Crowd, create_topics
from figures import FLAT, LINEAR, Curve, Measure, Setting, Step, percentiles

import frames

TOPIC = "events"
PARK_S = 0.03
WAIT_MS = 30_000
PARTITION_BYTES = 1 << 20
ROUNDS_MIN = 8
PRODUCER = -1


def run_consumers(setting: Setting, steps: Sequence[int]) -> Iterator[Step]:
    """Park more and more consumers on one partition of one broker."""
    with Broker() as broker, Client(broker.port) as producer, Crowd() as crowd:
        create_topics(producer, [TOPIC], 1)
        rounds = _Rounds(broker, producer, crowd, {0: 0})
        alone_us = rounds.produce_alone()
        for n in steps:
            crowd.grow(broker.port, n)
            yield Step(n, rounds.run(setting.seconds, alone_us))


def run_partitions(setting: Setting, steps: Sequence[int]) -> Iterator[Step]:
    """Park one consumer on more and more partitions of a topic."""
    for n in steps:
        with Broker() as broker, Client(broker.port) as producer, Crowd() as crowd:
            create_topics(producer, [TOPIC], n)
            crowd.grow(broker.port, 1)
            rounds = _Rounds(broker, producer, crowd, dict.fromkeys(range(n), 0))
            yield Step(n, rounds.run(setting.seconds, rounds.produce_alone()))


class _Rounds:
    """One batch after the other for all who wait for it."""

    def __init__(self, broker: Broker, producer: Client, crowd: Crowd, offsets: dict[int, int]) -> None:
        self._broker = broker
        self._producer = producer
        self._crowd = crowd
        crowd.watch(producer, PRODUCER)
        self._offsets = offsets
        self._batch = frames.batch_of_size(1024)
        self._produce = frames.produce(TOPIC, range(1), self._batch)
        self._records = struct.unpack(">i", self._batch[57:61])[0]

    def produce_alone(self) -> float:
        """Return the CPU of one batch that nobody waits for, in µs."""
        before_s, count = self._broker.cpu_s(), 50
        for _ in range(count):
            self._producer.call(self._produce)
            self._offsets[0] += self._records
            time.sleep(PARK_S / 3)
        return 1e6 * (self._broker.cpu_s() - before_s) / count

    def run(self, seconds: float, alone_us: float) -> dict[str, float]:
        """Park all, commit, wait until all have it; again for so long."""
        rounds: list[tuple[float, float, float]] = []
        n = len(self._crowd.clients)
        self._round()
        deadline, before_s = time.perf_counter() + seconds, self._broker.cpu_s()
        while len(rounds) < ROUNDS_MIN or time.perf_counter() < deadline:
            rounds.append(self._round())
        cpu_us = 1e6 * (self._broker.cpu_s() - before_s) / len(rounds)
        acknowledged, first, last = zip(*rounds, strict=True)
        first_ms, last_ms = percentiles(first), percentiles(last)
        return {
            "a fetch parked and woken, CPU": max(0.0, cpu_us - alone_us) / n,
            "acknowledgement, p50": percentiles(acknowledged)[0],
            "first receipt, p50": first_ms[0],
            "first receipt, p99": first_ms[1],
            "last receipt, p50": last_ms[0],
            "last receipt, p99": last_ms[1],
        }

    def _round(self) -> tuple[float, float, float]:
        """Return when the producer, the first and the last consumer had their answers, from the send on."""
        waiting = frames.fetch(TOPIC, self._offsets, PARTITION_BYTES, WAIT_MS)
        for client in self._crowd.clients:
            client.socket.sendall(waiting)
        time.sleep(PARK_S + len(waiting) / 5e6)
        began = time.perf_counter()
        self._producer.socket.sendall(self._produce)
        moments: dict[int, float] = {}
        while len(moments) <= len(self._crowd.clients):
            moments |= {index: 1e3 * (moment - began) for index, _, moment in self._crowd.ready()}
        self._offsets[0] += self._records
        return moments.pop(PRODUCER), min(moments.values()), max(moments.values())


def _measures(first: float, last: float, each: float) -> list[Measure]:
    return [
        Measure("a fetch parked and woken, CPU", "µs", each, charted=True),
        Measure("acknowledgement, p50", "ms", FLAT),
        Measure("first receipt, p50", "ms", first, charted=True),
        Measure("first receipt, p99", "ms", None),
        Measure("last receipt, p50", "ms", last, charted=True),
        Measure("last receipt, p99", "ms", None),
    ]


CONSUMERS_CURVE = Curve(
    name="consumers",
    title="Consumers that wait for one partition",
    counted="consumers",
    measures=_measures(first=LINEAR, last=LINEAR, each=FLAT),
    steps=(1, 3, 10, 30, 100),
    quick_steps=(1, 10, 100),
    run=run_consumers,
)

PARTITIONS_CURVE = Curve(
    name="consumed-partitions",
    title="Partitions that one consumer waits for",
    counted="partitions",
    measures=_measures(first=LINEAR, last=LINEAR, each=LINEAR),
    steps=(1, 10, 100, 1_000, 10_000),
    quick_steps=(10, 1_000, 10_000),
    run=run_partitions,
)
