"""Records that keep coming while a test does something else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import KafkaError, Message, Producer

from clients.waiting import wait_until

PAUSE_SECONDS = 0.004


class Feed:
    """Writes the numbers from 0 on, to all partitions in turn, until it is stopped."""

    def __init__(self, bootstrap: str, topic: str, partitions: int) -> None:
        self.sent: set[str] = set()
        self._failure: KafkaError | None = None
        self._acknowledged = 0
        self._topic, self._partitions = topic, partitions
        self._producer = Producer(
            {"bootstrap.servers": bootstrap, "linger.ms": 5, "enable.idempotence": True}
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def go_on(self, records: int = 100) -> None:
        """Wait until so many more records are acknowledged."""
        goal = self._acknowledged + records
        wait_until(lambda: self._acknowledged >= goal, f"{records} more acknowledged records")

    def stop(self) -> set[str]:
        """Stop and return all values; each is acknowledged."""
        self._stop.set()
        self._thread.join(40)
        assert self._failure is None, self._failure
        assert self._acknowledged == len(self.sent)
        return self.sent

    def _run(self) -> None:
        number = 0
        while not self._stop.wait(PAUSE_SECONDS):
            value = str(number)
            self.sent.add(value)
            self._producer.produce(
                self._topic, value, partition=number % self._partitions, on_delivery=self._delivered
            )
            self._producer.poll(0)
            number += 1
        self._producer.flush(30)

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        self._failure = self._failure or error
        self._acknowledged += error is None


@contextmanager
def feed(bootstrap: str, topic: str, partitions: int) -> Iterator[Feed]:
    """Run a feed beside the block."""
    running = Feed(bootstrap, topic, partitions)
    try:
        yield running
    finally:
        running.stop()
