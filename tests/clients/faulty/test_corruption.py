"""Bytes that are wrong in the store itself: found, told, never delivered, and in nobody else's way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from clients.faulty.place import UNCACHED, Place, until
from clients.seeds import unique
from clients.served import ServedBroker
from clients.topics import create_topic
from faults import Fault, Rule

PATIENCE_SECONDS = 0.3
VALUE = b"precious" * 100
READS = ("get", "get_range")


def _write(broker: ServedBroker, topic: str, value: bytes) -> None:
    """Write one record; when it is acknowledged its segment is in the store."""
    failures: list[object] = []
    producer = Producer({"bootstrap.servers": broker.bootstrap, "enable.idempotence": True, "linger.ms": 0})
    producer.produce(topic, value, partition=0, on_delivery=lambda error, _: failures.append(error))
    assert producer.flush(20) == 0
    assert failures == [None]


def _write_object(place: Place, broker: ServedBroker, topic: str, value: bytes) -> str:
    """Write one record and return the key of the object that holds it."""
    before = place.keys()
    _write(broker, topic, value)
    (key,) = place.keys() - before
    return key


class Reader:
    """A consumer of one partition from its start."""

    def __init__(self, broker: ServedBroker, topic: str) -> None:
        self.values: list[bytes] = []
        self._consumer = Consumer(
            {
                "bootstrap.servers": broker.bootstrap,
                "group.id": unique("unused"),
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 50,
                "fetch.error.backoff.ms": 20,
            }
        )
        self._consumer.assign([TopicPartition(topic, 0, 0)])

    def poll(self, seconds: float = PATIENCE_SECONDS) -> list[bytes]:
        """Return all values so far, after waiting for one more."""
        message = self._consumer.poll(seconds)
        if message is not None:
            if message.error():
                raise KafkaException(message.error())
            self.values.append(message.value() or b"")
        return self.values

    def close(self) -> None:
        """Leave."""
        self._consumer.close()


@contextmanager
def _readers(broker: ServedBroker, topics: Sequence[str]) -> Iterator[list[Reader]]:
    readers = [Reader(broker, topic) for topic in topics]
    try:
        yield readers
    finally:
        for reader in readers:
            reader.close()


def _flip(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


def test_bytes_that_are_wrong_in_the_store_are_told_and_never_delivered(place: Place) -> None:
    broker = place.serve(UNCACHED)
    victims = [create_topic(broker.bootstrap, part) for part in ("header", "body", "footer")]
    keys = [_write_object(place, broker, victim, VALUE) for victim in victims]
    neighbour = create_topic(broker.bootstrap, "neighbour")
    _write(broker, neighbour, b"beside")
    good = [place.read(key) for key in keys]
    positions = (20, good[1].index(VALUE) + 3, len(good[2]) - 30)
    for key, data, position in zip(keys, good, positions, strict=True):
        place.write(key, _flip(data, position))
    with _readers(broker, [*victims, neighbour]) as (*readers, beside):
        until(lambda: beside.poll() == [b"beside"], "the other partition")
        for reader, key in zip(readers, keys, strict=True):
            until(lambda: reader.poll() == [] and bool(_told(broker, key)), key)  # noqa: B023
            assert all("position" in line for line in _told(broker, key))
        _write(broker, victims[0], b"behind it")
        assert [reader.poll() for reader in readers] == [[], [], []]
        for key, data in zip(keys, good, strict=True):
            place.write(key, data)
        until(lambda: readers[0].poll() == [VALUE, b"behind it"], "what is behind it, too")
        for reader in readers[1:]:
            until(lambda: reader.poll() == [VALUE], "an object that was mended")  # noqa: B023


def test_a_byte_that_is_wrong_on_its_way_is_read_again(place: Place) -> None:
    broker = place.serve(UNCACHED)
    topics = [create_topic(broker.bootstrap, "flipped") for _ in range(3)]
    keys = [_write_object(place, broker, topic, VALUE) for topic in topics]
    since = len(place.proxy.ledger)
    place.proxy.use(Rule(fault=Fault.FLIP_DOWNLOAD, kinds=READS, first_of_key=1))
    with _readers(broker, topics) as readers:
        for reader in readers:
            until(lambda: reader.poll() == [VALUE], "the record")  # noqa: B023
    assert place.proxy.ledger.faults(since) == {Fault.FLIP_DOWNLOAD: len(keys)}
    assert [key for key in keys if _told(broker, key)] == []
    assert (
        broker.log().count("came damaged and is read again") >= len(keys) - 1
    )  # 12 bytes of a batch mean nothing until it is served


@pytest.mark.parametrize("checksum", ["sha256", "crc64nvme"])
def test_a_store_that_checks_refuses_a_byte_that_is_wrong_on_its_way_up(place: Place, checksum: str) -> None:
    broker = place.serve(UNCACHED, checksum=checksum)
    topic = create_topic(broker.bootstrap, "flipped")
    since = len(place.proxy.ledger)
    place.proxy.use(Rule(fault=Fault.FLIP_UPLOAD, kinds=("put",), first_of_key=1))
    key = _write_object(place, broker, topic, VALUE)
    assert len(place.proxy.ledger.select("put", key=key, since=since)) == 2
    with _readers(broker, [topic]) as (reader,):
        until(lambda: reader.poll() == [VALUE], "the record")
    assert not _told(broker, key)


def _told(broker: ServedBroker, key: str) -> list[str]:
    """Return what the broker's log says of an object that it cannot read."""
    wanted = f"cannot read segment {key.removeprefix('log/')}"
    return [line for line in broker.log().splitlines() if wanted in line]
