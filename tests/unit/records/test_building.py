"""A builder takes what fits, hands back what does not, and loses nothing."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from skylog import records

CODECS = [None, "gzip", "snappy", "lz4", "zstd"]


def drained(builder: records.Builder, column: Any, **columns: Any) -> list[records.Encoded]:
    """Bring all rows into batches, as a caller would."""
    batches, start = [], 0
    while start < len(column):
        start += builder.extend(column, start=start, timestamps=1, **columns)
        batches.append(builder.take())
    return batches


def test_a_record_at_a_time() -> None:
    builder = records.Builder(max_batch_bytes=120)
    assert builder.take() is None
    assert builder.append(b"v", b"k", 5, [("h", b"1"), ("h", None)])
    assert builder.append(None, timestamp=3)
    assert (builder.record_count, builder.size_bytes) == (2, 61 + 16 + 7)
    assert repr(builder) == "Builder(2 records, 84 bytes)"
    assert not builder.append(b"x" * 30)
    assert builder.record_count == 2
    encoded = builder.take()
    expected = records.encode(
        [b"v", None], keys=[b"k", None], timestamps=[5, 3], headers=[[("h", b"1"), ("h", None)], None]
    )
    assert bytes(encoded) == bytes(expected)
    assert (encoded.record_count, len(encoded.index)) == (2, 1)
    assert builder.append(b"x" * 30)


def test_bytes_of_any_kind_are_taken() -> None:
    builder = records.Builder()
    assert builder.append(bytearray(b"value"), memoryview(b"_key_")[1:4], 1, (("h", bytearray(b"x")),))
    assert bytes(builder.take()) == bytes(
        records.encode([b"value"], keys=[b"key"], timestamps=1, headers=[[("h", b"x")]])
    )
    for wrong in ("text", 5, [b"a"]):
        with pytest.raises(TypeError):
            builder.append(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        builder.append(b"", headers=[(1, b"")])  # type: ignore[list-item]
    assert builder.take() is None


def test_records_get_the_time_when_they_come() -> None:
    builder = records.Builder()
    builder.append(b"a")
    builder.extend([b"b"])
    (entry,) = builder.take().index
    assert 1_700_000_000_000 < entry["base_timestamp"] <= entry["max_timestamp"]


@pytest.mark.parametrize("codec", CODECS)
def test_batches_of_a_builder_are_those_of_encode(codec: Any) -> None:
    values = [b"%d" % row * (row % 60) for row in range(1_000)]
    options: dict[str, Any] = {
        "compression": codec,
        "max_batch_bytes": 3_000,
        "producer_id": 4,
        "producer_epoch": 2,
        "base_sequence": 2**31 - 100,
        "base_offset": 50,
    }
    whole = bytes(records.encode(values, keys=values, timestamps=1, **options))
    for column in (values, pa.chunked_array([values[:1], [], values[1:500], values[500:]])):
        batches = drained(records.Builder(**options), column, keys=column)
        assert b"".join(map(bytes, batches)) == whole


def test_a_batch_that_was_taken_does_not_change() -> None:
    builder = records.Builder(max_batch_bytes=10_000)
    taken = []
    for size in (9_000, 10, 9_500, 4_000):
        assert builder.append(bytes([size % 251]) * size, timestamp=1)
        taken.append((builder.take(), size))
    for offset, (encoded, size) in enumerate(taken):
        expected = records.encode([bytes([size % 251]) * size], timestamps=1, base_offset=offset)
        assert bytes(encoded) == bytes(expected)


def test_a_record_that_never_fits_is_an_error_and_others_go_on() -> None:
    builder = records.Builder(max_batch_bytes=200)
    assert builder.append(b"a", timestamp=1)
    with pytest.raises(ValueError, match="a record of 209 bytes can never fit"):
        builder.append(b"x" * 200)
    assert builder.append(b"b", timestamp=1)
    with pytest.raises(ValueError, match="timestamp: expected null or 0 to"):
        builder.append(b"c", timestamp=-2)
    assert bytes(builder.take()) == bytes(records.encode([b"a", b"b"], timestamps=1))


def test_rows_before_a_wrong_one_are_taken_then_it_is_named() -> None:
    builder = records.Builder(max_batch_bytes=300)
    column = pa.chunked_array([[b"a", b"b"], [b"c", b"x" * 400, b"d"]])
    assert builder.extend(column, timestamps=1) == 3
    for _ in range(2):
        with pytest.raises(ValueError, match="row 3: a record of 409 bytes"):
            builder.extend(column, timestamps=1, start=3)
    assert builder.extend(column, timestamps=1, start=4) == 1
    assert builder.extend(column, timestamps=1, start=5) == 0
    assert builder.extend(column, timestamps=1, start=99) == 0
    assert bytes(builder.take()) == bytes(records.encode([b"a", b"b", b"c", b"d"], timestamps=1))
    with pytest.raises(ValueError, match="start: expected at least 0, found -1"):
        builder.extend(column, start=-1)


def test_append_time_gives_one_time_to_a_batch() -> None:
    builder = records.Builder(timestamp_type="append")
    assert builder.append(b"a", timestamp=5)
    assert not builder.append(b"b", timestamp=6)
    assert builder.extend([b"b"], timestamps=6) == 0
    assert builder.extend([b"b"], timestamps=5) == 1
    with pytest.raises(ValueError, match="timestamps: expected one for all"):
        builder.extend([b"b"], timestamps=[5])
    assert bytes(builder.take()) == bytes(records.encode([b"a", b"b"], timestamps=5, timestamp_type="append"))


def test_what_is_no_record_says_what_is_wrong() -> None:
    builder = records.Builder()
    with pytest.raises(TypeError, match="expected contiguous bytes or None, found <class 'str'>"):
        builder.append("text")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"timestamp: expected -1 to .* ms, found 9223372036854775808"):
        builder.append(b"", timestamp=2**63)
    assert builder.take() is None
