"""confluent-kafka, and so librdkafka."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)

from clients.drivers.base import WAIT_SECONDS, Emit, Membership, ProduceError, Received, Record, Stopping
from clients.seeds import unique
from clients.waiting import Deadline


class ConfluentDriver:
    """confluent-kafka with librdkafka's defaults where a test does not say otherwise."""

    name = "confluent"
    null_headers = True

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
        producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "compression.type": codec,
                "enable.idempotence": idempotent,
                "message.max.bytes": 4 << 20,
            }
        )
        errors: list[KafkaError] = []
        for record in records:
            times = {} if record.timestamp_ms is None else {"timestamp": record.timestamp_ms}
            producer.produce(
                topic,
                value=record.value,
                key=record.key,
                partition=partition,
                headers=list(record.headers),
                on_delivery=lambda error, _: errors.append(error) if error else None,
                **times,
            )
        if producer.flush(WAIT_SECONDS):
            raise TimeoutError(f"{topic}: not all records were acknowledged")
        if errors:
            raise ProduceError(errors[0].name())

    def consume(self, bootstrap: str, topic: str, count: int, *, partition: int = 0) -> list[Received]:
        consumer = Consumer(
            {"bootstrap.servers": bootstrap, "group.id": unique("unused"), "enable.auto.commit": False}
        )
        consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING)])
        try:
            return _read(consumer, count, f"{topic}: {count} records")
        finally:
            consumer.close()

    def offsets_at(
        self, bootstrap: str, topic: str, partition: int, times: Sequence[int]
    ) -> list[int | None]:
        consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": unique("unused")})
        try:
            return [_offset_at(consumer, topic, partition, time) for time in times]
        finally:
            consumer.close()

    def follow(self, membership: Membership, emit: Emit, stopping: Stopping) -> None:
        consumer = Consumer(_member_settings(membership))
        consumer.subscribe(
            [membership.topic],
            on_assign=lambda _, parts: emit({"assigned": [part.partition for part in parts]}),
            on_revoke=lambda _, parts: emit({"revoked": [part.partition for part in parts]}),
            on_lost=lambda _, parts: emit({"lost": [part.partition for part in parts]}),
        )
        while not stopping():
            _follow_once(consumer, emit)
        consumer.close()


def _member_settings(membership: Membership) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "bootstrap.servers": membership.bootstrap,
        "group.id": membership.group,
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "session.timeout.ms": membership.session_ms,
        "heartbeat.interval.ms": membership.session_ms // 4,
    }
    if membership.instance:
        settings["group.instance.id"] = membership.instance
    if membership.assignor:
        settings["partition.assignment.strategy"] = membership.assignor
    return settings


def _follow_once(consumer: Consumer, emit: Emit) -> None:
    messages = [message for message in consumer.consume(100, 0.1) if not message.error()]
    if not messages:
        return
    emit({"got": [[m.partition(), m.offset(), m.value().decode()] for m in messages]})
    try:
        consumer.commit(asynchronous=False)
    except KafkaException as error:
        # The partition moved on meanwhile: its next owner reads these records again.
        emit({"uncommitted": error.args[0].name()})


def _read(consumer: Consumer, count: int, what: str) -> list[Received]:
    received: list[Received] = []
    deadline = Deadline(WAIT_SECONDS, what)
    while len(received) < count:
        for message in consumer.consume(count - len(received), min(deadline.left, 1.0)):
            if message.error():
                raise KafkaException(message.error())
            received.append(_received(message))
    return received


def _received(message: Message) -> Received:
    return Received(
        message.partition(),
        message.offset(),
        message.timestamp()[1],
        message.key(),
        message.value(),
        tuple(message.headers() or ()),
    )


def _offset_at(consumer: Consumer, topic: str, partition: int, time: int) -> int | None:
    answer = consumer.offsets_for_times([TopicPartition(topic, partition, time)], timeout=WAIT_SECONDS)[0]
    if answer.error:
        raise KafkaException(answer.error)
    return answer.offset if answer.offset >= 0 else None
