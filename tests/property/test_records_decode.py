"""Batches decoded by the core, by a plain reading of the format, and by kio."""

from __future__ import annotations

import io
import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kio.records.readers import read_batch

from oracle import records as oracle
from oracle.batch import Record, RefusedError, encode, encode_records, varint
from skylog import records

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ALL = (
    *records.DEFAULT_COLUMNS,
    "timestamp_type",
    "leader_epoch",
    "producer_id",
    "producer_epoch",
    "sequence",
    "is_transactional",
    "is_control",
)
BINARY = ("binary", "large_binary", "binary_view")

times = st.integers(1_700_000_000_000, 1_700_000_100_000) | st.integers(-1, 3)
short = st.binary(max_size=20)
any_codec = st.integers(0, 4)
plain = st.just(0)


def samples_at(timestamps: st.SearchStrategy[int]) -> st.SearchStrategy[list[Record]]:
    header = st.tuples(st.text(max_size=4).map(str.encode), st.none() | short)
    record = st.builds(
        Record,
        timestamp=timestamps,
        key=st.none() | short,
        value=st.none() | st.binary(max_size=200),
        headers=st.lists(header, max_size=3).map(tuple),
    )
    return st.lists(record, min_size=1, max_size=12)


samples = samples_at(times)


@st.composite
def any_batch(
    draw: st.DrawFn,
    codecs: st.SearchStrategy[int] = any_codec,
    sample: st.SearchStrategy[list[Record]] = samples,
) -> bytes:
    producer = st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(0, 2**31 - 1))
    batch = encode(draw(sample), codec=draw(codecs), producer=draw(st.just((-1, -1, -1)) | producer))
    batch = oracle.with_attributes(batch, draw(st.sampled_from([0, 0, 0, 8, 16, 24])))
    base_offset = draw(st.integers(0, 2**40) | st.just(2**63 - 20))
    return oracle.stamp(batch, base_offset=base_offset, leader_epoch=draw(st.integers(-1, 9)))


logs = st.lists(any_batch(), max_size=4).map(b"".join)


def rows(table: pyarrow.Table | pyarrow.RecordBatch) -> list[dict[str, Any]]:
    """Return rows as the oracle has them."""
    found = table
    if "timestamp" in table.schema.names:
        place = table.schema.get_field_index("timestamp")
        found = table.set_column(place, "timestamp", table.column("timestamp").cast(pyarrow.int64()))
    listed = found.to_pylist()
    for row in listed:
        if "headers" in row:
            row["headers"] = [(header["key"], header["value"]) for header in row["headers"]]
    return listed


@given(logs, st.sampled_from(BINARY), st.permutations(ALL), st.integers(1, len(ALL)))
def test_all_columns_in_all_projections_and_types(
    data: bytes, binary: Any, order: list[str], count: int
) -> None:
    columns = order[:count]
    table = records.decode(data, columns=columns, binary=binary)
    assert table.schema.names == columns
    table.validate(full=True)
    expected = [{name: row[name] for name in columns} for row in oracle.decode(data)]
    assert rows(table) == expected


@given(logs, st.sampled_from(BINARY), st.integers(1, 2_000))
def test_pieces_are_the_whole(data: bytes, binary: Any, batch_bytes: int) -> None:
    whole = rows(records.decode(data))
    for source in (data, io.BytesIO(data)):
        pieces = list(records.iter_decode(source, binary=binary, batch_bytes=batch_bytes))
        assert all(piece.num_rows for piece in pieces)
        assert [row for piece in pieces for row in rows(piece)] == whole


@given(logs, st.none() | st.integers(0, 2**40), st.none() | st.integers(0, 2**40))
def test_only_offsets_within_bounds(data: bytes, start: int | None, stop: int | None) -> None:
    found = rows(records.decode(data, columns=ALL, offsets=(start, stop)))
    low, high = 0 if start is None else start, 2**63 if stop is None else stop
    assert found == [row for row in oracle.decode(data) if low <= row["offset"] < high]


@given(st.data())
def test_bounds_within_a_batch(data: st.DataObject) -> None:
    batch = data.draw(any_batch())
    expected = oracle.decode(batch)
    base, count = expected[0]["offset"], len(expected)
    start, stop = (base + data.draw(st.integers(-2, count + 2)) for _ in range(2))
    found = records.decode(batch, offsets=(start, stop), columns=["offset", "value"])
    assert found["offset"].to_pylist() == [row["offset"] for row in expected if start <= row["offset"] < stop]


HEADER_FIELDS = (
    "base_offset",
    "batch_length",
    "partition_leader_epoch",
    "crc",
    "attributes",
    "last_offset_delta",
    "base_timestamp",
    "max_timestamp",
    "producer_id",
    "producer_epoch",
    "base_sequence",
)


