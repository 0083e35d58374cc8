"""DescribeProducers: who writes to a partition, and how far it has come.

It holds on Apache Kafka too: SKYLOG_TEST_BOOTSTRAP=HOST:PORT runs this file against it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import kafka
import pytest
from confluent_kafka import Producer
from kafka import KafkaAdminClient

from clients.batches import build_batch
from clients.conftest import NewTopic
from clients.raw import LATEST, Connection
from clients.waiting import now_ms, wait_until


@pytest.fixture
def admin(bootstrap: str) -> Iterator[KafkaAdminClient]:
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        yield admin


@pytest.fixture
def topic(bootstrap: str, new_topic: NewTopic) -> str:
    """A topic of two partitions that can be written to."""
    name = new_topic("producers", partitions=2)
    with Connection(bootstrap) as connection:
        wait_until(
            lambda: not any(connection.offset_at(name, n, LATEST).error_code for n in (0, 1)), "leaders"
        )
    return name


def producers(admin: KafkaAdminClient, topic: str, partition: int) -> list[Any]:
    asked = kafka.TopicPartition(topic, partition)
    return list(admin.describe_producers([asked])[asked].active_producers)


def test_a_client_s_producer_is_shown_where_it_writes(
    admin: KafkaAdminClient, bootstrap: str, topic: str
) -> None:
    before = now_ms()
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 200})
    for number in range(7):
        producer.produce(topic, b"%d" % number, partition=1)
    assert producer.flush(20) == 0
    assert producers(admin, topic, 0) == []
    (found,) = producers(admin, topic, 1)
    assert (found.last_sequence, found.producer_epoch) == (6, 0)
    assert before - 1_000 <= found.last_timestamp <= now_ms() + 1_000
    assert (found.coordinator_epoch, found.current_transaction_start_offset) == (-1, -1)


def test_every_producer_shows_its_last_sequence_and_epoch(
    admin: KafkaAdminClient, bootstrap: str, topic: str
) -> None:
    with Connection(bootstrap) as connection:
        (first, epoch), (second, _) = connection.new_producer(), connection.new_producer()
        for producer_id, its_epoch, sequence, records in (
            (second, epoch, 0, 1),
            (first, epoch, 0, 2),
            (first, epoch, 2, 3),
            (second, epoch + 1, 0, 1),
            (second, epoch + 1, 9, 1),
        ):
            batch = build_batch([b"x"] * records, producer_id=producer_id, epoch=its_epoch, sequence=sequence)
            connection.produce(topic, 0, batch)
        connection.produce(topic, 0, build_batch([b"nobody's"]))
    found = {
        each.producer_id: (each.producer_epoch, each.last_sequence) for each in producers(admin, topic, 0)
    }
    assert found == {first: (epoch, 4), second: (epoch + 1, 0)}


def test_a_partition_that_is_not_there_is_unknown(admin: KafkaAdminClient, topic: str) -> None:
    with pytest.raises(kafka.errors.UnknownTopicOrPartitionError):
        admin.describe_producers([kafka.TopicPartition(topic, 2)], broker_id=1)
