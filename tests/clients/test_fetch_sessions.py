"""Fetch sessions (KIP-227) as a dialogue, compared with Apache Kafka 4.3 step by step.

All of it holds there too: SKYLOG_TEST_BOOTSTRAP=HOST:PORT runs this file against it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.protocol.consumer import FetchRequest

from clients.batches import build_batch
from clients.conftest import NewTopic
from clients.raw import Connection
from clients.topics import create_topic
from clients.waiting import wait_until

OUT_OF_RANGE, UNKNOWN_TOPIC, UNKNOWN_SESSION, WRONG_EPOCH, UNKNOWN_ID, NAME_ID_MIX = 1, 3, 70, 71, 100, 106
BATCH = build_batch([bytes(100)])
NEVER = UUID(int=7)
Topic = str | UUID
Parts = Mapping[int, int]


class Dialogue:
    """A client of one session that says just what it is told to."""

    def __init__(self, connection: Connection, version: int = 12) -> None:
        self.connection = connection
        self.version = version
        self.id = self.epoch = 0

    def ask(
        self,
        asked: Mapping[Topic, Parts] | None = None,
        forget: Mapping[Topic, list[int]] | None = None,
        *,
        version: int | None = None,
        **fields: int,
    ) -> Any:
        """Fetch; the session goes on if it is answered."""
        kind, forgotten = FetchRequest.FetchTopic, FetchRequest.ForgottenTopic
        session = {"session_id": self.id, "session_epoch": self.epoch}
        limits = {"max_wait_ms": 0, "min_bytes": 1, "max_bytes": 1 << 20, "isolation_level": 0}
        request = FetchRequest[version or self.version](
            replica_id=-1,
            **limits | session | fields,
            topics=[
                kind(**_named(topic), partitions=[_part(*part) for part in parts.items()])
                for topic, parts in (asked or {}).items()
            ],
            forgotten_topics_data=[
                forgotten(**_named(topic), partitions=parts) for topic, parts in (forget or {}).items()
            ],
            rack_id="",
        )
        answer = self.connection.ask(request)
        if not answer.error_code and "session_epoch" not in fields:
            self.id, self.epoch = answer.session_id, self.epoch + 1
        return answer

    def news(self, *args: Any, **fields: int) -> list[tuple[int, int, int, bool]]:
        """Fetch; return (partition, error, high watermark, whether there are records) of what is answered."""
        answer = self.ask(*args, **fields)
        assert answer.error_code == 0
        assert answer.session_id == self.id > 0
        return [
            (part.partition_index, part.error_code, part.high_watermark, bool(part.records))
            for topic in answer.responses
            for part in topic.partitions
        ]

    def refusal(self, **fields: int) -> int:
        """Fetch; return the error of the whole answer."""
        answer = self.ask(**fields)
        assert (answer.session_id, answer.responses) == (0, [])
        return int(answer.error_code)


def _named(topic: Topic) -> dict[str, Topic]:
    return {"topic": topic} if isinstance(topic, str) else {"topic_id": topic}


def _part(partition: int, offset: int) -> Any:
    return FetchRequest.FetchTopic.FetchPartition(
        partition=partition,
        current_leader_epoch=-1,
        fetch_offset=offset,
        last_fetched_epoch=-1,
        log_start_offset=-1,
        partition_max_bytes=len(BATCH),
    )


@pytest.fixture
def connection(bootstrap: str) -> Iterator[Connection]:
    with Connection(bootstrap) as connection:
        yield connection


@pytest.fixture
def topic(new_topic: NewTopic, connection: Connection) -> str:
    name = new_topic("session", partitions=4)
    wait_until(lambda: _is_there(connection, name), f"{name} to be there", 20)
    return name


def test_only_what_changed_is_answered(connection: Connection, topic: str) -> None:
    client = Dialogue(connection)
    assert client.news({topic: {0: 0, 1: 0, 2: 0}}) == [(p, 0, 0, False) for p in (0, 1, 2)]
    assert client.news() == []
    connection.produce(topic, 1, BATCH)
    connection.produce(topic, 3, BATCH)
    assert client.news() == [(1, 0, 1, True)]
    assert client.news() == [(1, 0, 1, True)], "it was not read yet"
    assert client.news({topic: {1: 1}}) == []
    assert client.news({topic: {3: 1}}) == [(3, 0, 1, False)], "a new one is told of"


def test_epochs_ids_and_ways_to_name_topics_are_checked(connection: Connection, topic: str) -> None:
    client = Dialogue(connection)
    client.news({topic: {0: 0}})
    identity = connection.topic_id(topic)
    assert client.refusal(session_epoch=2) == WRONG_EPOCH
    assert client.refusal(session_epoch=-2) == WRONG_EPOCH
    assert client.refusal(session_id=client.id ^ 1, session_epoch=1) == UNKNOWN_SESSION
    assert client.refusal(session_id=client.id ^ 1, session_epoch=-2) == UNKNOWN_SESSION
    assert client.refusal(session_id=0, session_epoch=1) == UNKNOWN_SESSION
    assert client.ask({identity: {0: 0}}, version=13).error_code == NAME_ID_MIX
    assert client.news() == [], "it goes on where it was"
    by_id = Dialogue(connection, 13)
    by_id.news({identity: {0: 0}})
    assert by_id.refusal(version=12) == NAME_ID_MIX


def test_errors_are_told_until_they_heal(bootstrap: str, connection: Connection, topic: str) -> None:
    client, later = Dialogue(connection), f"{topic}-later"
    missing = [(9, UNKNOWN_TOPIC, -1, False)]
    assert client.news({topic: {0: 0, 9: 0}}) == [(0, 0, 0, False), *missing]
    assert client.news() == client.news() == missing
    assert client.news({topic: {0: 77}}, {topic: [9]}) == [(0, OUT_OF_RANGE, -1, False)]
    assert client.news() == [(0, OUT_OF_RANGE, -1, False)]
    assert client.news({topic: {0: 0}}) == [(0, 0, 0, False)], "all of it again"
    assert client.news({later: {0: 0}}) == [(0, UNKNOWN_TOPIC, -1, False)]
    _create(bootstrap, connection, later)
    assert client.news() == [(0, 0, 0, False)]
    assert client.news() == []


def test_what_is_forgotten_is_not_answered(connection: Connection, topic: str) -> None:
    client = Dialogue(connection)
    client.news({topic: {0: 0, 1: 0}})
    assert client.news({topic: {0: 0}}, {topic: [0, 55], "none": [0]}) == []
    connection.produce(topic, 0, BATCH)
    assert client.news() == []
    answer = client.ask({}, {topic: [1]})
    assert (answer.error_code, answer.session_id, answer.responses) == (0, 0, [])
    assert client.refusal(session_epoch=3) == UNKNOWN_SESSION


def test_a_full_fetch_closes_the_session_that_it_names(connection: Connection, topic: str) -> None:
    first = Dialogue(connection)
    first.news({topic: {0: 0}})
    second = Dialogue(connection)
    second.id = first.id
    assert second.news({topic: {0: 0, 1: 0}}) == [(0, 0, 0, False), (1, 0, 0, False)]
    assert first.refusal() == UNKNOWN_SESSION
    answer = second.ask({topic: {0: 0}}, session_epoch=-1)
    assert (answer.error_code, answer.session_id, len(answer.responses)) == (0, 0, 1)
    assert second.refusal() == UNKNOWN_SESSION


def test_a_session_may_begin_with_nothing(connection: Connection, topic: str) -> None:
    client = Dialogue(connection)
    assert client.news() == []
    assert client.news({topic: {0: 0}}) == [(0, 0, 0, False)]
    other = Dialogue(connection)
    other.news()
    assert other.ask().session_id == 0
    assert other.refusal(session_id=client.id ^ 1, session_epoch=2) == UNKNOWN_SESSION


def test_no_partition_starves(connection: Connection, topic: str) -> None:
    for partition in range(4):
        for _ in range(3):
            connection.produce(topic, partition, BATCH)
    client = Dialogue(connection)
    client.news({topic: dict.fromkeys(range(4), 0)}, max_bytes=2 * len(BATCH))
    for _ in range(3):
        pairs = [{part[0] for part in client.news(max_bytes=2 * len(BATCH)) if part[3]} for _ in range(2)]
        assert sorted(map(sorted, pairs)) == [[0, 1], [2, 3]]


def test_another_connection_goes_on(bootstrap: str, connection: Connection, topic: str) -> None:
    client = Dialogue(connection)
    client.news({topic: {0: 0}})
    with Connection(bootstrap) as other:
        client.connection = other
        assert client.news() == []
        other.produce(topic, 0, BATCH)
    client.connection = connection
    assert client.news() == [(0, 0, 1, True)]


def test_an_empty_answer_is_a_long_poll(bootstrap: str, connection: Connection, topic: str) -> None:
    client = Dialogue(connection)
    client.news({topic: {0: 0, 1: 0}})
    with Connection(bootstrap) as other:
        asked = FetchRequest[12](
            replica_id=-1,
            max_wait_ms=20_000,
            min_bytes=1,
            max_bytes=1 << 20,
            isolation_level=0,
            session_id=client.id,
            session_epoch=1,
            topics=[],
            forgotten_topics_data=[],
            rack_id="",
        )
        number = connection.send(asked)
        other.produce(topic, 1, BATCH)
        answered, answer = connection.receive()
    assert (answered, answer.error_code) == (number, 0)
    assert [part.partition_index for part in answer.responses[0].partitions] == [1]


def test_topics_that_are_created_anew(bootstrap: str, connection: Connection, topic: str) -> None:
    connection.produce(topic, 0, BATCH)
    by_name, by_id = Dialogue(connection), Dialogue(connection, 13)
    assert by_name.news({topic: {0: 1}}) == [(0, 0, 1, False)]
    identity = connection.topic_id(topic)
    answered = by_id.news({identity: {0: 1}, NEVER: {0: 0}})
    assert answered == [(0, 0, 1, False), (0, UNKNOWN_ID, -1, False)]
    assert by_id.news({}, {NEVER: [0]}) == []
    _delete(bootstrap, connection, topic)
    assert by_name.news() == [(0, UNKNOWN_TOPIC, -1, False)]
    assert [part[1] != 0 for part in by_id.news()] == [True]
    _create(bootstrap, connection, topic)
    assert by_name.news() == [(0, OUT_OF_RANGE, -1, False)]
    assert by_name.news({topic: {0: 0}}) == [(0, 0, 0, False)]
    assert [part[1] != 0 for part in by_id.news()] == [True], "the old identity stays gone"
    anew = connection.topic_id(topic)
    assert by_id.news({anew: {0: 0}}, {identity: [0]}) == [(0, 0, 0, False)]


def test_kafka_python_reads_many_partitions_in_a_session(bootstrap: str, connection: Connection) -> None:
    topic = create_topic(bootstrap, "wide", partitions=100)
    wait_until(lambda: _is_there(connection, topic), f"{topic} to be there", 20)
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    consumer.assign([TopicPartition(topic, partition) for partition in range(100)])
    seen: dict[int, list[int]] = {}
    sent = 0
    for turn in range(20):
        for partition in (turn * 7 % 100, turn * 13 % 100, 99):
            sent += connection.produce(topic, partition, BATCH).error_code == 0
        _poll(consumer, seen)
    wait_until(lambda: _poll(consumer, seen) >= sent, f"{sent} records", 20)
    consumer.close()
    assert sent > 0
    assert all(offsets == list(range(len(offsets))) for offsets in seen.values())


def _poll(consumer: KafkaConsumer, seen: dict[int, list[int]]) -> int:
    for records in consumer.poll(timeout_ms=100).values():
        for record in records:
            seen.setdefault(record.partition, []).append(record.offset)
    return sum(map(len, seen.values()))


def _is_there(connection: Connection, topic: str) -> bool:
    answer = Dialogue(connection).ask({topic: dict.fromkeys(range(4), 0)}, session_epoch=-1)
    return {part.error_code for part in answer.responses[0].partitions} == {0}


def _is_gone(connection: Connection, topic: str) -> bool:
    answer = Dialogue(connection).ask({topic: {0: 0}}, session_epoch=-1)
    return answer.responses[0].partitions[0].error_code == UNKNOWN_TOPIC


def _create(bootstrap: str, connection: Connection, topic: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics({topic: {"num_partitions": 4, "replication_factor": 1}})
    admin.close()
    wait_until(lambda: _is_there(connection, topic), f"{topic} to be there", 20)


def _delete(bootstrap: str, connection: Connection, topic: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.delete_topics([topic])
    admin.close()
    wait_until(lambda: _is_gone(connection, topic), f"{topic} to be gone", 20)
