"""Columns to batches: what is in them, how they are cut, what they cost."""

from __future__ import annotations

import struct
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from oracle.batch import HEAD, Record, Rules, encode_records, judge, reseal
from skylog import records

NOW_MS = 1_700_000_000_000
CODECS = [None, "none", "gzip", "snappy", "lz4", "zstd"]


def test_one_batch_byte_by_byte() -> None:
    encoded = records.encode(
        [b"v", None], keys=[None, b"k"], timestamps=[5, 3], headers=[[("h", b"1")], None]
    )
    rows = [Record(5, None, b"v", ((b"h", b"1"),)), Record(3, b"k", None)]
    body = encode_records(rows, 5)
    head = HEAD.pack(0, 49 + len(body), -1, 2, 0, 0, 1, 5, 5, -1, -1, -1, 2)
    assert bytes(encoded) == reseal(head + body)


@pytest.mark.parametrize("codec", CODECS)
def test_batches_are_cut_by_size_and_go_on(codec: Any) -> None:
    values = [bytes([row % 251]) * (row % 900) for row in range(300)]
    encoded = records.encode(
        values,
        timestamps=np.arange(NOW_MS, NOW_MS + 300),
        compression=codec,
        max_batch_bytes=4_000,
        producer_id=9,
        producer_epoch=1,
        base_sequence=2**31 - 10,
        base_offset=1_000,
    )
    index, row = encoded.index, 0
    assert len(index) > 10
    assert len(encoded) == index["size"].sum()
    assert encoded.record_count == 300
    for entry, batch in zip(index, encoded.batches(), strict=True):
        assert batch.nbytes == entry["size"] <= 4_000
        assert HEAD.unpack_from(batch)[0] == entry["base_offset"] == 1_000 + row
        assert entry["base_sequence"] == (2**31 - 10 + row) % 2**31
        assert entry["base_timestamp"] == NOW_MS + row
        row += int(entry["record_count"])
        assert entry["max_timestamp"] == NOW_MS + row - 1
        if codec != "snappy":
            unplaced = struct.pack(">q", 0) + bytes(batch[8:])
            assert judge(unplaced, Rules(), 13, NOW_MS) == entry["max_timestamp"]
    assert row == 300
    table = records.decode(encoded)
    assert table["value"].to_pylist() == values
    assert table["offset"].to_pylist() == list(range(1_000, 1_300))


def test_encoded_is_a_read_only_buffer() -> None:
    encoded = records.encode([b"a", b"b"])
    view = memoryview(encoded)
    assert view.readonly
    assert view.nbytes == len(encoded) == len(bytes(encoded))
    assert pa.py_buffer(encoded).size == len(encoded)
    assert repr(encoded) == f"Encoded({len(encoded)} bytes, 1 batches, 2 records)"
    assert not encoded.index.flags.writeable
    assert encoded.index.dtype == records.INDEX_DTYPE
    del encoded
    assert view[16] == 2


def test_no_records_are_no_batches() -> None:
    encoded = records.encode([])
    assert (len(encoded), len(encoded.index), encoded.record_count, encoded.batches()) == (0, 0, 0, [])
    assert list(records.iter_encode([])) == []
    assert list(records.iter_encode(pa.array([], pa.binary()))) == []


def test_append_time_and_transactions_are_marked() -> None:
    encoded = records.encode(
        [b"a", b"b"],
        timestamps=7,
        timestamp_type="append",
        producer_id=1,
        producer_epoch=0,
        base_sequence=0,
        transactional=True,
    )
    head = records.inspect(encoded)[0]
    assert head["timestamp_type"] == 1
    assert head["is_transactional"]
    assert (head["base_timestamp"], head["max_timestamp"]) == (7, 7)
    with pytest.raises(ValueError, match="timestamps: expected one for all"):
        records.encode([b"a"], timestamps=[7], timestamp_type="append")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"compression": "brotli"}, 'compression: expected None or one of none, gzip.*found "brotli"'),
        ({"compression": "gzip", "level": 99}, "level of gzip: expected 1 to 9, found 99"),
        ({"level": 1}, "level of none"),
        ({"max_batch_bytes": 60}, "max_batch_bytes: expected 68 to 2147483647, found 60"),
        ({"max_batch_bytes": -1}, "max_batch_bytes"),
        ({"timestamp_type": "log"}, "timestamp_type: expected 'create' or 'append', found 'log'"),
        ({"producer_id": 5}, "producer_epoch: expected at least 0 with a producer_id, found -1"),
        ({"producer_id": 5, "producer_epoch": 1}, "base_sequence: expected at least 0"),
        ({"producer_id": 5, "producer_epoch": 70_000}, "producer_epoch: out of range, found 70000"),
        ({"base_sequence": 1}, "base_sequence: expected -1 without a producer_id, found 1"),
        ({"transactional": True}, "producer_id: expected at least 0 for transactional batches"),
        ({"base_offset": -5}, "base_offset: expected at least 0, found -5"),
    ],
)
def test_options_out_of_range_are_named(options: dict[str, Any], said: str) -> None:
    for encode in (records.encode, records.iter_encode):
        with pytest.raises(ValueError, match=said):
            encode([b"a"], **options)
    if "base_offset" not in options:
        with pytest.raises(ValueError, match=said):
            records.Builder(**options)


def test_a_record_too_large_is_named_by_its_row() -> None:
    values = pa.chunked_array([[b"a", b"b"], [b"c", b"x" * 200]])
    with pytest.raises(ValueError, match=r"row 3: a record of 209 bytes can never fit.* take 139 at most"):
        records.encode(values, max_batch_bytes=200)
    outputs = records.iter_encode([b"a"] * 10 + [b"x" * 200], max_batch_bytes=200, buffer_bytes=1)
    with pytest.raises(ValueError, match="row 10: a record of 209 bytes"):
        list(outputs)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("buffer_bytes", [1, 5_000, 1 << 20])
