"""Batches of skylog.records through a broker to every client, and every client's batches back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clients.conftest import NewTopic
from clients.drivers import DRIVERS, KCAT, KCAT_INSTALLED, Driver
from clients.drivers.base import CODECS, Record
from clients.raw import Connection
from interop import ours
from interop.samples import SAMPLES, TIME_MS, Row, rows

TEXTS = [
    Record(b"key", b"value", (("a", b"1"), ("b", b""), ("a", b"1")), TIME_MS),
    Record(None, b"no key", (), TIME_MS - 5),
    Record(b"no value", None, (("null", None),), TIME_MS + 5),
    Record(b"empty value", b"", (), TIME_MS),
    *(Record(b"%d" % n, b"compressible " * (1 + n % 40) + b"%d" % n, (), TIME_MS + n) for n in range(300)),
]
"""Without line ends, so that kcat can print them."""


def _readers() -> list[Driver]:
    return [driver for driver in DRIVERS.values() if driver is not KCAT or KCAT_INSTALLED]


@pytest.mark.parametrize("codec", CODECS)
def test_every_client_reads_our_batches(codec: str, bootstrap: str, new_topic: NewTopic) -> None:
    topic = new_topic(f"ours-{codec}")
    records = [*TEXTS, *SAMPLES["nulls"]]
    with Connection(bootstrap) as connection:
        answer = connection.produce(topic, 0, ours.write(records, codec))
    assert (answer.error_code, answer.base_offset) == (0, 0)
    for reader in _readers():
        received = reader.consume(bootstrap, topic, len(records))
        found = [(it.offset, it.timestamp_ms, it.key, it.value, it.headers) for it in received]
        assert found == rows(records), reader.name


@pytest.mark.parametrize("codec", CODECS)
def test_we_read_every_clients_batches(
    client: Driver, codec: str, bootstrap: str, new_topic: NewTopic
) -> None:
    topic = new_topic(f"{client.name}-{codec}")
    records = [record for record in TEXTS if client.null_headers or ("null", None) not in record.headers]
    if client is KCAT:
        records = [replace(record, timestamp_ms=None) for record in records]
    client.produce(bootstrap, topic, records, codec=codec)
    with Connection(bootstrap) as connection:
        found = ours.read(connection.fetch(topic, 0, 0), partial="ignore")
    assert [without_time(row) for row in found] == [without_time(row) for row in rows(records)]
    if client is not KCAT:
        assert [row[1] for row in found] == [record.timestamp_ms for record in records]


def without_time(row: Row) -> tuple[object, ...]:
    return row[:1] + row[2:]
