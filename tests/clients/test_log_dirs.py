"""DescribeLogDirs: how many bytes belong to which partition, as user interfaces show them.

It holds on Apache Kafka too: SKYLOG_TEST_BOOTSTRAP=HOST:PORT runs this file against it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from kafka import KafkaAdminClient
from kafka.protocol.admin import DescribeLogDirsRequest

from clients.batches import build_batch
from clients.conftest import FOREIGN, NewTopic, Serve
from clients.raw import LATEST, Connection
from clients.topics import admin_of, create_topic
from clients.waiting import wait_until

PURGED_SECONDS = 20.0


@pytest.fixture
def connection(bootstrap: str) -> Iterator[Connection]:
    with Connection(bootstrap) as connection:
        yield connection


def log_dir(connection: Connection, topic: str | None, *partitions: int, version: int = 4) -> Any:
    """Return the one directory, with these partitions or with all."""
    kind = DescribeLogDirsRequest.DescribableLogDirTopic
    topics = None if topic is None else [kind(topic=topic, partitions=list(partitions))]
    (found,) = connection.ask(DescribeLogDirsRequest[version](topics=topics)).results
    assert found.error_code == 0
    return found


def sizes(found: Any, name: str) -> dict[int, int]:
    rows = [row for topic in found.topics if topic.name == name for row in topic.partitions]
    assert {(row.offset_lag, row.is_future_key) for row in rows} <= {(0, False)}
    return {row.partition_index: row.partition_size for row in rows}


def _write(connection: Connection, topic: str, partition: int, values: list[bytes]) -> int:
    wait_until(lambda: not connection.offset_at(topic, partition, LATEST).error_code, "a leader")
    batch = build_batch(values)
    assert connection.produce(topic, partition, batch).error_code == 0
    return len(batch)


@pytest.mark.parametrize("version", range(1, 5))
def test_a_partition_is_as_large_as_its_batches(
    connection: Connection, new_topic: NewTopic, version: int
) -> None:
    topic = new_topic("sizes", partitions=3)
    small = _write(connection, topic, 0, [b"x"])
    large = _write(connection, topic, 1, [bytes(1000)]) + _write(connection, topic, 1, [b"a", b"b"])
    everything = sizes(log_dir(connection, None, version=version), topic)
    assert everything == {0: small, 1: large, 2: 0}
    assert sizes(log_dir(connection, topic, 1, 9, version=version), topic) == {1: large}
    assert log_dir(connection, "nobody", 0, version=version).topics == []


def test_an_admin_client_sees_the_sizes(connection: Connection, bootstrap: str, new_topic: NewTopic) -> None:
    topic = new_topic("sizes")
    size = _write(connection, topic, 0, [bytes(5000)])
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        (broker,) = admin.describe_log_dirs()
    found = [
        row["partition_size"]
        for each in broker["log_dirs"]
        for of_topic in each["topics"]
        if of_topic["name"] == topic
        for row in of_topic["partitions"]
    ]
    assert found == [size]


@pytest.mark.skipif(FOREIGN is not None, reason="Kafka removes whole files, when its cleaner comes by")
def test_deleted_records_take_their_bytes_along_and_a_restart_none(serve: Serve) -> None:
    broker = serve()
    topic = create_topic(broker.bootstrap, "sizes", partitions=2)
    with Connection(broker.bootstrap) as connection:
        for _ in range(3):
            _write(connection, topic, 0, [b"gone", b"gone"])
        left = _write(connection, topic, 0, [b"left"])
        other = _write(connection, topic, 1, [b"other"])
        admin = admin_of(broker.bootstrap)
        for future in admin.delete_records([TopicPartition(topic, 0, 6)]).values():
            future.result(20)
        expected = {0: left, 1: other}
        wait_until(lambda: sizes(log_dir(connection, None), topic) == expected, "the purge", PURGED_SECONDS)
    broker.kill()
    broker.start()
    with Connection(broker.bootstrap) as connection:
        assert sizes(log_dir(connection, None), topic) == expected
