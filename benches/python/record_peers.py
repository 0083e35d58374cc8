"""The contenders in Python: skylog and its peers, each behind the same two functions.

An encoder takes values and gives batches of at most 1 MiB; a decoder takes batches and looks at every field
of every record. The lists of Python's objects that a peer starts from are made beforehand and do not count.
"""

from __future__ import annotations

import datetime
import io
from collections.abc import Callable, Iterator

import aiokafka.record._crecords as aiokafka_records
import kafka.record as kafka_python_records
from kafka.record.default_records import DefaultRecordBatchBuilder as KafkaPythonBuilder
from kio.records.readers import read_batch
from kio.records.schema import NewRecordBatch, Record
from kio.records.writers import write_new_batch
from kio.static.primitive import TZAwareMicros

from record_data import Values
from record_measure import Work
from skylog import records

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
BATCH_BYTES_MAX = 1_048_588
"""Kafka's own bound of a batch."""


def compression_of(codec: str) -> str | None:
    """Return the codec as skylog's API names it."""
    return None if codec == "none" else codec


def encoded(values: Values, codec: str) -> records.Encoded:
    """Return what decoders read."""
    return records.encode(values.array, timestamps=values.timestamps, compression=compression_of(codec))


# --- encode -----------------------------------------------------------------------------------------------


def encode_skylog_arrow(values: Values, codec: str) -> Callable[[], object]:
    array, timestamps, compression = values.array, values.timestamps, compression_of(codec)
    return lambda: records.encode(array, timestamps=timestamps, compression=compression)


def encode_skylog_list(values: Values, codec: str) -> Callable[[], object]:
    rows, timestamps, compression = values.list, values.timestamps, compression_of(codec)
    return lambda: records.encode(rows, timestamps=timestamps, compression=compression)


def encode_aiokafka(values: Values, codec: str) -> Callable[[], object]:
    bits = CODECS.index(codec)

    def builder() -> aiokafka_records.DefaultRecordBatchBuilder:
        return aiokafka_records.DefaultRecordBatchBuilder(2, bits, 0, -1, -1, -1, BATCH_BYTES_MAX)

    return lambda: _append_all(builder, values)


def encode_kafka_python(values: Values, codec: str) -> Callable[[], object]:
    bits = CODECS.index(codec)

    def builder() -> KafkaPythonBuilder:
        return KafkaPythonBuilder(2, bits, False, -1, -1, -1, BATCH_BYTES_MAX)

    return lambda: _append_all(builder, values)


def _append_all(new_builder: Callable[[], object], values: Values) -> list[object]:
    """Fill builder after builder; both libraries answer None to a record that does not fit any more."""
    batches = []
    builder, offset = new_builder(), 0
    append = builder.append
    for value, timestamp in zip(values.list, values.timestamp_list, strict=True):
        if append(offset, timestamp, None, value, []) is None:
            batches.append(builder.build())
            builder, offset = new_builder(), 0
            append = builder.append
            append(offset, timestamp, None, value, [])
        offset += 1
    batches.append(builder.build())
    return batches


def encode_kio(values: Values, codec: str) -> Callable[[], object] | None:
    """It leaves compression to its caller."""
    if codec != "none":
        return None
    rows = list(zip(values.list, _moments(values), strict=True))
    per_batch = max(1, BATCH_BYTES_MAX * 9 // 10 * len(values) // values.value_bytes)
    pieces = [rows[first : first + per_batch] for first in range(0, len(rows), per_batch)]
    return lambda: [_kio_batch(piece) for piece in pieces]


def _moments(values: Values) -> Iterator[TZAwareMicros]:
    for timestamp in values.timestamp_list:
        yield TZAwareMicros.parse(datetime.datetime.fromtimestamp(timestamp // 1000, datetime.UTC))


def _kio_batch(rows: list[tuple[bytes, TZAwareMicros]]) -> bytes:
    batch = NewRecordBatch(
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        attributes=0,
        records=tuple(
            Record(attributes=0, timestamp=moment, offset=offset, key=None, value=value, headers=())
            for offset, (value, moment) in enumerate(rows)
        ),
    )
    out = io.BytesIO()
    write_new_batch(out, batch)
    return out.getvalue()


# --- decode -----------------------------------------------------------------------------------------------


def decode_skylog(batches: bytes, _: str) -> Callable[[], object]:
    return lambda: records.decode(batches)


def decode_skylog_views(batches: bytes, codec: str) -> Callable[[], object] | None:
    return (lambda: records.decode(batches, binary="binary_view")) if codec == "none" else None


def decode_skylog_values(batches: bytes, _: str) -> Callable[[], object]:
    return lambda: records.decode(batches, columns=("value",))


def decode_aiokafka(batches: bytes, _: str) -> Callable[[], object]:
    return lambda: _read_all(_aiokafka_batches(batches))


def _aiokafka_batches(batches: bytes) -> Iterator[object]:
    source = aiokafka_records.MemoryRecords(batches)
    while source.has_next():
        yield source.next_batch()


def decode_kafka_python(batches: bytes, _: str) -> Callable[[], object]:
    return lambda: _read_all(kafka_python_records.MemoryRecords(batches))


def _read_all(batches: Iterator[object]) -> int:
    """Check every batch, look at every field of every record."""
    count = 0
    for batch in batches:
        if not batch.validate_crc():
            raise SystemExit("a peer finds a wrong checksum")
        for record in batch:
            record.offset, record.timestamp, record.key, record.value, record.headers  # noqa: B018
            count += 1
    return count


def decode_kio(batches: bytes, codec: str) -> Callable[[], object] | None:
    """It leaves compression to its caller."""
    return (lambda: _kio_records(batches)) if codec == "none" else None


def _kio_records(batches: bytes) -> int:
    count = position = 0
    while position < len(batches):
        batch, size = read_batch(batches, position)
        position += size
        count += len(batch.records)
    return count


ENCODERS = {
    "skylog (Arrow)": encode_skylog_arrow,
    "skylog (list)": encode_skylog_list,
    "aiokafka": encode_aiokafka,
    "kafka-python": encode_kafka_python,
    "kio": encode_kio,
}
DECODERS = {
    "skylog": decode_skylog,
    "skylog (views)": decode_skylog_views,
    "skylog (values only)": decode_skylog_values,
    "aiokafka": decode_aiokafka,
    "kafka-python": decode_kafka_python,
    "kio": decode_kio,
}


def encode_work(name: str, values: Values, codec: str) -> Work | None:
    """Return one pass of an encoder over `values`, or None where it does not know the codec."""
    run = ENCODERS[name](values, codec)
    return Work(run, values.value_bytes, len(values)) if run else None


def decode_work(name: str, values: Values, codec: str) -> Work | None:
    """Return one pass of a decoder over the batches of `values`, or None where it does not know the codec."""
    run = DECODERS[name](bytes(encoded(values, codec)), codec)
    return Work(run, values.value_bytes, len(values)) if run else None
