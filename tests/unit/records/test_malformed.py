"""Batches that are wrong in one way each: `Corrupt`, which says what and where."""

from __future__ import annotations

import struct
import zlib
from datetime import UTC, datetime

import cramjam
import lz4.frame
import pytest
import zstandard

from oracle import records as oracle
from oracle.batch import Record, encode, encode_records, varint
from skylog import records

GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
HEAD = 61
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
GOOD = encode([Record(key=b"key", value=b"value", headers=((b"h", b"1"),)), Record()])


def put(batch: bytes, position: int, form: str, value: int) -> bytes:
    """Return the batch with a field changed and its checksum true."""
    size = struct.calcsize(form)
    changed = batch[:position] + struct.pack(form, value) + batch[position + size :]
    return oracle.reseal(changed) if position != 8 else changed


def record(
    *,
    attributes: bytes = b"\0",
    time: bytes = b"\0",
    delta: bytes = b"\0",
    key: bytes = b"\1",
    value: bytes = b"\1",
    headers: bytes = b"\0",
    size: int | None = None,
) -> bytes:
    """Return a record made of these parts; `size` is what it says of itself."""
    body = attributes + time + delta + key + value + headers
    return varint(len(body) if size is None else size) + body


def holding(payload: bytes, codec: int = 0) -> bytes:
    return encode([Record()], codec=codec, payload=payload)


def assert_corrupt(data: bytes, message: str) -> None:
    """Every reader that looks there says the same, also when good batches stand before it."""
    columns = (*records.DEFAULT_COLUMNS, "producer_id")
    for read in (
        lambda source: records.verify(source, records=True),
        lambda source: records.decode(source, columns=columns, control="keep"),
        lambda source: list(records.iter_decode(source, columns=columns, control="keep")),
    ):
        with pytest.raises(records.Corrupt) as raised:
            read(data)
        assert message in str(raised.value)


@pytest.mark.parametrize("size", [1, 11, 16, 17, 60])
def test_a_head_that_is_cut(size: int) -> None:
    assert_corrupt(GOOD[:size], f"batch at position 0: expected 61 more bytes, found {size}")


def test_a_batch_that_is_cut() -> None:
    data = GOOD + GOOD[:-1]
    position, size = len(GOOD), len(GOOD)
    assert_corrupt(data, f"batch at position {position}: expected {size} more bytes, found {size - 1}")
    assert records.decode(data, partial="ignore").num_rows == 2


@pytest.mark.parametrize("length", [-1, 0, 48, -(2**31)])
def test_a_length_below_a_head(length: int) -> None:
    expected = f"batch_length at position 8: expected at least 49, a header's, found {length}"
    assert_corrupt(put(GOOD, 8, ">i", length), expected)


def test_a_length_beyond_the_bytes() -> None:
    assert_corrupt(put(GOOD, 8, ">i", 2**31 - 1), f"expected {2**31 + 11} more bytes, found {len(GOOD)}")


def test_a_wrong_checksum() -> None:
    data = GOOD[:-1] + bytes([GOOD[-1] ^ 1])
    assert_corrupt(data, "batch at position 0: checksum expected 0x")
    assert_corrupt(GOOD + data, f"batch at position {len(GOOD)}: checksum expected 0x")
    assert records.decode(data, columns=["offset"], verify_crc=False).num_rows == 2


@pytest.mark.parametrize("magic", [0, 1])
def test_message_sets_of_old_magic(magic: int) -> None:
    data = GOOD + GOOD[:16] + bytes([magic]) + GOOD[17:]
    expected = f"magic at position {len(GOOD) + 16}: expected 2, message sets of magic 0 and 1 are not read"
    assert_corrupt(data, f"{expected}, found {magic}")
    with pytest.raises(records.Corrupt, match="message sets of magic 0 and 1 are not read"):
        records.inspect(data)


def test_a_magic_that_never_was() -> None:
    assert_corrupt(GOOD[:16] + b"\3" + GOOD[17:], "magic at position 16: expected 2, found 3")


@pytest.mark.parametrize("bits", [5, 6, 7])
def test_unknown_codec_bits(bits: int) -> None:
    expected = f"attributes at position 21: expected a codec from 0 to 4, found {bits}"
    assert_corrupt(put(GOOD, 21, ">h", bits), expected)


def test_fewer_records_than_counted() -> None:
    end = len(GOOD) - HEAD
    expected = f"record size at position {HEAD + end}: expected 1 more bytes, found 0"
    assert_corrupt(put(GOOD, 57, ">i", 3), expected)


