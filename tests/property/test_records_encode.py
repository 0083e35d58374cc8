"""Batches of any columns, against two readers that know nothing of the encoder: plain Python and kio."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from kio.records.readers import read_batch

from oracle.batch import HEAD, Record, Rules, encode_records, judge
from skylog import records

SECONDS = 1_700_000_000_000
blobs = st.none() | st.binary(max_size=150) | st.binary(max_size=20)
headers = st.lists(st.tuples(st.text(max_size=5), blobs), max_size=3)
times = st.integers(SECONDS, SECONDS + 100_000) | st.integers(0, 2**40) | st.just(-1)
rows = st.lists(
    st.builds(Record, timestamp=times, key=blobs, value=blobs, headers=headers.map(tuple)), max_size=40
)
kinds = st.sampled_from(
    [pa.binary(), pa.large_binary(), pa.binary_view(), pa.dictionary(pa.int32(), pa.binary()), None]
)
codecs = st.sampled_from([None, "gzip", "lz4", "zstd"])


def column(cells: list[bytes | None], kind: pa.DataType | None, cut: int) -> Any:
    """Return cells as a list, or as an Arrow array of some type in chunks."""
    if kind is None:
        return cells
    array = pa.array(cells, pa.binary())
    array = array.dictionary_encode() if pa.types.is_dictionary(kind) else array.cast(kind)
    return pa.chunked_array([array.slice(0, cut), array.slice(cut)])


def columns_of(data: list[Record], kind: pa.DataType | None, cut: int) -> dict[str, Any]:
    return {
        "values": column([record.value for record in data], kind, cut),
        "keys": column([record.key for record in data], kind, len(data) - min(cut, len(data))),
        "timestamps": [record.timestamp for record in data],
        "headers": [record.headers for record in data],
    }


def utf8(record: Record) -> Record:
    named = tuple((key.encode(), value) for key, value in record.headers)
    return Record(record.timestamp, record.key, record.value, named)


@given(rows, kinds, st.integers(0, 40), st.integers(1_500, 4_000))
@settings(max_examples=150, deadline=None)
def test_every_byte_is_the_oracles(data: list[Record], kind: Any, cut: int, batch_bytes: int) -> None:
    encoded = records.encode(**columns_of(data, kind, cut), max_batch_bytes=batch_bytes)
    left = [utf8(record) for record in data]
    for batch, entry in zip(encoded.batches(), encoded.index, strict=True):
        assert batch.nbytes <= batch_bytes
        own, left = left[: entry["record_count"]], left[entry["record_count"] :]
        assert bytes(batch[HEAD.size :]) == encode_records(own, own[0].timestamp)
        first_offset = HEAD.unpack_from(batch)[0]
        assert first_offset == entry["base_offset"] == len(data) - len(left) - len(own)
    assert left == []


@given(rows, kinds, st.integers(0, 40), codecs)
@settings(max_examples=150, deadline=None)
def test_a_broker_takes_every_batch(data: list[Record], kind: Any, cut: int, codec: Any) -> None:
    encoded = records.encode(**columns_of(data, kind, cut), compression=codec, max_batch_bytes=2_000)
    for batch, entry in zip(encoded.batches(), encoded.index, strict=True):
        unplaced = bytes(8) + bytes(batch[8:])
        assert judge(unplaced, Rules(), 13, 0) == entry["max_timestamp"]


@given(rows.map(lambda data: [record for record in data if record.timestamp >= 0]), st.integers(0, 40))
@settings(max_examples=100, deadline=None)
def test_kio_reads_the_records(data: list[Record], cut: int) -> None:
    encoded = records.encode(**columns_of(data, pa.binary(), cut), base_offset=7, max_batch_bytes=3_000)
    found = []
    for batch in encoded.batches():
        parsed, size = read_batch(batch, 0)
        assert size == batch.nbytes
        found += parsed.records
    assert [record.offset for record in found] == list(range(7, 7 + len(data)))
    for record, expected in zip(found, map(utf8, data), strict=True):
        assert (record.key, record.value) == (expected.key, expected.value)
        assert tuple((header.key, header.value) for header in record.headers) == expected.headers
        assert int(record.timestamp.timestamp()) == expected.timestamp // 1_000


@given(rows, kinds, codecs | st.just("snappy"), st.integers(1, 9_000))
@settings(max_examples=150, deadline=None)
def test_pieces_builders_and_round_trips(
    data: list[Record], kind: Any, codec: Any, buffer_bytes: int
) -> None:
    columns = columns_of(data, kind, 3)
    options = {"compression": codec, "max_batch_bytes": 2_000}
    whole = records.encode(**columns, **options)
    parts = records.iter_encode(**columns, **options, buffer_bytes=buffer_bytes)
    assert b"".join(map(bytes, parts)) == bytes(whole)
    builder, built, start = records.Builder(**options), b"", 0
    while start < len(data):
        start += builder.extend(**columns, start=start)
        built += bytes(builder.take() or b"")
    assert built == bytes(whole)
    table = records.decode(whole)
    assert table["value"].to_pylist() == [record.value for record in data]
    assert table["key"].to_pylist() == [record.key for record in data]
    times = table["timestamp"].cast(pa.int64()).to_pylist()
    assert times == [None if record.timestamp == -1 else record.timestamp for record in data]
    found = [[(header["key"], header["value"]) for header in row] for row in table["headers"].to_pylist()]
    assert found == [list(record.headers) for record in data]
