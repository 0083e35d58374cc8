"""The record classes of other Python clients, in this process."""

from __future__ import annotations

import datetime
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import aiokafka.record.default_records
import aiokafka.record.memory_records
import kafka.record.default_records
import kafka.record.memory_records
import kio.records.schema as kio
from kio.records.readers import read_batch
from kio.records.writers import write_new_batch
from kio.static.primitive import TZAwareMicros, i8, i16, i32, i64

from clients.drivers.base import CODECS, Record
from interop.samples import Row, rows

BATCH_BYTES_MAX = 64 << 20


@dataclass(frozen=True)
class Rival:
    """One client's writer of one batch, and its reader of several."""

    name: str
    write: Callable[[Sequence[Record], str], bytes]
    read: Callable[[bytes], list[Row]]
    codecs: Sequence[str] = CODECS
    null_headers: bool = True


def _builder_of(module: Any) -> Callable[[Sequence[Record], str], bytes]:
    def write(records: Sequence[Record], codec: str) -> bytes:
        builder = module.DefaultRecordBatchBuilder(
            magic=2,
            compression_type=CODECS.index(codec),
            is_transactional=0,
            producer_id=-1,
            producer_epoch=-1,
            base_sequence=-1,
            batch_size=BATCH_BYTES_MAX,
        )
        for offset, timestamp, key, value, headers in rows(records):
            assert builder.append(offset, timestamp, key, value, list(headers)) is not None
        return bytes(builder.build())

    return write


def _reader_of(module: Any) -> Callable[[bytes], list[Row]]:
    def read(data: bytes) -> list[Row]:
        batches, found = module.MemoryRecords(data), []
        while (batch := batches.next_batch()) is not None:
            assert batch.validate_crc()
            found += [(it.offset, it.timestamp, it.key, it.value, tuple(it.headers)) for it in batch]
        return found

    return read


def _write_kio(records: Sequence[Record], codec: str) -> bytes:
    assert codec == "none"
    out = io.BytesIO()
    batch = kio.NewRecordBatch(
        producer_id=i64(-1),
        producer_epoch=i16(-1),
        base_sequence=i32(-1),
        attributes=i16(0),
        records=tuple(map(_kio_record, rows(records))),
    )
    write_new_batch(out, batch)
    return out.getvalue()


def _kio_record(row: Row) -> kio.Record:
    offset, timestamp, key, value, headers = row
    moment = datetime.datetime.fromtimestamp(timestamp / 1_000, datetime.UTC)
    return kio.Record(
        attributes=i8(0),
        timestamp=TZAwareMicros.parse(moment),
        offset=i64(offset),
        key=key,
        value=value,
        headers=tuple(kio.RecordHeader(key=name.encode(), value=content) for name, content in headers),
    )


def _read_kio(data: bytes) -> list[Row]:
    found: list[Row] = []
    position = 0
    while position < len(data):
        batch, size = read_batch(data, position)
        found += map(_kio_row, batch.records)
        position += size
    return found


def _kio_row(record: kio.Record) -> Row:
    headers = tuple(((header.key or b"").decode(), header.value) for header in record.headers)
    timestamp = round(record.timestamp.timestamp() * 1_000)
    return record.offset, timestamp, record.key, record.value, headers


AIOKAFKA = Rival(
    "aiokafka",
    _builder_of(aiokafka.record.default_records),
    _reader_of(aiokafka.record.memory_records),
)
KAFKA_PYTHON = Rival(
    "kafka-python",
    _builder_of(kafka.record.default_records),
    _reader_of(kafka.record.memory_records),
    null_headers=False,
)
KIO = Rival("kio", _write_kio, _read_kio, codecs=("none",))
"""Compresses nothing, and cuts times to whole seconds."""
RIVALS = (AIOKAFKA, KAFKA_PYTHON, KIO)
