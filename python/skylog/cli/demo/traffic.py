"""The demo's producer and consumers: confluent-kafka with settings that anybody would use."""

from __future__ import annotations

import math
import threading
from array import array
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skylog.cli.demo.check import Check
from skylog.cli.demo.workload import Workload
from skylog.clock import SystemClock
from skylog.errors import SkylogError, Unavailable

if TYPE_CHECKING:
    from confluent_kafka import Consumer, KafkaError, Message, Producer

Progress = Callable[[int], None]
"""Told now and then how much of the work is done; may raise to end it."""

ANSWER_S_MAX = 60.0
STALL_S_MAX = 60.0
POLL_S = 0.1
BATCH = 2000
QUEUE_RECORDS = 20_000
"""Records that wait in the client: enough to keep the broker busy, few enough that waiting there is short."""

_QUIET = {"log_level": 2}
"""What fails is said once, by an exception."""

_clock = SystemClock()


@dataclass(frozen=True, slots=True)
class Produced:
    """Latencies in milliseconds, from the call to the acknowledgement."""

    seconds: float
    latencies_ms: array[float]


@dataclass(frozen=True, slots=True)
class Consumed:
    """What consumers saw: `seconds` from the first record to the last."""

    seconds: float
    check: Check


def require_client() -> None:
    """Raise `Unavailable` with what to install where there is no confluent-kafka."""
    try:
        import confluent_kafka  # noqa: F401
    except ImportError as error:
        raise Unavailable(
            "the demo needs the Kafka client confluent-kafka: pip install 'skylog[demo]'"
        ) from error


def create_topic(bootstrap: str, topic: str, partitions: int) -> None:
    """Create a topic as an admin client does."""
    from confluent_kafka.admin import AdminClient
    from confluent_kafka.cimpl import NewTopic

    admin = AdminClient({"bootstrap.servers": bootstrap, **_QUIET})
    admin.create_topics([NewTopic(topic, partitions)])[topic].result(ANSWER_S_MAX)


def produce_slowly(
    bootstrap: str, topic: str, records: int, pause_s: float, progress: Progress
) -> array[float]:
    """Send records one by one, each after the one before is acknowledged; return latencies in ms."""
    producer = _warm_producer(bootstrap, topic, linger_ms=0)
    outcome = _Outcome()
    pause = threading.Event()
    for number in range(records):
        producer.produce(topic, b"x" * 100, partition=0, on_delivery=outcome)
        producer.flush(ANSWER_S_MAX)
        outcome.require(number + 1)
        progress(number + 1)
        pause.wait(pause_s)
    return outcome.latencies_ms


def produce_all(bootstrap: str, workload: Workload, warm_topic: str, progress: Progress) -> Produced:
    """Send all records as fast as they are taken, and wait until all are acknowledged."""
    producer = _warm_producer(bootstrap, warm_topic, linger_ms=5)
    outcome = _Outcome()
    start = _clock.monotonic()
    for number in range(workload.records):
        partition, _ = workload.place(number)
        while not _send(producer, workload.topic, partition, workload.value(number), outcome):
            producer.poll(POLL_S)
            _report(outcome, progress)
        if number % BATCH == 0:
            _report(outcome, progress)
    while producer.flush(POLL_S):
        _report(outcome, progress)
    seconds = _clock.monotonic() - start
    outcome.require(workload.records)
    progress(workload.records)
    return Produced(seconds, outcome.latencies_ms)


def consume_all(bootstrap: str, workload: Workload, members: int, progress: Progress) -> Consumed:
    """Read everything through a consumer group and check each record."""
    group = _Group(workload, progress)
    with ThreadPoolExecutor(members) as pool:
        runs = [pool.submit(group.run, _consumer(bootstrap)) for _ in range(members)]
        try:
            for run in runs:
                run.result()
        finally:
            group.stop()
    progress(group.check.records)
    group.check.finish(_ends(bootstrap, workload))
    return Consumed(group.seconds, group.check)


def percentile(latencies_ms: array[float], percent: float) -> float:
    """Return the value that so many percent do not exceed."""
    ordered = sorted(latencies_ms)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