def test_a_count_of_billions_costs_nothing() -> None:
    assert_corrupt(put(GOOD, 57, ">i", 2**31 - 1), "record size at position")


def test_more_records_than_counted() -> None:
    assert_corrupt(put(GOOD, 57, ">i", 1), "bytes after the last record at position")
    assert_corrupt(put(GOOD, 57, ">i", 0), f"bytes after the last record at position {HEAD}: expected none")


def test_a_negative_count() -> None:
    assert_corrupt(put(GOOD, 57, ">i", -1), "record_count at position 57: expected 0 or more, found -1")


def test_offsets_that_do_not_fit() -> None:
    assert_corrupt(put(GOOD, 23, ">i", -1), "last_offset_delta at position 23: expected 0 or more")
    assert_corrupt(oracle.stamp(GOOD, base_offset=2**63 - 1), "within 64 bits, found 1")
    assert_corrupt(put(GOOD, 23, ">i", 0), "offset delta of a record at position")
    assert_corrupt(holding(record(delta=varint(-1))), f"offset delta of a record at position {HEAD}: ")


def test_times_that_do_not_fit() -> None:
    batch = put(holding(record(time=varint(1))), 27, ">q", 2**63 - 1)
    assert_corrupt(
        batch, f"timestamp delta of a record at position {HEAD}: expected a timestamp of 64 bits, found 1"
    )


def test_times_below_the_brokers_mean_nothing() -> None:
    batch = put(put(holding(record(time=varint(1))), 27, ">q", 2**63 - 1), 21, ">h", 8)
    assert records.verify(batch, records=True) == 1
    assert records.decode(batch)["timestamp"].to_pylist() == [EPOCH]


ENDLESS_32 = b"\xff\xff\xff\xff\xff\1"
TOO_LARGE_32 = b"\xff\xff\xff\xff\x1f"
ENDLESS_64 = b"\xff" * 10 + b"\1"
TOO_LARGE_64 = b"\xff" * 9 + b"\2"


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (ENDLESS_32 + b"\0" * 9, "record size at position 61: expected a varint that ends in time"),
        (TOO_LARGE_32 + b"\0" * 9, "record size at position 61: expected a varint of 32 bits"),
        (record(time=ENDLESS_64), "timestamp delta at position 63: expected a varint that ends in time"),
        (record(time=TOO_LARGE_64), "timestamp delta at position 63: expected a varint that ends in time"),
        (record(delta=ENDLESS_32), "offset delta at position 64: expected a varint that ends in time"),
        (record(key=ENDLESS_32), "key at position 65: expected a varint that ends in time"),
        (record(value=TOO_LARGE_32), "value at position 66: expected a varint of 32 bits"),
        (record(headers=ENDLESS_32), "header count at position 67: expected a varint that ends in time"),
    ],
)
def test_varints_that_overflow(payload: bytes, expected: str) -> None:
    assert_corrupt(holding(payload), expected)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (
            record(size=-1),
            "record size at position 61: expected at least 0 and no more than the bytes that follow",
        ),
        (
            record(key=varint(-2)),
            "key at position 65: expected a length of -1 or more, within its record, found -2",
        ),
        (record(value=varint(-(2**31))), "value at position 66: expected a length of -1 or more"),
        (record(headers=varint(-1)), "header count at position 67: expected at least 0 and no more"),
        (record(headers=varint(1) + varint(-2) + b"\1"), "header key at position 68: expected a length"),
        (record(headers=varint(1) + varint(-1) + b"\1"), "header key at position 68: expected not null"),
        (record(headers=varint(1) + b"\0" + varint(-2)), "header value at position 69: expected a length"),
    ],
)
def test_negative_lengths(payload: bytes, expected: str) -> None:
    assert_corrupt(holding(payload), expected)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (record(size=7), "record at position 62: expected 7 more bytes, found 6"),
        (record(size=2**31 - 1), f"record at position 66: expected {2**31 - 1} more bytes, found 6"),
        (record(size=5), "record size at position 62: expected as many bytes as its fields take, found 6"),
        (
            record(key=varint(4)),
            "key at position 65: expected a length of -1 or more, within its record, found 4",
        ),
        (
            record(value=varint(2**31 - 1)),
            "value at position 66: expected a length of -1 or more, within its record",
        ),
        (record(headers=varint(2**31 - 1)), "header count at position 67: expected at least 0 and no more"),
        (record(headers=varint(1)), "header count at position 67: expected at least 0 and no more"),
        (
            record(headers=varint(0) + b"\0"),
            "record size at position 62: expected as many bytes as its fields take",
        ),
    ],
)
def test_lengths_that_lie(payload: bytes, expected: str) -> None:
    assert_corrupt(holding(payload), expected)


