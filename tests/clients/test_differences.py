"""Answers that were compared with Apache Kafka 4.3, request by request.

All of it holds there too: SKYLOG_TEST_BOOTSTRAP=HOST:PORT runs this file against it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kafka.protocol.producer import InitProducerIdRequest

from clients.batches import build_batch, build_raw_batch
from clients.conftest import NewTopic
from clients.raw import EARLIEST, LATEST, MAX_TIMESTAMP, Connection, produce_request
from clients.waiting import wait_until

CORRUPT, UNKNOWN_TOPIC, TOO_LARGE, INVALID_TIMESTAMP, UNSUPPORTED_VERSION = 2, 3, 10, 32, 35
INVALID_REQUEST, UNSUPPORTED_CODEC, INVALID_RECORD = 42, 76, 87
EARLIEST_LOCAL, LATEST_TIERED, EARLIEST_PENDING_UPLOAD = -4, -5, -6
ZSTD = 4
GOOD = build_batch([b"a", b"b", b"c"])


def _with_byte(at: int, value: int) -> bytes:
    changed = bytearray(GOOD)
    changed[at] = value
    return bytes(changed)


def _batch(**wrong: int) -> bytes:
    return build_batch([b"a", b"b", b"c"], **wrong)


FAULTS = {
    "nothing": (b"", INVALID_RECORD),
    "no whole length": (GOOD[:11], INVALID_RECORD),
    "no magic": (GOOD[:16], INVALID_RECORD),
    "half a head": (GOOD[:40], INVALID_RECORD),
    "a head and no records": (GOOD[:61], INVALID_RECORD),
    "a byte too few": (GOOD[:-1], INVALID_RECORD),
    "a second batch": (GOOD + GOOD, INVALID_RECORD),
    "a longer length": (_batch(length=1000), INVALID_RECORD),
    "a negative length": (_batch(length=-1), CORRUPT),
    "a length of no format": (_batch(length=13), CORRUPT),
    "a length below a head's": (_batch(length=48), CORRUPT),
    "magic 0": (_with_byte(16, 0), INVALID_RECORD),
    "magic 1": (_with_byte(16, 1), INVALID_RECORD),
    "magic 3": (_with_byte(16, 3), CORRUPT),
    "magic -1": (_with_byte(16, 0xFF), CORRUPT),
    "a wrong checksum": (_batch(crc=1), CORRUPT),
    "a wrong checksum and a count that lies": (_batch(crc=1, count=9), CORRUPT),
    "a wrong checksum and a base offset": (_batch(crc=1, base_offset=1), INVALID_RECORD),
    "no records": (_batch(count=0, last_offset_delta=-1), INVALID_RECORD),
    "fewer records than said": (_batch(count=4, last_offset_delta=3), INVALID_RECORD),
    "more records than said": (_batch(count=2, last_offset_delta=1), INVALID_RECORD),
    "a count of billions": (_batch(count=2**31 - 1, last_offset_delta=2**31 - 2), INVALID_RECORD),
    "a last offset that lies": (_batch(last_offset_delta=5), INVALID_RECORD),
    "a base offset": (_batch(base_offset=1), INVALID_RECORD),
    "a control batch": (_batch(attributes=0x20), INVALID_RECORD),
    "a producer without sequence": (_batch(producer_id=1, epoch=0, sequence=-1), INVALID_RECORD),
    "a time far ahead": (_batch(timestamp_ms=1 << 43), INVALID_TIMESTAMP),
    "too large": (build_batch([bytes(1_048_588)]), TOO_LARGE),
    "too large and a wrong checksum": (build_batch([bytes(1_048_588)], crc=1), TOO_LARGE),
    "too large and a base offset": (build_batch([bytes(1_048_588)], base_offset=1), INVALID_RECORD),
    "records that are none": (build_raw_batch(b"\xff" * 3, 1), INVALID_RECORD),
}


@pytest.fixture
def connection(bootstrap: str) -> Iterator[Connection]:
    with Connection(bootstrap) as connection:
        yield connection


@pytest.mark.parametrize("version", [3, 8, 12])
def test_bad_batches_get_kafkas_codes(connection: Connection, new_topic: NewTopic, version: int) -> None:
    topic = new_topic("faults")
    found = {
        name: connection.produce(topic, 0, batch, version=version).error_code
        for name, (batch, _) in FAULTS.items()
    }
    assert found == {name: code for name, (_, code) in FAULTS.items()}
    assert connection.end_offset(topic, 0) == 0


def test_zstd_needs_its_version(connection: Connection, new_topic: NewTopic) -> None:
    topic = new_topic("zstd")
    batch = build_raw_batch(b"(\xb5/\xfd", 1, attributes=ZSTD)
    assert connection.produce(topic, 0, batch, version=6).error_code == UNSUPPORTED_CODEC


def _has_leaders(connection: Connection, topic: str, partitions: int) -> bool:
    return not any(connection.offset_at(topic, each, LATEST).error_code for each in range(partitions))


def test_a_bad_batch_leaves_its_neighbours(connection: Connection, new_topic: NewTopic) -> None:
    topic = new_topic("neighbours", partitions=3)
    wait_until(lambda: _has_leaders(connection, topic, 3), "leaders of all partitions")
    batches = {(topic, 0): GOOD, (topic, 1): _batch(crc=1), (topic, 2): GOOD, (topic, 9): GOOD}
    answer = connection.ask(produce_request(batches)).responses[0].partition_responses
    assert {part.index: part.error_code for part in answer} == {0: 0, 1: CORRUPT, 2: 0, 9: UNKNOWN_TOPIC}


@pytest.mark.parametrize(
    ("time", "since"),
    [
        (LATEST, 1),
        (EARLIEST, 1),
        (MAX_TIMESTAMP, 7),
        (EARLIEST_LOCAL, 8),
        (LATEST_TIERED, 9),
        (EARLIEST_PENDING_UPLOAD, 11),
    ],
)
def test_special_times_have_a_first_version(
    connection: Connection, new_topic: NewTopic, time: int, since: int
) -> None:
    topic = new_topic("times")
    for version in range(1, 11):
        known = version >= since
        expected = 0 if known else UNSUPPORTED_VERSION
        assert connection.offset_at(topic, 0, time, version=version).error_code == expected, version
        expected = UNKNOWN_TOPIC if known else UNSUPPORTED_VERSION
        assert connection.offset_at(topic, 7, time, version=version).error_code == expected, version


@pytest.mark.parametrize(("producer_id", "epoch"), [(7, -1), (-1, 0)])
def test_a_producer_brings_its_identity_whole(connection: Connection, producer_id: int, epoch: int) -> None:
    request = InitProducerIdRequest[3](
        transactional_id=None, transaction_timeout_ms=60_000, producer_id=producer_id, producer_epoch=epoch
    )
    answer = connection.ask(request)
    assert (answer.error_code, answer.producer_id, answer.producer_epoch) == (INVALID_REQUEST, -1, -1)


def test_every_invalid_record_of_a_batch_is_named(connection: Connection, new_topic: NewTopic) -> None:
    topic = new_topic("compacted", configs={"cleanup.policy": "compact"})
    answer = connection.produce(topic, 0, build_batch([b"a", b"b", b"c"]), version=9)
    assert answer.error_code == INVALID_RECORD
    assert [error.batch_index for error in answer.record_errors] == [0, 1, 2]