class _Outcome:
    """Delivery reports, counted."""

    def __init__(self) -> None:
        self.latencies_ms = array("d")
        self.error: SkylogError | None = None

    def __call__(self, error: KafkaError | None, message: Message) -> None:
        latency = message.latency()
        if error is None and latency is not None:
            self.latencies_ms.append(latency * 1000)
        elif self.error is None:
            self.error = Unavailable(f"a record was not acknowledged: {error}")

    def require(self, records: int) -> None:
        self.require_none_failed()
        if len(self.latencies_ms) != records:
            raise Unavailable(
                f"expected {records} acknowledgements within {ANSWER_S_MAX:g} s, "
                f"found {len(self.latencies_ms)}"
            )

    def require_none_failed(self) -> None:
        if self.error is not None:
            raise self.error


class _Group:
    """Consumers that share a check; the clock runs from the first record to the last."""

    def __init__(self, workload: Workload, progress: Progress) -> None:
        self.check = Check(workload)
        self._workload = workload
        self._progress = progress
        self._lock = threading.Lock()
        self._stopped = False
        self._first: float | None = None
        self._last = _clock.monotonic()

    @property
    def seconds(self) -> float:
        """From the first record to the last."""
        return self._last - (self._last if self._first is None else self._first)

    def run(self, consumer: Consumer) -> None:
        """Be one member until everything is read; when one fails, all end."""
        consumer.subscribe([self._workload.topic])
        try:
            while not (self._stopped or self.check.complete):
                self._take(consumer.consume(BATCH, POLL_S))
        finally:
            self.stop()
            consumer.close()

    def stop(self) -> None:
        """Let all members end soon."""
        self._stopped = True

    def _take(self, messages: list[Message]) -> None:
        with self._lock:
            self._progress(self.check.records)
            now = _clock.monotonic()
            if not messages:
                self._require_progress(now)
                return
            self._first = now if self._first is None else self._first
            for message in messages:
                self.check.see(*_place(message), message.value())
            self._last = _clock.monotonic()

    def _require_progress(self, now: float) -> None:
        if now - self._last > STALL_S_MAX:
            raise Unavailable(
                f"no record came for {STALL_S_MAX:g} s after {self.check.records} of {self._workload.records}"
            )


def _place(message: Message) -> tuple[int, int]:
    partition, offset = message.partition(), message.offset()
    if message.error() is not None or partition is None or offset is None:
        raise Unavailable(f"consuming failed: {message.error()}")
    return partition, offset


def _warm_producer(bootstrap: str, topic: str, linger_ms: int) -> Producer:
    """Return a producer that has sent a record: connecting and getting an identity take it half a second."""
    from confluent_kafka import Producer

    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            **_QUIET,
            "enable.idempotence": True,
            "linger.ms": linger_ms,
            "queue.buffering.max.messages": QUEUE_RECORDS,
            "message.timeout.ms": int(ANSWER_S_MAX * 1000),
        }
    )
    outcome = _Outcome()
    producer.produce(topic, b"warm", partition=0, on_delivery=outcome)
    producer.flush(ANSWER_S_MAX)
    outcome.require(1)
    return producer


def _consumer(bootstrap: str) -> Consumer:
    from confluent_kafka import Consumer

    settings: dict[str, Any] = {
        "bootstrap.servers": bootstrap,
        **_QUIET,
        "group.id": "skylog-demo",
        "auto.offset.reset": "earliest",
    }
    return Consumer(settings)


def _send(producer: Producer, topic: str, partition: int, value: bytes, outcome: _Outcome) -> bool:
    """Hand a record to the client; False while its queue is full."""
    try:
        producer.produce(topic, value, partition=partition, on_delivery=outcome)
    except BufferError:
        return False
    return True


def _report(outcome: _Outcome, progress: Progress) -> None:
    outcome.require_none_failed()
    progress(len(outcome.latencies_ms))


def _ends(bootstrap: str, workload: Workload) -> dict[int, int]:
    from confluent_kafka import TopicPartition

    consumer = _consumer(bootstrap)
    try:
        return {
            partition: consumer.get_watermark_offsets(
                TopicPartition(workload.topic, partition), ANSWER_S_MAX
            )[1]
            for partition in range(workload.partitions)
        }
    finally:
        consumer.close()