def test_some_at_a_time_is_all_at_once(codec: Any, buffer_bytes: int) -> None:
    values = [b"%d" % row * (row % 50) for row in range(2_000)]
    columns: dict[str, Any] = {"timestamps": NOW_MS, "compression": codec, "max_batch_bytes": 2_000}
    whole = records.encode(values, keys=values, **columns)
    for kind in (list, lambda cells: pa.chunked_array([cells[:7], cells[7:]])):
        column = kind(values)
        outputs = list(records.iter_encode(column, keys=column, **columns, buffer_bytes=buffer_bytes))
        assert b"".join(map(bytes, outputs)) == bytes(whole)
        assert all(len(output) <= max(buffer_bytes, 2_000) for output in outputs)
        assert sum(len(output.index) for output in outputs) == len(whole.index)


def test_sequences_are_copied_piece_by_piece() -> None:
    values = [bytes(1_000)] * 12_000
    headers = [[("h", bytes(100))]] * 12_000
    whole = records.encode(values, headers=headers, timestamps=1)
    outputs = list(records.iter_encode(values, headers=headers, timestamps=1))
    assert len(outputs) > 1
    assert b"".join(map(bytes, outputs)) == bytes(whole)


def test_buffers_have_a_size() -> None:
    with pytest.raises(ValueError, match=r"buffer_bytes: expected 1 to 2\^63 - 1, found 0"):
        records.iter_encode([b"a"], buffer_bytes=0)


def test_other_threads_run_while_columns_are_encoded() -> None:
    values = pa.array([bytes(1024)] * (32 << 10))
    begun, state, seen = threading.Event(), {"done": False}, []

    def look() -> None:
        begun.wait()
        seen.append(state["done"])

    interval = sys.getswitchinterval()
    # So long that a thread only ever runs because another one lets go.
    sys.setswitchinterval(100)
    try:
        thread = threading.Thread(target=look)
        thread.start()
        begun.set()
        for _ in range(10):
            records.encode(values, timestamps=1, compression="zstd")
        state["done"] = True
    finally:
        sys.setswitchinterval(interval)
    thread.join()
    assert seen == [False]


def test_threads_encode_side_by_side() -> None:
    values = [b"%d" % row for row in range(20_000)]
    expected, made = bytes(records.encode(values, timestamps=1, compression="lz4")), []

    def encode() -> None:
        made.append(bytes(records.encode(values, timestamps=1, compression="lz4")))

    threads = [threading.Thread(target=encode) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [expected] * 4


MEMORY = """
import sys
import numpy as np, pyarrow as pa
from skylog import records

def peak_bytes():
    # Not getrusage: that goes on from what the parent had.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024

rows, size = 1 << 18, 1024
ends = np.arange(0, (rows + 1) * size, size, np.int32)
records.encode([b"warm"])
bare = peak_bytes()
data = np.zeros(rows * size, np.uint8)
data[::4096] = 1
values = pa.Array.from_buffers(pa.binary(), rows, [None, pa.py_buffer(ends), pa.py_buffer(data)])
held = peak_bytes()
options = {"compression": sys.argv[2]} if len(sys.argv) > 2 else {}
if sys.argv[1] == "whole":
    encoded = records.encode(values, **options)
    assert encoded.record_count == rows
else:
    assert sum(part.record_count for part in records.iter_encode(values, **options)) == rows
print((peak_bytes() - bare) / (rows * size), (peak_bytes() - held) / 2**20)
"""


def peak(*arguments: str) -> tuple[float, float]:
    """Return the peak as a multiple of the input of 256 MiB, and the MiB above it."""
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, *arguments], capture_output=True, text=True, check=True
    )
    multiple, above = map(float, done.stdout.split())
    return multiple, above


def test_encoding_takes_input_and_output() -> None:
    multiple, _ = peak("whole")
    assert 1.9 < multiple <= 2.2


@pytest.mark.parametrize("codec", [[], ["lz4"], ["zstd"]])
def test_encoding_some_at_a_time_takes_little(codec: list[str]) -> None:
    _, above = peak("some", *codec)
    assert above <= 64


@pytest.mark.parametrize("codec", [None, "lz4"])
def test_offsets_end_before_64_bits_do(codec: Any) -> None:
    fits = records.encode([b"a", b"b"], base_offset=2**63 - 3, compression=codec)
    assert records.decode(fits).column("offset").to_pylist() == [2**63 - 3, 2**63 - 2]
    with pytest.raises(ValueError, match=r"base_offset: expected room for 2 more records below 2\^63 - 1"):
        records.encode([b"a", b"b"], base_offset=2**63 - 2, compression=codec)


@pytest.mark.parametrize("name", ["base_offset", "producer_id", "max_batch_bytes"])
def test_options_beyond_64_bits_are_value_errors(name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}: expected a number of 64 bits"):
        records.encode([b"a"], **{name: 2**63})


@pytest.mark.parametrize("buffer_bytes", [2**40, 2**63 - 1])
def test_room_for_more_than_there_is_costs_nothing(buffer_bytes: int) -> None:
    (only,) = records.iter_encode([b"a"] * 10, buffer_bytes=buffer_bytes)
    assert only.record_count == 10


def test_output_beyond_all_memory_is_a_memory_error() -> None:
    rows = 1 << 24
    same = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([bytes(1 << 30)]))
    with pytest.raises(MemoryError, match="output of up to"):
        records.encode(same, max_batch_bytes=2**31 - 1)
