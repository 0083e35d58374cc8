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
SESSION_POSITION = 10
"""In an answer: behind correlation id, throttle time and error."""


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
    """Park one consumer on more and more partitions of a topic, without a session and within one."""
    for n in steps:
        with Broker() as broker, Client(broker.port) as producer:
            create_topics(producer, [TOPIC], n)
            values: dict[str, float] = {}
            offsets = dict.fromkeys(range(n), 0)
            for kind in (_Rounds, _SessionRounds):
                with Crowd() as crowd:
                    crowd.grow(broker.port, 1)
                    rounds = kind(broker, producer, crowd, offsets)
                    if rounds.is_served():
                        found = rounds.run(setting.seconds, rounds.produce_alone())
                        values |= {f"{kind.prefix}{name}": value for name, value in found.items()}
            yield Step(n, values)


class _Rounds:
    """One batch after the other for all who wait for it, each with a request that names all partitions."""

    prefix = ""

    def __init__(self, broker: Broker, producer: Client, crowd: Crowd, offsets: dict[int, int]) -> None:
        self._broker = broker
        self._producer = producer
        self._crowd = crowd
        crowd.watch(producer, PRODUCER)
        self._offsets = offsets
        self._batch = frames.batch_of_size(1024)
        self._produce = frames.produce(TOPIC, range(1), self._batch)
        self._records = struct.unpack(">i", self._batch[57:61])[0]

    def is_served(self) -> bool:
        """Say whether the broker knows such requests."""
        return True

    def waiting(self) -> bytes:
        """Return a request for what comes next."""
        return frames.fetch(TOPIC, self._offsets, PARTITION_BYTES, WAIT_MS)

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
        waiting = self.waiting()
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


class _SessionRounds(_Rounds):
    """The same by one consumer in a fetch session (KIP-227): it names what has changed alone."""

    prefix = "in a session, "

    def is_served(self) -> bool:
        """Open the session; brokers without sessions answer with id 0."""
        opening = frames.fetch(TOPIC, self._offsets, PARTITION_BYTES, 0, (0, 0))
        answer = self._crowd.clients[0].call(opening)
        self._session, self._epoch = struct.unpack_from(">i", answer, SESSION_POSITION)[0], 0
        return bool(self._session)

    def waiting(self) -> bytes:
        """Return a request that moves the one partition that is written to."""
        self._epoch += 1
        moved = {0: self._offsets[0]}
        return frames.fetch(TOPIC, moved, PARTITION_BYTES, WAIT_MS, (self._session, self._epoch))


def _measures(first: float, last: float, each: float, prefix: str = "") -> list[Measure]:
    return [
        Measure(f"{prefix}a fetch parked and woken, CPU", "µs", each, charted=True),
        Measure(f"{prefix}acknowledgement, p50", "ms", FLAT),
        Measure(f"{prefix}first receipt, p50", "ms", first, charted=True),
        Measure(f"{prefix}first receipt, p99", "ms", None),
        Measure(f"{prefix}last receipt, p50", "ms", last, charted=True),
        Measure(f"{prefix}last receipt, p99", "ms", None),
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
    measures=[
        *_measures(first=LINEAR, last=LINEAR, each=LINEAR),
        *_measures(first=FLAT, last=FLAT, each=FLAT, prefix=_SessionRounds.prefix),
    ],
    steps=(1, 10, 100, 1_000, 10_000),
    quick_steps=(10, 1_000, 10_000),
    run=run_partitions,
)
