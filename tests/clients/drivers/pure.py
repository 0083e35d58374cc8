"""kafka-python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kafka import ConsumerRebalanceListener, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from clients.drivers.base import WAIT_SECONDS, Emit, Membership, ProduceError, Received, Record, Stopping
from clients.waiting import Deadline


class KafkaPythonDriver:
    """kafka-python."""

    name = "kafka-python"
    null_headers = False

    def produce(
        self,
        bootstrap: str,
        topic: str,
        records: Sequence[Record],
        *,
        codec: str = "none",
        partition: int = 0,
        idempotent: bool = False,
    ) -> None:
        producer = KafkaProducer(
            bootstrap_servers=bootstrap,
            compression_type=None if codec == "none" else codec,
            enable_idempotence=idempotent,
            max_request_size=4 << 20,
        )
        try:
            waiting = [_send(producer, topic, record, partition) for record in records]
            for answer in waiting:
                answer.get(timeout=WAIT_SECONDS)
        except KafkaError as error:
            raise ProduceError(getattr(error, "message", type(error).__name__)) from error
        finally:
            producer.close(timeout=WAIT_SECONDS)

    def consume(self, bootstrap: str, topic: str, count: int, *, partition: int = 0) -> list[Received]:
        consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
        consumer.assign([TopicPartition(topic, partition)])
        try:
            return _read(consumer, count, f"{topic}: {count} records")
        finally:
            consumer.close()

    def offsets_at(
        self, bootstrap: str, topic: str, partition: int, times: Sequence[int]
    ) -> list[int | None]:
        consumer = KafkaConsumer(bootstrap_servers=bootstrap)
        where = TopicPartition(topic, partition)
        try:
            answers = [consumer.offsets_for_times({where: time})[where] for time in times]
        finally:
            consumer.close()
        return [answer.offset if answer else None for answer in answers]

    def follow(self, membership: Membership, emit: Emit, stopping: Stopping) -> None:
        consumer = KafkaConsumer(
            bootstrap_servers=membership.bootstrap,
            group_id=membership.group,
            group_instance_id=membership.instance,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=membership.session_ms,
            heartbeat_interval_ms=membership.session_ms // 4,
        )
        # A leader that has not seen the topic yet would give nothing to anybody, and may stay at that.
        consumer.partitions_for_topic(membership.topic)
        consumer.subscribe([membership.topic], listener=_Listener(emit))
        while not stopping():
            _follow_once(consumer, emit)
        consumer.close()


def _send(producer: KafkaProducer, topic: str, record: Record, partition: int) -> Any:
    return producer.send(
        topic,
        value=record.value,
        key=record.key,
        partition=partition,
        headers=list(record.headers),
        timestamp_ms=record.timestamp_ms,
    )


def _read(consumer: KafkaConsumer, count: int, what: str) -> list[Received]:
    received: list[Received] = []
    deadline = Deadline(WAIT_SECONDS, what)
    while len(received) < count:
        batches = consumer.poll(
            timeout_ms=int(1000 * min(deadline.left, 1.0)), max_records=count - len(received)
        )
        received += [Received.of(message) for batch in batches.values() for message in batch]
    return received


class _Listener(ConsumerRebalanceListener):
    def __init__(self, emit: Emit) -> None:
        self._emit = emit

    def on_partitions_assigned(self, assigned: Any) -> None:
        self._emit({"assigned": [part.partition for part in assigned]})

    def on_partitions_revoked(self, revoked: Any) -> None:
        self._emit({"revoked": [part.partition for part in revoked]})


def _follow_once(consumer: KafkaConsumer, emit: Emit) -> None:
    batches = consumer.poll(timeout_ms=100, max_records=100)
    messages = [message for batch in batches.values() for message in batch]
    if not messages:
        return
    emit({"got": [[m.partition, m.offset, m.value.decode()] for m in messages]})
    try:
        consumer.commit()
    except KafkaError as error:
        # The partition moved on meanwhile: its next owner reads these records again.
        emit({"uncommitted": type(error).__name__})
