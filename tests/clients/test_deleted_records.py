"""DeleteRecords: a partition that starts later, for everyone, at once and for good.

Where nothing else is said it holds on Apache Kafka too: SKYLOG_TEST_BOOTSTRAP=HOST:PORT runs this file there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest
from confluent_kafka import KafkaException, TopicPartition
from kafka import KafkaAdminClient
from kafka import TopicPartition as KafkaTopicPartition
from kafka.protocol.admin import DeleteRecordsRequest

from clients.batches import build_batch
from clients.conftest import FOREIGN, NewTopic, Serve
from clients.drivers import DRIVERS, Driver
from clients.offsets import plain_consumer
from clients.raw import EARLIEST, LATEST, MAX_TIMESTAMP, Connection, fetch_request
from clients.topics import admin_of, create_topic
from clients.waiting import wait_until

OFFSET_OUT_OF_RANGE, UNKNOWN_TOPIC, POLICY_VIOLATION = 1, 3, 44
HIGH_WATERMARK = -1
START_MS = 1_700_000_000_000
Delete = Callable[[str, str, int, int], int]


def _with_confluent(bootstrap: str, topic: str, partition: int, offset: int) -> int:
    admin = admin_of(bootstrap)
    (future,) = admin.delete_records([TopicPartition(topic, partition, offset)]).values()
    return int(future.result(20).low_watermark)


def _with_kafka_python(bootstrap: str, topic: str, partition: int, offset: int) -> int:
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        (found,) = admin.delete_records({KafkaTopicPartition(topic, partition): offset}).values()
    return int(found["low_watermark"])


@pytest.fixture(params=[_with_confluent, _with_kafka_python], ids=["confluent", "kafka-python"])
def delete(request: pytest.FixtureRequest) -> Delete:
    made: Delete = request.param
    return made


@pytest.fixture
def connection(bootstrap: str) -> Iterator[Connection]:
    with Connection(bootstrap) as connection:
        yield connection


@pytest.fixture
def new_log(connection: Connection, new_topic: NewTopic) -> NewTopic:
    """Create a topic and wait until all its partitions can be read; Kafka takes a moment for it."""

    def create(*, partitions: int = 1, **options: object) -> str:
        topic = new_topic("trim", partitions=partitions, **options)
        parts = range(partitions)
        wait_until(
            lambda: not any(connection.offset_at(topic, n, LATEST).error_code for n in parts), "leaders"
        )
        return topic

    return create


def delete_records(topic: str, offsets: Sequence[tuple[int, int]], version: int = 2) -> Any:
    """Return a DeleteRecords request for (partition, offset) each."""
    kind = DeleteRecordsRequest.DeleteRecordsTopic
    parts = [kind.DeleteRecordsPartition(partition_index=at, offset=offset) for at, offset in offsets]
    topics = [kind(name=topic, partitions=parts)]
    return DeleteRecordsRequest[version](topics=topics, timeout_ms=10_000)


def _write(connection: Connection, topic: str, batches: int, records: int = 3) -> None:
    for number in range(batches):
        values = [b"%d" % (number * records + at) for at in range(records)]
        batch = build_batch(values, timestamp_ms=START_MS + 100 * number)
        assert connection.produce(topic, 0, batch).error_code == 0


def _answer(connection: Connection, request: Any) -> dict[int, tuple[int, int]]:
    (topic,) = connection.ask(request).topics
    return {part.partition_index: (part.error_code, part.low_watermark) for part in topic.partitions}


def test_clients_delete_and_read_what_is_left(
    delete: Delete, client: Driver, bootstrap: str, new_log: NewTopic, connection: Connection
) -> None:
    topic = new_log()
    _write(connection, topic, 4)
    assert delete(bootstrap, topic, 0, 7) == 7
    assert [item.value for item in client.consume(bootstrap, topic, 5)] == [b"%d" % n for n in range(7, 12)]
    assert client.offsets_at(bootstrap, topic, 0, [0, START_MS + 250]) == [7, 9]
    assert delete(bootstrap, topic, 0, HIGH_WATERMARK) == 12
    _write(connection, topic, 1)
    assert [item.offset for item in client.consume(bootstrap, topic, 3)] == [12, 13, 14]


@pytest.mark.parametrize("version", range(3))
def test_every_version_gives_kafkas_codes(connection: Connection, new_log: NewTopic, version: int) -> None:
    topic = new_log(partitions=2)
    _write(connection, topic, 2)
    wishes = [(0, 4), (1, HIGH_WATERMARK), (2, 0), (-1, 0)]
    expected = {0: (0, 4), 1: (0, 0), 2: (UNKNOWN_TOPIC, -1), -1: (UNKNOWN_TOPIC, -1)}
    assert _answer(connection, delete_records(topic, wishes, version)) == expected
    for offset, outcome in {
        3: (0, 4),
        4: (0, 4),
        7: (OFFSET_OUT_OF_RANGE, -1),
        -2: (OFFSET_OUT_OF_RANGE, -1),
        6: (0, 6),
    }.items():
        assert _answer(connection, delete_records(topic, [(0, offset)], version)) == {0: outcome}
    assert _answer(connection, delete_records("nobody", [(0, 0)], version)) == {0: (UNKNOWN_TOPIC, -1)}


def test_compacted_topics_are_not_cut(connection: Connection, new_log: NewTopic) -> None:
    compacted = new_log(configs={"cleanup.policy": "compact"})
    both = new_log(configs={"cleanup.policy": "compact,delete"})
    assert _answer(connection, delete_records(compacted, [(0, 0)])) == {0: (POLICY_VIOLATION, -1)}
    assert _answer(connection, delete_records(both, [(0, 0)])) == {0: (0, 0)}


def test_everyone_learns_the_new_start(connection: Connection, new_log: NewTopic) -> None:
    topic = new_log()
    _write(connection, topic, 3)
    assert _answer(connection, delete_records(topic, [(0, 5)])) == {0: (0, 5)}
    assert connection.offset_at(topic, 0, EARLIEST).offset == 5
    assert connection.offset_at(topic, 0, LATEST).offset == 9
    for offset, code in {4: OFFSET_OUT_OF_RANGE, 5: 0, 9: 0, 10: OFFSET_OUT_OF_RANGE}.items():
        found = connection.ask(fetch_request(topic, 0, offset)).responses[0].partitions[0]
        assert found.error_code == code, offset
        assert found.log_start_offset == (5 if code == 0 else -1)
    assert connection.produce(topic, 0, build_batch([b"x"])).log_start_offset == 5


def test_times_lead_to_records_that_are_left(connection: Connection, new_log: NewTopic) -> None:
    topic = new_log()
    _write(connection, topic, 4)
    for start, times in {
        1: {0: (1, 0), 100: (3, 100)},
        5: {0: (5, 100), 100: (5, 100), 101: (6, 200), 300: (9, 300), 301: (-1, None)},
        12: {0: (-1, None)},
    }.items():
        assert _answer(connection, delete_records(topic, [(0, start)])) == {0: (0, start)}
        for time, (offset, found_ms) in times.items():
            found = connection.offset_at(topic, 0, START_MS + time)
            timestamp = -1 if found_ms is None else START_MS + found_ms
            assert (found.offset, found.timestamp) == (offset, timestamp), (start, time)


@pytest.mark.skipif(FOREIGN is not None, reason="Kafka names a record that is deleted")
def test_the_highest_time_is_one_of_a_record_that_is_left(connection: Connection, new_log: NewTopic) -> None:
    topic = new_log()
    for time in (100, 900, 200, 300):
        connection.produce(topic, 0, build_batch([b"a", b"b"], timestamp_ms=START_MS + time))
    for start, (offset, time) in {1: (2, 900), 3: (3, 900), 4: (6, 300), 7: (7, 300)}.items():
        connection.ask(delete_records(topic, [(0, start)]))
        found = connection.offset_at(topic, 0, MAX_TIMESTAMP)
        assert (found.offset, found.timestamp) == (offset, START_MS + time), start
    connection.ask(delete_records(topic, [(0, HIGH_WATERMARK)]))
    assert connection.offset_at(topic, 0, MAX_TIMESTAMP).offset == -1


@pytest.mark.skipif(FOREIGN is not None, reason="Kafka lets the fetch wait for its time to be up")
def test_a_parked_fetch_learns_that_its_records_are_gone(
    connection: Connection, bootstrap: str, new_log: NewTopic
) -> None:
    topic = new_log()
    _write(connection, topic, 1)
    request = fetch_request(topic, 0, 1, wait_ms=60_000)
    request.min_bytes = 1 << 20
    connection.send(request)
    with Connection(bootstrap) as other:
        assert _answer(other, delete_records(topic, [(0, 2)])) == {0: (0, 2)}
    _, answer = connection.receive()
    assert answer.responses[0].partitions[0].error_code == OFFSET_OUT_OF_RANGE


def test_a_consumer_below_the_start_goes_where_it_is_told_to(
    connection: Connection, bootstrap: str, new_log: NewTopic
) -> None:
    topic = new_log()
    _write(connection, topic, 3)
    connection.ask(delete_records(topic, [(0, 5)]))
    with plain_consumer(bootstrap, **{"auto.offset.reset": "earliest"}) as consumer:
        consumer.assign([TopicPartition(topic, 0, 2)])
        assert [consumer.poll(20).offset() for _ in range(4)] == [5, 6, 7, 8]


def test_a_refusal_reaches_the_admin_client(
    connection: Connection, bootstrap: str, new_log: NewTopic
) -> None:
    topic = new_log()
    _write(connection, topic, 1)
    with pytest.raises(KafkaException) as refusal:
        _with_confluent(bootstrap, topic, 0, 4)
    assert refusal.value.args[0].code() == OFFSET_OUT_OF_RANGE


@pytest.mark.parametrize("crash", [False, True])
def test_the_start_holds_over_a_restart(serve: Serve, crash: bool) -> None:
    broker = serve()
    topic = create_topic(broker.bootstrap, "trim")
    with Connection(broker.bootstrap) as connection:
        _write(connection, topic, 4)
        assert _answer(connection, delete_records(topic, [(0, 5)])) == {0: (0, 5)}
    if crash:
        broker.kill()
    else:
        assert broker.stop() == 0
    broker.start()
    with Connection(broker.bootstrap) as connection:
        assert connection.offset_at(topic, 0, EARLIEST).offset == 5
        assert connection.ask(fetch_request(topic, 0, 4)).responses[0].partitions[0].error_code == 1
    read = DRIVERS["confluent"].consume(broker.bootstrap, topic, 7)
    assert [item.value for item in read] == [b"%d" % n for n in range(5, 12)]
