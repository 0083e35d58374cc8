"""What one client writes all clients read, with every codec."""

from __future__ import annotations

import pytest

from clients.batches import batch_heads
from clients.conftest import NewTopic
from clients.drivers import DRIVERS, KCAT, KCAT_INSTALLED, Driver
from clients.drivers.base import CODECS, ProduceError, Received, Record
from clients.raw import Connection

MIB = 1 << 20

RECORDS = [
    Record(b"key", b"value"),
    Record(None, b"no key"),
    Record(b"no value", None),
    Record(b"empty value", b""),
    Record(b"headers", b"x", (("a", b"1"), ("b", b"2"), ("a", b"3"), ("a", b"1"))),
    Record(b"null header", b"x", (("z", None), ("a", b""), ("z", b"last"))),
    Record("ключ".encode(), "値 \U0001f40d".encode()),
    *(Record(b"key %d" % (n % 7), b"compressible " * (1 + n % 40) + b"%d" % n) for n in range(200)),
]
"""Texts without line ends, so that kcat can write and print them."""


def _contents(received: list[Received]) -> list[Record]:
    return [Record(item.key, item.value, item.headers) for item in received]


def _readers() -> list[Driver]:
    return [driver for driver in DRIVERS.values() if driver is not KCAT or KCAT_INSTALLED]


@pytest.mark.parametrize("codec", CODECS)
def test_what_one_client_writes_all_clients_read(
    client: Driver, codec: str, bootstrap: str, new_topic: NewTopic
) -> None:
    topic = new_topic(f"{client.name}-{codec}")
    records = [record for record in RECORDS if client.null_headers or ("z", None) not in record.headers]
    client.produce(bootstrap, topic, records, codec=codec)
    for reader in _readers():
        received = reader.consume(bootstrap, topic, len(records))
        assert _contents(received) == records, reader.name
        assert [item.offset for item in received] == list(range(len(records))), reader.name


@pytest.mark.parametrize("codec", CODECS)
def test_batches_are_stored_in_the_codec_that_the_client_chose(
    client: Driver, codec: str, bootstrap: str, new_topic: NewTopic
) -> None:
    topic = new_topic(f"{client.name}-{codec}")
    client.produce(bootstrap, topic, [Record(None, b"a" * 4000)] * 50, codec=codec)
    with Connection(bootstrap) as connection:
        heads = batch_heads(connection.fetch(topic, 0, 0))
    assert sum(head.records for head in heads) == 50
    assert {head.codec for head in heads} == {CODECS.index(codec)}


@pytest.mark.parametrize("codec", ["none", "lz4"])
def test_records_of_one_mebibyte_arrive_whole(
    client: Driver, codec: str, bootstrap: str, new_topic: NewTopic
) -> None:
    topic = new_topic("large", configs={"max.message.bytes": str(4 * MIB)})
    records = [Record(b"%d" % n, bytes([65 + n]) * MIB) for n in range(3)]
    client.produce(bootstrap, topic, records, codec=codec)
    for reader in _readers():
        assert _contents(reader.consume(bootstrap, topic, 3)) == records, reader.name


def test_a_batch_over_the_topics_limit_is_refused_and_the_next_one_goes_on(
    client: Driver, bootstrap: str, new_topic: NewTopic
) -> None:
    topic = new_topic("limited")
    with pytest.raises(ProduceError, match=r"(?i)size.too.large"):
        client.produce(bootstrap, topic, [Record(None, b"x" * MIB)])
    client.produce(bootstrap, topic, [Record(None, b"fits")])
    assert _contents(client.consume(bootstrap, topic, 1)) == [Record(None, b"fits")]


def test_idempotent_producers_write_each_record_once(
    client: Driver, bootstrap: str, new_topic: NewTopic
) -> None:
    topic = new_topic("idempotent")
    records = [Record(b"%d" % n, b"value %d" % n) for n in range(500)]
    client.produce(bootstrap, topic, records, idempotent=True)
    assert _contents(client.consume(bootstrap, topic, 500)) == records
    with Connection(bootstrap) as connection:
        heads = batch_heads(connection.fetch(topic, 0, 0))
        assert connection.end_offset(topic, 0) == 500
    assert all(head.producer_id >= 0 for head in heads)
