"""Idempotent producers that write through crashes, and remember what was acknowledged."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from confluent_kafka import KafkaError, Message, Producer

from clients.waiting import wait_until

OUTSTANDING_MAX = 300
_SETTINGS = {
    "enable.idempotence": True,
    "linger.ms": 2,
    "delivery.timeout.ms": 300_000,
    "reconnect.backoff.ms": 10,
    "reconnect.backoff.max.ms": 100,
    "retry.backoff.ms": 20,
    # A broker that is away is what this is about, not worth a line each.
    "log_level": 2,
}


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The broker said that the `number`-th record of a producer in a partition has this offset."""

    producer: int
    partition: int
    number: int
    offset: int


class LoadProducer:
    """One producer: numbers from 0 on in each partition, as fast as its queue allows."""

    def __init__(self, bootstrap: str, topic: str, place: int, partitions: int) -> None:
        self.acknowledged: list[Acknowledged] = []
        self.failure: KafkaError | None = None
        self._topic, self._place, self._partitions = topic, place, partitions
        self._outstanding = 0
        self._producer = Producer({**_SETTINGS, "bootstrap.servers": bootstrap})
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Send no more; wait until all that was sent is acknowledged."""
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive(), f"{self._outstanding} records are still unacknowledged"

    def _run(self) -> None:
        sent = 0
        while not self._stop.is_set() and self.failure is None:
            if self._outstanding < OUTSTANDING_MAX:
                self._send(sent % self._partitions, sent // self._partitions)
                sent += 1
            self._producer.poll(0.001 if sent % 20 == 0 else 0)
        self._producer.flush(50)

    def _send(self, partition: int, number: int) -> None:
        self._outstanding += 1
        value = f"{self._place}:{number}:{'x' * (number % 500)}"
        self._producer.produce(
            self._topic,
            value,
            partition=partition,
            on_delivery=lambda error, message: self._delivered(error, message, number),
        )

    def _delivered(self, error: KafkaError | None, message: Message, number: int) -> None:
        self._outstanding -= 1
        if error:
            self.failure = self.failure or error
        else:
            self.acknowledged.append(Acknowledged(self._place, message.partition(), number, message.offset()))


class Load:
    """Several producers."""

    def __init__(self, bootstrap: str, topic: str, producers: int, partitions: int) -> None:
        self._producers = [LoadProducer(bootstrap, topic, place, partitions) for place in range(producers)]

    @property
    def acknowledged(self) -> list[Acknowledged]:
        """All that was acknowledged so far."""
        return [item for producer in self._producers for item in list(producer.acknowledged)]

    def go_on(self, records: int) -> None:
        """Wait until so many more are acknowledged."""
        goal = self._count() + records
        wait_until(lambda: self._count() >= goal, f"{records} more acknowledged records", 60)
        self.check()

    def check(self) -> None:
        """Raise if a producer gave up."""
        failures = [producer.failure for producer in self._producers if producer.failure]
        assert failures == []

    def stop(self) -> None:
        """Stop; then all that was sent is acknowledged."""
        for producer in self._producers:
            producer.stop()
        self.check()

    def _count(self) -> int:
        return sum(len(producer.acknowledged) for producer in self._producers)


@contextmanager
def load(bootstrap: str, topic: str, *, producers: int, partitions: int) -> Iterator[Load]:
    """Run producers beside the block."""
    running = Load(bootstrap, topic, producers, partitions)
    try:
        yield running
    finally:
        running.stop()
