"""Offsets by time, exact to the record."""

from __future__ import annotations

import subprocess

import pytest
from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, TopicPartition

from clients.batches import build_batch
from clients.conftest import NewTopic
from clients.drivers import DRIVERS, GROUP_DRIVERS, KCAT, KCAT_INSTALLED, Driver, GroupDriver
from clients.drivers.base import Record
from clients.offsets import plain_consumer
from clients.raw import EARLIEST, LATEST, MAX_TIMESTAMP, Connection
from clients.waiting import now_ms

START = 1_700_000_000_000
BATCHES = [[0, 100, 200, 300], [250, 260, 50, 400], [500], [500, 450, 900, 700], [800, 850]]
"""Milliseconds after START, batch by batch; times within and between batches go back now and then."""
TIMES = [START + time for batch in BATCHES for time in batch]
NEEDLES = sorted(
    {time + step for time in TIMES for step in (-1, 0, 1)} | {0, 1, START - 10**9, START + 10**9}
)


def _expected(needle: int) -> int | None:
    return next((offset for offset, time in enumerate(TIMES) if time >= needle), None)


def _write(bootstrap: str, topic: str, codec: str = "none") -> None:
    for batch in BATCHES:
        records = [Record(None, b"%d" % time, timestamp_ms=START + time) for time in batch]
        GROUP_DRIVERS["confluent"].produce(bootstrap, topic, records, codec=codec)


def test_clients_find_the_first_record_at_or_after_a_time(
    client: Driver, bootstrap: str, new_topic: NewTopic
) -> None:
    topic = new_topic("times")
    _write(bootstrap, topic)
    # One request a needle, and kcat a process: some clients take long over that.
    needles = NEEDLES if client.name == "confluent" else NEEDLES[::5]
    found = client.offsets_at(bootstrap, topic, 0, needles)
    assert dict(zip(needles, found, strict=True)) == {needle: _expected(needle) for needle in needles}


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_times_are_found_inside_compressed_batches(codec: str, bootstrap: str, new_topic: NewTopic) -> None:
    topic = new_topic("times")
    _write(bootstrap, topic, codec)
    with Connection(bootstrap) as connection:
        answers = {needle: connection.offset_at(topic, 0, needle) for needle in NEEDLES}
    for needle, answer in answers.items():
        expected = _expected(needle)
        assert answer.offset == (-1 if expected is None else expected), needle
        assert answer.timestamp == (-1 if expected is None else TIMES[expected]), needle


@pytest.mark.parametrize("version", [1, 2, 4, 5, 6, 7, 8, 9, 10])
def test_every_version_gives_the_ends_and_the_time(version: int, bootstrap: str, new_topic: NewTopic) -> None:
    topic = new_topic("times")
    with Connection(bootstrap) as connection:
        assert connection.offset_at(topic, 0, EARLIEST, version=version).offset == 0
        assert connection.offset_at(topic, 0, LATEST, version=version).offset == 0
        assert connection.offset_at(topic, 0, START, version=version).offset == -1
        connection.produce(topic, 0, build_batch([b"a", b"b"], timestamp_ms=START))
        assert connection.offset_at(topic, 0, EARLIEST, version=version).offset == 0
        assert connection.offset_at(topic, 0, LATEST, version=version).offset == 2
        found = connection.offset_at(topic, 0, START, version=version)
        assert (found.offset, found.timestamp) == (0, START)


@pytest.mark.parametrize("codec", ["none", "zstd"])
def test_the_highest_time_is_found(codec: str, bootstrap: str, new_topic: NewTopic) -> None:
    topic = new_topic("times")
    with Connection(bootstrap) as connection:
        empty = connection.offset_at(topic, 0, MAX_TIMESTAMP)
        assert (empty.offset, empty.timestamp) == (-1, -1)
        _write(bootstrap, topic, codec)
        found = connection.offset_at(topic, 0, MAX_TIMESTAMP)
    assert (found.offset, found.timestamp) == (TIMES.index(max(TIMES)), max(TIMES))


def test_a_consumer_goes_on_from_the_record_that_a_time_names(bootstrap: str, new_topic: NewTopic) -> None:
    topic = new_topic("times")
    _write(bootstrap, topic)
    with plain_consumer(bootstrap) as consumer:
        found = consumer.offsets_for_times([TopicPartition(topic, 0, START + 301)], timeout=20)
        consumer.assign(found)
        messages = [consumer.poll(20) for _ in range(3)]
    assert [message.offset() for message in messages] == [7, 8, 9]


@pytest.mark.skipif(not KCAT_INSTALLED, reason="kcat is not installed")
def test_kcat_reads_from_a_time_on(bootstrap: str, new_topic: NewTopic) -> None:
    topic = new_topic("times")
    _write(bootstrap, topic)
    command = ["kcat", "-b", bootstrap, "-C", "-q", "-t", topic, "-o", f"s@{START + 301}", "-e", "-f", "%o "]
    done = subprocess.run(command, capture_output=True, timeout=30, check=True, text=True)
    assert [int(offset) for offset in done.stdout.split()] == list(range(7, len(TIMES)))


@pytest.mark.parametrize("codec", ["none", "lz4"])
def test_log_append_time_is_the_broker_s_whatever_the_client_says(
    library: GroupDriver, codec: str, bootstrap: str, new_topic: NewTopic
) -> None:
    topic = new_topic("append", configs={"message.timestamp.type": "LogAppendTime"})
    before = now_ms()
    for _ in range(2):
        records = [Record(None, b"%d" % n, timestamp_ms=START + n) for n in range(5)]
        library.produce(bootstrap, topic, records, codec=codec)
    after = now_ms()
    for reader in DRIVERS.values():
        if reader is KCAT and not KCAT_INSTALLED:
            continue
        times = [item.timestamp_ms for item in reader.consume(bootstrap, topic, 10)]
        assert times == sorted(times)
        assert before <= times[0] <= times[-1] <= after, reader.name
    assert library.offsets_at(bootstrap, topic, 0, [START, before, after + 1]) == [0, 0, None]
    assert library.offsets_at(bootstrap, topic, 0, [times[-1]]) == [times.index(times[-1])]


def test_the_answer_to_a_producer_names_the_log_append_time(bootstrap: str, new_topic: NewTopic) -> None:
    append = new_topic("append", configs={"message.timestamp.type": "LogAppendTime"})
    create = new_topic("create")
    before = now_ms()
    with Connection(bootstrap) as connection:
        answer = connection.produce(append, 0, build_batch([b"x"]))
        assert before <= answer.log_append_time_ms <= now_ms()
        assert connection.produce(create, 0, build_batch([b"x"])).log_append_time_ms == -1
    with plain_consumer(bootstrap) as consumer:
        consumer.assign([TopicPartition(append, 0, 0)])
        assert consumer.poll(20).timestamp() == (TIMESTAMP_LOG_APPEND_TIME, answer.log_append_time_ms)