@given(any_batch(codecs=plain, sample=samples_at(st.integers(0, 2_000_000_000_000))))
def test_what_kio_reads(batch: bytes) -> None:
    """kio knows neither times before 1970 nor, in this version, fractions of a second."""
    read, size = read_batch(batch, 0)
    (header,) = records.inspect(batch)
    assert size == len(batch) == header["size"]
    assert [header[name] for name in HEADER_FIELDS] == [getattr(read, name) for name in HEADER_FIELDS]
    found = rows(records.decode(batch))
    if header["timestamp_type"]:
        assert {row["timestamp"] for row in found} == {header["max_timestamp"]}
    else:
        seconds = [(record.timestamp - EPOCH) // timedelta(seconds=1) for record in read.records]
        assert [row["timestamp"] // 1000 for row in found] == seconds
    for row, record in zip(found, read.records, strict=True):
        headers = [((pair.key or b"").decode(), pair.value) for pair in record.headers]
        assert (row["offset"], row["key"], row["value"]) == (record.offset, record.key, record.value)
        assert row["headers"] == headers


numbers = st.sampled_from([0, 1, 63, 64, 127, 128, 255])
changes = st.lists(st.tuples(st.integers(0, 10_000), numbers | st.integers(0, 255)), min_size=1, max_size=3)


def changed(data: bytes, edits: list[tuple[int, int]]) -> bytes:
    out = bytearray(data)
    for place, byte in edits:
        out[place % len(out)] = byte
    return bytes(out)


def assert_judged_alike(batch: bytes) -> None:
    """Both take the batch and find the same in it, or neither takes it."""
    try:
        expected = oracle.decode(batch)
    except RefusedError:
        expected = None
    if expected is None:
        with pytest.raises(records.Corrupt, match="position"):
            records.verify(batch, records=True)
        with pytest.raises(records.Corrupt, match="position"):
            records.decode(batch, columns=ALL, control="keep")
    else:
        assert records.verify(batch, records=True) == len(list(oracle.split(batch)))
        assert rows(records.decode(batch, columns=ALL, control="keep")) == expected


@given(any_batch(codecs=plain), changes)
def test_changed_batches(batch: bytes, edits: list[tuple[int, int]]) -> None:
    assert_judged_alike(changed(batch, edits))
    assert_judged_alike(oracle.reseal(changed(batch, edits)))


@given(samples, st.integers(0, 4), changes)
def test_changed_payloads(sample: list[Record], codec: int, edits: list[tuple[int, int]]) -> None:
    payload = changed(encode_records(sample, sample[0].timestamp), edits)
    batch = encode(sample, codec=codec, payload=payload)
    assert_judged_alike(batch)


@given(samples, st.integers(0, 400), st.integers(0, 4))
def test_payloads_that_end_early(sample: list[Record], cut: int, codec: int) -> None:
    payload = encode_records(sample, sample[0].timestamp)
    assert_judged_alike(encode(sample, codec=codec, payload=payload[: cut % len(payload)] or b"\0"))


def marker(base_offset: int, producer_id: int, kind: int, codec: int = 0) -> bytes:
    key = struct.pack(">hh", 0, kind)
    batch = encode(
        [Record(key=key, value=struct.pack(">hi", 0, 1))], codec=codec, producer=(producer_id, 0, -1)
    )
    return oracle.stamp(oracle.with_attributes(batch, 0x30), base_offset=base_offset)


@given(st.data())
def test_aborted_transactions_are_left_out(data: st.DataObject) -> None:
    log, offset, aborted, opened = b"", 0, [], dict[int, int]()
    for _ in range(data.draw(st.integers(1, 12))):
        producer_id = data.draw(st.integers(0, 2))
        kind = data.draw(st.sampled_from(["plain", "data", "data", "data", "abort", "commit"]))
        if kind in {"plain", "data"}:
            sample = data.draw(samples)
            batch = encode(sample, codec=data.draw(st.integers(0, 4)), producer=(producer_id, 0, 0))
            if kind == "data":
                batch = oracle.with_attributes(batch, 0x10)
                opened.setdefault(producer_id, offset)
            log += oracle.stamp(batch, base_offset=offset)
            offset += len(sample)
        else:
            began = opened.pop(producer_id, None)
            if kind == "abort" and began is not None:
                aborted.append((producer_id, began))
            log += marker(offset, producer_id, 0 if kind == "abort" else 1, data.draw(st.integers(0, 4)))
            offset += 1
    found = records.decode(log, columns=ALL, aborted=data.draw(st.permutations(aborted)))
    assert rows(found) == oracle.committed(log, aborted)
    start = data.draw(st.integers(0, offset))
    found = records.decode(log, columns=ALL, aborted=aborted, offsets=(start, None))
    assert rows(found) == [row for row in oracle.committed(log, aborted) if row["offset"] >= start]
    kept = records.decode(log, columns=ALL, control="keep")
    assert rows(kept) == oracle.decode(log)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=4))
def test_varints_of_every_size(deltas: list[int]) -> None:
    """Time deltas of 1 to 10 bytes, on top of a base of 0."""
    payload = b""
    for index, delta in enumerate(deltas):
        body = b"\0" + varint(delta) + varint(index) + varint(-1) + varint(-1) + varint(0)
        payload += varint(len(body)) + body
    batch = encode([Record(timestamp=0)] * len(deltas), payload=payload)
    found = records.decode(batch, columns=["timestamp"])["timestamp"].cast(pyarrow.int64())
    assert found.to_pylist() == [None if delta == -1 else delta for delta in deltas]
