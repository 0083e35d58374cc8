"""Rows routed to their partitions, and the partitions that Java would choose."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from kafka.partitioner.default import murmur2 as java_murmur2

from skylog import records

CODECS = [None, "gzip", "snappy", "lz4", "zstd"]


def gathered(pieces: list[records.Piece]) -> dict[int, bytes]:
    """Return the batches of each partition, in order."""
    batches: dict[int, bytes] = defaultdict(bytes)
    for piece in pieces:
        batches[piece.partition] += bytes(piece.batch)
    return batches


@pytest.mark.parametrize("codec", CODECS)
def test_each_partition_gets_its_rows_in_order(codec: Any) -> None:
    values = [b"%d" % row * (row % 60) for row in range(3_000)]
    times = np.arange(3_000)
    partitions = np.arange(3_000) * 7919 % 11
    options: dict[str, Any] = {
        "compression": codec,
        "max_batch_bytes": 3_000,
        "producer_id": 4,
        "producer_epoch": 2,
    }
    scatter = records.Scatter(12, **options)
    pieces = []
    for start, stop in ((0, 1), (1, 1_500), (1_500, 1_500), (1_500, 3_000)):
        part = slice(start, stop)
        pieces += scatter.write(
            pa.array(values[part], pa.binary()),
            keys=values[part],
            timestamps=times[part],
            partitions=partitions[part],
        )
    assert pieces
    full = len(pieces)
    pieces += scatter.flush()
    assert sorted(piece.partition for piece in pieces[full:]) == list(range(11))
    assert scatter.flush() == []
    batches = gathered(pieces)
    for partition in range(11):
        own = np.flatnonzero(partitions == partition)
        rows = [values[row] for row in own]
        whole = records.encode(rows, keys=rows, timestamps=times[own], base_sequence=0, **options)
        table = records.decode(batches[partition], columns=("timestamp", "key", "value"))
        assert table.equals(records.decode(whole, columns=("timestamp", "key", "value")))
        mine = [piece for piece in pieces if piece.partition == partition]
        assert [piece.record_count for piece in mine] == whole.index["record_count"].tolist()
        assert [piece.base_sequence for piece in mine] == whole.index["base_sequence"].tolist()
        heads = records.inspect(batches[partition])
        assert heads["base_sequence"].tolist() == whole.index["base_sequence"].tolist()
        assert len(memoryview(mine[0].batch)) <= 3_000


def test_batches_are_as_brokers_want_them() -> None:
    scatter = records.Scatter(2, max_batch_bytes=200)
    pieces = scatter.write([b"x" * 60] * 6, timestamps=1, partitions=pa.array([0, 1] * 3, pa.int32()))
    pieces += scatter.flush()
    heads = records.inspect(b"".join(bytes(piece.batch) for piece in pieces))
    assert len(heads) == 4
    assert heads["base_offset"].tolist() == [0] * 4
    assert [piece.base_sequence for piece in pieces] == [-1] * 4
    assert bytes(pieces[0].batch) == bytes(records.encode([b"x" * 60] * 2, timestamps=1))


def test_append_time_of_a_later_call_begins_a_batch() -> None:
    scatter = records.Scatter(1, timestamp_type="append")
    assert scatter.write([b"a"], timestamps=5, partitions=[0]) == []
    (early,) = scatter.write([b"b"], timestamps=6, partitions=[0])
    (late,) = scatter.flush()
    for piece, value, time in ((early, b"a", 5), (late, b"b", 6)):
        assert bytes(piece.batch) == bytes(records.encode([value], timestamps=time, timestamp_type="append"))


@pytest.mark.parametrize(
    "column",
    [[1, 0], np.array([1, 0], np.uint8), pa.array([1, 0], pa.int64()), pl.Series([1, 0])],
    ids=lambda column: type(column).__module__,
)
def test_partitions_of_any_integers(column: Any) -> None:
    scatter = records.Scatter(2)
    scatter.write([b"one", b"zero"], partitions=column)
    values = {piece.partition: records.decode(piece.batch)["value"].to_pylist() for piece in scatter.flush()}
    assert values == {0: [b"zero"], 1: [b"one"]}


@pytest.mark.parametrize(
    ("rows", "kind", "said"),
    [
        ({"partitions": [0, 2]}, ValueError, "row 1: partitions: expected 0 to 1, found 2"),
        ({"partitions": [-1, 0]}, ValueError, "row 0: partitions: expected 0 to 1, found -1"),
        ({"partitions": [0, None]}, ValueError, "row 1: partitions: expected 0 to 1, found null"),
        ({"partitions": [0]}, ValueError, r"partitions: expected as many rows as values has \(2\), found 1"),
        ({"partitions": [0.5, 1.0]}, TypeError, "partitions: expected int32, found double"),
        ({"partitions": [0, 2**40]}, ValueError, ""),
        ({"partitions": [0, 0], "timestamps": [0, -9]}, ValueError, "row 1: timestamp"),
        ({"partitions": [0, 0], "values": [b"", b"x" * 500]}, ValueError, "row 1: a record of 509 bytes"),
    ],
)
def test_rows_that_are_refused_leave_nothing_behind(rows: Any, kind: type[Exception], said: str) -> None:
    scatter = records.Scatter(2, max_batch_bytes=300)
    with pytest.raises(kind, match=said or None):
        scatter.write(**{"values": [b"a", b"b"], **rows})
    assert scatter.flush() == []


def test_options_are_checked() -> None:
    for count in (0, -1):
        with pytest.raises(ValueError, match=f"partitions: expected 1 to 2147483647, found {count}"):
            records.Scatter(count)
    with pytest.raises(ValueError, match="max_batch_bytes: expected 68"):
        records.Scatter(1, max_batch_bytes=5)


MEMORY = """
import numpy as np
from skylog import records

