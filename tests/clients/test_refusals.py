"""What is not served yet is refused at once, with a reason, and costs nobody a time-out."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError as AiokafkaError
from confluent_kafka import KafkaException, Producer
from kafka import KafkaProducer
from kafka.errors import KafkaError

from clients.batches import build_batch
from clients.conftest import FOREIGN, NewTopic
from clients.raw import Connection, produce_request
from clients.seeds import unique

TRANSACTIONAL = 0x10
AT_ONCE_SECONDS = 5

pytestmark = pytest.mark.skipif(bool(FOREIGN), reason="others serve transactions")


def test_confluent_is_told_that_there_are_no_transactions(bootstrap: str) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": unique("t"), "log_level": 0})
    with pytest.raises(KafkaException, match="not served") as refusal:
        producer.init_transactions(AT_ONCE_SECONDS)
    assert refusal.value.args[0].fatal()


def test_aiokafka_is_told_that_there_are_no_transactions(bootstrap: str) -> None:
    async def start() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, transactional_id=unique("t"))
        try:
            await asyncio.wait_for(producer.start(), AT_ONCE_SECONDS)
        finally:
            await producer.stop()

    with pytest.raises(AiokafkaError):
        asyncio.run(start())


def test_kafka_python_is_told_that_there_are_no_transactions(bootstrap: str) -> None:
    producer = KafkaProducer(bootstrap_servers=bootstrap, transactional_id=unique("t"))
    try:
        with pytest.raises(KafkaError, match=r"(?i)authorization"):
            producer.init_transactions()
    finally:
        producer.close(timeout=AT_ONCE_SECONDS)


def test_transactional_batches_are_refused_with_a_reason(bootstrap: str, new_topic: NewTopic) -> None:
    topic = new_topic()
    batch = build_batch([b"x"], producer_id=1, epoch=0, sequence=0, attributes=TRANSACTIONAL)
    request = produce_request({(topic, 0): batch})
    request.transactional_id = "t"
    with Connection(bootstrap) as connection:
        answer = connection.ask(request).responses[0].partition_responses[0]
        assert answer.error_code != 0
        assert "transactions are not supported" in answer.error_message
        assert connection.end_offset(topic, 0) == 0
