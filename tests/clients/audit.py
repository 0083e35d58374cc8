"""What must be true of logs and objects after a crash."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from clients.load import Acknowledged
from clients.offsets import end_offsets
from clients.seeds import unique
from clients.waiting import Deadline

READ_SECONDS = 30.0
CONSUME_SECONDS = 0.05
"""`consume` waits that long for more than there is."""


class LogAudit:
    """Reads a topic further and further and holds each record against what came before.

    Gapless offsets; in each partition every producer's numbers 0, 1, 2 … without a gap, a repetition or a
    step back, for the producers are idempotent.
    """

    def __init__(self, bootstrap: str, topic: str, partitions: int) -> None:
        self.records: list[list[tuple[int, int]]] = [[] for _ in range(partitions)]
        """By partition and offset: producer and number."""
        self._bootstrap, self._topic = bootstrap, topic
        self._next: dict[tuple[int, int], int] = {}

    def read_on(self) -> None:
        """Read all that is there now."""
        ends = end_offsets(self._bootstrap, self._topic, len(self.records))
        consumer = Consumer(
            {
                "bootstrap.servers": self._bootstrap,
                "group.id": unique("audit"),
                "enable.auto.commit": False,
                "check.crcs": True,
            }
        )
        consumer.assign(
            [TopicPartition(self._topic, n, len(records)) for n, records in enumerate(self.records)]
        )
        deadline = Deadline(READ_SECONDS, f"records up to {ends}")
        while any(len(records) < end for records, end in zip(self.records, ends, strict=True)):
            for message in consumer.consume(1000, min(CONSUME_SECONDS, deadline.left)):
                self._take(message)
        consumer.close()

    def check(self, acknowledged: Iterable[Acknowledged]) -> None:
        """Hold acknowledgements against what was read: each record stands where the broker said."""
        for item in acknowledged:
            log = self.records[item.partition]
            assert item.offset < len(log), f"lost: {item}, the log ends at {len(log)}"
            assert log[item.offset] == (item.producer, item.number), item

    def _take(self, message: Message) -> None:
        if message.error():
            raise KafkaException(message.error())
        partition, log = message.partition(), self.records[message.partition()]
        assert message.offset() == len(log), f"partition {partition}: a gap before offset {message.offset()}"
        producer, number = map(int, message.value().decode().split(":")[:2])
        expected = self._next.get((partition, producer), 0)
        assert number == expected, (
            f"partition {partition} offset {message.offset()}: producer {producer} wrote {number}, "
            f"expected {expected}: {'doubled' if number < expected else 'lost or out of order'}"
        )
        self._next[partition, producer] = expected + 1
        log.append((producer, number))


async def audit_objects(data: Path, scratch: Path, *, since_ms: int, until_ms: int, epochs: int) -> int:
    """Check all objects of a broker that is down, and return how many nothing refers to.

    Each is whole; each is known to the coordinator, or its name says when and in which epoch it was made, so
    that a sweep can find it.
    """
    from skylog.clock import SystemClock
    from skylog.coordinator.open import open_coordinator
    from skylog.core import verify_segment
    from skylog.storage.keys import SegmentKey
    from skylog.storage.local import LocalStore

    store = LocalStore(str(data / "objects"))
    keys = [info.key async for info in store.list()]
    for key in keys:
        verify_segment(await store.get(key))
    await store.close()
    _copy_database(data, scratch)
    coordinator = open_coordinator(f"sqlite://{scratch}/coordinator.db", SystemClock())
    await coordinator.open()
    known = await coordinator.known_segments(keys)
    await coordinator.close()
    unknown = [SegmentKey.parse(key) for key, is_known in zip(keys, known, strict=True) if not is_known]
    for key in unknown:
        assert since_ms <= key.created_ms <= until_ms, key
        assert 1 <= key.broker_epoch <= epochs, key
    return len(unknown)


def _copy_database(data: Path, scratch: Path) -> None:
    """Copy it: opening the database itself would mend what the broker has to mend."""
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    for file in data.glob("coordinator.db*"):
        shutil.copy(file, scratch)
