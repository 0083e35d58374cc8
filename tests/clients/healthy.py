"""A client that minds its own business while others misbehave, and notices when it is disturbed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

from clients.seeds import unique
from clients.topics import create_topic
from clients.waiting import monotonic, wait_until

STALL_SECONDS = 5.0
"""A record that takes longer to come round means that the client was disturbed."""


class HealthyClient:
    """Sends records one after the other and reads each back before it sends the next."""

    def __init__(self, bootstrap: str) -> None:
        self.rounds = 0
        self.slowest_seconds = 0.0
        self._failure: str | None = None
        self._topic = create_topic(bootstrap, "healthy")
        self._stop = threading.Event()
        self._producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0})
        self._consumer = Consumer(
            {"bootstrap.servers": bootstrap, "group.id": unique("unused"), "enable.auto.commit": False}
        )
        self._consumer.assign([TopicPartition(self._topic, 0, 0)])
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def check(self) -> None:
        """Raise if anything was not as it should be."""
        assert self._failure is None, self._failure

    def get_on(self, rounds: int = 5) -> None:
        """Wait until so many more records came round."""
        goal = self.rounds + rounds
        wait_until(lambda: self.rounds >= goal or self._failure is not None, f"{rounds} more rounds")
        self.check()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join(30)
        self._consumer.close()

    def _run(self) -> None:
        while not self._stop.is_set() and self._failure is None:
            started = monotonic()
            value = b"%d" % self.rounds
            self._producer.produce(self._topic, value, on_delivery=self._delivered)
            self._producer.flush(STALL_SECONDS)
            self._expect(self._consumer.poll(STALL_SECONDS), value)
            self.slowest_seconds = max(self.slowest_seconds, monotonic() - started)
            self.rounds += 1

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        if error:
            self._failure = f"produce: {error}"

    def _expect(self, message: Message | None, value: bytes) -> None:
        if message is None:
            self._failure = f"round {self.rounds}: nothing came back within {STALL_SECONDS} s"
        elif message.error() or message.value() != value:
            self._failure = f"round {self.rounds}: {message.error()} {message.value()!r}"


@contextmanager
def healthy_client(bootstrap: str) -> Iterator[HealthyClient]:
    """Run a healthy client beside the block; it must get on before, during and after."""
    client = HealthyClient(bootstrap)
    client.start()
    try:
        client.get_on()
        yield client
        client.get_on()
    finally:
        client.stop()
    client.check()
