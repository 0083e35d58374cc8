"""Reads that the cache does not hold: many segments, many partitions, several readers at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from confluent_kafka import Producer

from clients.conftest import Serve
from clients.drivers import DRIVERS, KCAT, KCAT_INSTALLED, Driver
from clients.drivers.base import Received
from clients.served import ServedBroker
from clients.topics import create_topic

KIB, MIB = 1 << 10, 1 << 20
PARTITIONS = 5
RECORDS = 600
"""Of 5 KiB in each partition, 15 MiB in all, in segments that mix the partitions."""


def _value(partition: int, number: int) -> bytes:
    return b"%d:%d:" % (partition, number) + bytes([65 + number % 26]) * 5 * KIB


def _write(broker: ServedBroker, topic: str) -> None:
    producer = Producer({"bootstrap.servers": broker.bootstrap, "linger.ms": 1, "batch.size": 50_000})
    for number in range(RECORDS):
        for partition in range(PARTITIONS):
            producer.produce(topic, _value(partition, number), partition=partition)
        producer.poll(0)
    assert producer.flush(30) == 0


def test_readers_from_the_start_get_everything_past_a_cache_of_one_mebibyte(serve: Serve) -> None:
    broker = serve(produce={"segment_bytes_target": 256 * KIB}, fetch={"cache_bytes_max": MIB})
    topic = create_topic(broker.bootstrap, "cold", partitions=PARTITIONS)
    _write(broker, topic)
    readers = [driver for driver in DRIVERS.values() if driver is not KCAT or KCAT_INSTALLED]

    def read(reader: Driver, partition: int) -> list[Received]:
        return reader.consume(broker.bootstrap, topic, RECORDS, partition=partition)

    with ThreadPoolExecutor(4) as pool:
        places = [(reader, partition) for reader in readers for partition in range(PARTITIONS)]
        answers = pool.map(lambda place: read(*place), places)
        for (reader, partition), received in zip(places, answers, strict=True):
            found = [(item.offset, item.value) for item in received]
            assert found == [(n, _value(partition, n)) for n in range(RECORDS)], (reader.name, partition)
