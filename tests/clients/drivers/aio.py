"""aiokafka."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from clients.drivers.base import WAIT_SECONDS, Emit, Membership, ProduceError, Received, Record, Stopping


class AiokafkaDriver:
    """aiokafka, one event loop a call."""

    name = "aiokafka"
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
        settings = {
            "bootstrap_servers": bootstrap,
            "compression_type": None if codec == "none" else codec,
            "enable_idempotence": idempotent,
        }
        asyncio.run(_within(_produce(settings, topic, records, partition)))

    def consume(self, bootstrap: str, topic: str, count: int, *, partition: int = 0) -> list[Received]:
        return asyncio.run(_within(_consume(bootstrap, TopicPartition(topic, partition), count)))

    def offsets_at(
        self, bootstrap: str, topic: str, partition: int, times: Sequence[int]
    ) -> list[int | None]:
        return asyncio.run(_within(_offsets_at(bootstrap, TopicPartition(topic, partition), times)))

    def follow(self, membership: Membership, emit: Emit, stopping: Stopping) -> None:
        asyncio.run(_follow(membership, emit, stopping))


async def _within(work: Any) -> Any:
    return await asyncio.wait_for(work, WAIT_SECONDS)


async def _produce(settings: dict[str, Any], topic: str, records: Sequence[Record], partition: int) -> None:
    producer = AIOKafkaProducer(**settings, max_request_size=4 << 20, acks="all")
    async with producer:
        waiting = [
            await producer.send(
                topic,
                record.value,
                record.key,
                partition,
                timestamp_ms=record.timestamp_ms,
                headers=list(record.headers),
            )
            for record in records
        ]
        try:
            await asyncio.gather(*waiting)
        except KafkaError as error:
            raise ProduceError(getattr(error, "message", type(error).__name__)) from error


async def _consume(bootstrap: str, partition: TopicPartition, count: int) -> list[Received]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    consumer.assign([partition])
    async with consumer:
        return [Received.of(await consumer.getone()) for _ in range(count)]


async def _offsets_at(bootstrap: str, partition: TopicPartition, times: Sequence[int]) -> list[int | None]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    consumer.assign([partition])
    async with consumer:
        answers = [(await consumer.offsets_for_times({partition: time}))[partition] for time in times]
    return [answer.offset if answer else None for answer in answers]


class _Listener(ConsumerRebalanceListener):
    def __init__(self, emit: Emit) -> None:
        self._emit = emit

    def on_partitions_assigned(self, assigned: Any) -> None:
        self._emit({"assigned": [part.partition for part in assigned]})

    def on_partitions_revoked(self, revoked: Any) -> None:
        self._emit({"revoked": [part.partition for part in revoked]})


async def _follow(membership: Membership, emit: Emit, stopping: Stopping) -> None:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=membership.bootstrap,
        group_id=membership.group,
        group_instance_id=membership.instance,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=membership.session_ms,
        heartbeat_interval_ms=membership.session_ms // 4,
    )
    consumer.subscribe([membership.topic], listener=_Listener(emit))
    async with consumer:
        while not stopping():
            await _follow_once(consumer, emit)


async def _follow_once(consumer: AIOKafkaConsumer, emit: Emit) -> None:
    batches = await consumer.getmany(timeout_ms=100, max_records=100)
    messages = [message for batch in batches.values() for message in batch]
    if not messages:
        return
    emit({"got": [[m.partition, m.offset, m.value.decode()] for m in messages]})
    try:
        await consumer.commit()
    except KafkaError as error:
        # The partition moved on meanwhile: its next owner reads these records again.
        emit({"uncommitted": type(error).__name__})