def test_a_header_key_that_is_not_utf_8() -> None:
    headers = varint(1) + varint(2) + b"a\xff" + varint(-1)
    assert_corrupt(holding(record(headers=headers)), "header key at position 70: expected UTF-8, found 255")


@pytest.mark.parametrize("key", [None, b"", b"\0\0\0"])
def test_a_marker_with_a_short_key(key: bytes | None) -> None:
    batch = oracle.with_attributes(encode([Record(key=key)], producer=(1, 0, -1)), 0x30)
    size = -1 if key is None else len(key)
    expected = f"key of a control record at position 66: expected at least 4 bytes, found {size}"
    assert_corrupt(batch, expected)
    with pytest.raises(records.Corrupt, match="key of a control record"):
        records.decode(batch, aborted=[(1, 0)])
    assert records.decode(batch).num_rows == 0


@pytest.mark.parametrize("codec", [GZIP, SNAPPY, LZ4, ZSTD])
def test_positions_in_compressed_batches(codec: int) -> None:
    data = GOOD + holding(record(key=varint(-2)), codec)
    expected = (
        f"batch at position {len(GOOD)}, in its decompressed records: key at position 4: expected a length"
    )
    assert_corrupt(data, expected)


@pytest.mark.parametrize("codec", [GZIP, SNAPPY, LZ4, ZSTD])
def test_compressed_data_that_is_no_such(codec: int) -> None:
    name = ["gzip", "snappy", "lz4", "zstd"][codec - 1]
    broken = oracle.reseal(put(GOOD, 21, ">h", codec)[:HEAD] + b"\xf0\xf1\xf2\xf3")
    assert_corrupt(GOOD + broken, f"{name} data at position {len(GOOD)}: ")


@pytest.mark.parametrize("codec", [GZIP, SNAPPY, LZ4, ZSTD])
def test_compressed_data_that_is_cut(codec: int) -> None:
    whole = encode([Record(value=bytes(range(256)) * 40)], codec=codec)
    assert_corrupt(oracle.reseal(whole[:-10]), "data at position 0: ")


BOMB = bytes(64 << 20)
SQUEEZED = {
    GZIP: zlib.compress(BOMB, 9, 31),
    SNAPPY: bytes(cramjam.snappy.compress_raw(BOMB)),
    LZ4: lz4.frame.compress(BOMB, block_linked=False),
    ZSTD: zstandard.ZstdCompressor().compress(BOMB),
}


@pytest.mark.parametrize("codec", SQUEEZED)
def test_bombs_stop_at_the_limit(codec: int) -> None:
    batch = oracle.reseal(put(GOOD, 21, ">h", codec)[:HEAD] + SQUEEZED[codec])
    data, limit = GOOD + batch, 1 << 20
    expected = f"decompressed records at position {len(GOOD)}: more than the limit of {limit} bytes"
    with pytest.raises(records.Corrupt, match=expected):
        records.decode(data, decompressed_bytes_max=limit)
    with pytest.raises(records.Corrupt, match=expected):
        list(records.iter_decode(data, decompressed_bytes_max=limit))


@pytest.mark.parametrize("codec", [GZIP, SNAPPY, LZ4, ZSTD])
def test_the_limit_itself_is_allowed(codec: int) -> None:
    payload = encode_records([Record(value=b"v" * 1000)], 0)
    batch = encode([Record()], codec=codec, payload=payload)
    assert records.decode(batch, decompressed_bytes_max=len(payload)).num_rows == 1
    with pytest.raises(records.Corrupt, match="more than the limit"):
        records.decode(batch, decompressed_bytes_max=len(payload) - 1)


def test_what_is_not_asked_for_is_not_looked_at() -> None:
    """The price of a projection: a lie behind the last column that is needed stays unseen."""
    batch = holding(record(headers=varint(2**31 - 1)))
    assert records.decode(batch, columns=["offset", "value"]).num_rows == 1
    with pytest.raises(records.Corrupt):
        records.decode(batch, columns=["headers"])


def test_batches_without_records() -> None:
    """Compaction leaves them behind, whatever their codec was."""
    for codec in range(5):
        empty = oracle.reseal(put(put(GOOD[:HEAD], 57, ">i", 0), 21, ">h", codec))
        assert records.decode(empty + GOOD)["offset"].to_pylist() == [0, 1]
        assert records.verify(empty, records=True) == 1