def peak_bytes():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024

scatter = records.Scatter(1_000, compression={codec!r})
columns = dict(values=np.zeros((10_000, 100), np.uint8), partitions=np.arange(10_000) % 1_000)
records.Scatter(1).write([b"warm"], partitions=np.zeros(1, int))
before = peak_bytes()
assert scatter.write(**columns) == []
print((peak_bytes() - before) >> 20)
assert len(scatter.flush()) == 1_000
"""


@pytest.mark.parametrize("codec", [None, "zstd"])
def test_a_thousand_partitions_with_little_in_them_take_little(codec: str | None) -> None:
    script = MEMORY.format(codec=codec)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(done.stdout) <= 16


def test_partitions_are_those_that_java_chooses() -> None:
    keys = [b"21", b"foobar", b"a-little-bit-long-string", b"a-little-bit-longer-string", b"abc", b"", None]
    hashes = [-973932308, -790332482, -985981536, -1486304829, 479470107]
    chosen = records.partitions_of(keys, 1_000_003)
    assert chosen.dtype == np.int32
    assert chosen[:5].tolist() == [(value & 0x7FFFFFFF) % 1_000_003 for value in hashes]
    assert chosen[5:].tolist() == [(java_murmur2(b"") & 0x7FFFFFFF) % 1_000_003, -1]
    assert (
        records.partitions_of(pa.chunked_array([keys[:2], keys[2:]]), 1_000_003).tolist() == chosen.tolist()
    )
    assert records.partitions_of([], 3).tolist() == []
    assert records.partitions_of(pa.chunked_array([], pa.binary()), 3).tolist() == []


def test_partitions_are_those_of_another_client() -> None:
    keys = [bytes(range(size)) for size in range(200)] + [bytes([255]) * size for size in range(200)]
    chosen = records.partitions_of(pl.Series(keys), 37)
    assert chosen.tolist() == [(java_murmur2(key) & 0x7FFFFFFF) % 37 for key in keys]


@pytest.mark.parametrize("count", [0, -1, 2**31])
def test_a_topic_has_partitions(count: int) -> None:
    with pytest.raises(ValueError, match="count: expected 1 to 2147483647"):
        records.partitions_of([b"a"], count)
