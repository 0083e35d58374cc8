"""Where batches come from: buffers of all kinds, parts of several partitions, files piece by piece."""

from __future__ import annotations

import gc
import io
import mmap
import struct
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest

from oracle import records as oracle
from oracle.batch import Record, encode
from skylog import records
from skylog.records import _sources

LONG = bytes(range(100))


def batch(value: bytes, base_offset: int = 0, codec: int = 0, count: int = 1) -> bytes:
    made = encode([Record(value=value)] * count, codec=codec)
    return oracle.stamp(made, base_offset=base_offset)


def values(source: Any, **options: Any) -> list[bytes | None]:
    return list(records.decode(source, columns=["value"], **options)["value"].to_pylist())


class Trickle(io.RawIOBase):
    """A file that hands out three bytes at a time."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._data.readinto(memoryview(buffer)[:3])


def test_buffers_of_all_kinds() -> None:
    data = batch(b"a") + batch(b"b", 1, 4)
    sources = [bytearray(data), memoryview(data), np.frombuffer(data, np.int8), pyarrow.py_buffer(data)]
    assert [values(source) for source in sources] == [[b"a", b"b"]] * 4


@pytest.mark.parametrize("source", ["text", 7, None])
def test_what_holds_no_batches(source: Any) -> None:
    with pytest.raises(TypeError, match="expected a bytes-like object"):
        records.decode(source)


def test_nothing_is_an_empty_table() -> None:
    for source in (b"", [], [(1, b"")]):
        table = records.decode(source)
        assert (table.num_rows, table.schema.names) == (0, list(records.DEFAULT_COLUMNS))
    assert list(records.iter_decode(b"")) == list(records.iter_decode(io.BytesIO())) == []


def test_parts_of_several_partitions() -> None:
    parts = [(3, batch(b"a")), (4, batch(b"b")), (3, batch(b"c"))]
    table = records.decode(parts, columns=["partition", "value"])
    assert table["partition"].to_pylist() == [3, 4, 3]
    assert table["value"].to_pylist() == [b"a", b"b", b"c"]
    pieces = list(records.iter_decode(parts, columns=["partition"], batch_bytes=1))
    assert [piece["partition"].to_pylist() for piece in pieces] == [[3], [4], [3]]


def test_the_part_is_named_in_errors() -> None:
    parts = [(3, batch(b"a")), (4, batch(b"b")[:-1])]
    with pytest.raises(records.Corrupt, match=r"part 1 \(partition 4\): batch at position 0: expected"):
        records.decode(parts)
    with pytest.raises(records.Corrupt, match=r"part 1 \(partition 4\): batch at position 0: expected"):
        list(records.iter_decode(parts))
    broken = [(3, batch(b"a")), (4, batch(b"b")[:-1] + b"\1")]
    with pytest.raises(records.Corrupt, match=r"part 1 \(partition 4\): batch at position 0: checksum"):
        records.decode(broken)


def test_a_partition_for_what_does_not_say() -> None:
    assert records.decode(batch(b"a"), columns=["partition"], partition=7)["partition"].to_pylist() == [7]
    with pytest.raises(ValueError, match="the column partition needs a partition"):
        records.decode(batch(b"a"), columns=["partition"])
    with pytest.raises(ValueError, match="partition is given twice"):
        records.decode([(1, batch(b"a"))], partition=1)


def test_aborted_transactions_span_parts_of_one_partition() -> None:
    begun = oracle.with_attributes(encode([Record(value=b"gone")], producer=(5, 0, 0)), 0x10)
    parts = [(1, begun), (1, oracle.stamp(begun, base_offset=1)), (1, batch(b"stays", 2))]
    assert values(parts, aborted=[(5, 0)]) == [b"stays"]
    with pytest.raises(ValueError, match="belong to one partition"):
        records.decode([*parts, (2, begun)], aborted=[(5, 0)])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": ["offset", "nonsense"]}, "no column 'nonsense' here, there are offset, timestamp"),
        ({"columns": ["topic"]}, "no column 'topic' here"),
        ({"columns": ["offset", "offset"]}, "columns must differ"),
        ({"columns": []}, "at least one name"),
        ({"columns": "offset"}, "at least one name"),
        ({"control": "drop"}, "control must be one of skip, keep"),
        ({"binary": "string"}, "binary must be one of"),
        ({"partial": "skip"}, "partial must be one of"),
        ({"decompressed_bytes_max": 0}, "decompressed_bytes_max must be 1 to"),
        ({"decompressed_bytes_max": 2**31}, "decompressed_bytes_max must be 1 to"),
    ],
)
def test_options_that_are_wrong(options: dict[str, Any], message: str) -> None:
    for read in (records.decode, records.iter_decode):
        with pytest.raises(ValueError, match=message):
            read(batch(b"a"), **options)


def test_pieces_of_no_size() -> None:
    with pytest.raises(ValueError, match="batch_bytes must be 1 to"):
        records.iter_decode(batch(b"a"), batch_bytes=0)


def test_views_point_into_what_is_read_only() -> None:
    data = batch(LONG) + batch(b"short", 1) + batch(LONG, 2)
    (chunk,) = records.decode(data, columns=["value"], binary="binary_view")["value"].chunks
    start = np.frombuffer(data, np.uint8).ctypes.data
    placed = [buffer for buffer in chunk.buffers()[2:] if start <= buffer.address < start + len(data)]
    assert len(placed) == len(chunk.buffers()[2:]) == 1
    assert chunk.to_pylist() == [LONG, b"short", LONG]


def test_views_copy_what_was_compressed_or_is_writable() -> None:
    mixed = batch(LONG) + batch(LONG[::-1], 1, 4) + batch(LONG, 2) + batch(LONG[::-1], 3, 1)
    assert values(mixed, binary="binary_view") == [LONG, LONG[::-1]] * 2
    writable = bytearray(mixed)
    table = records.decode(writable, columns=["value"], binary="binary_view")
    writable[:] = bytes(len(writable))
    assert table["value"].to_pylist() == [LONG, LONG[::-1]] * 2


def test_views_keep_their_source_alive() -> None:
    class Owner(np.ndarray):
        """An array that can be watched."""

    source = np.frombuffer(batch(LONG), np.uint8).view(Owner)
    watched = weakref.ref(source)
    table = records.decode(source, columns=["value"], binary="binary_view")
    del source
    gc.collect()
    assert watched() is not None
    assert table["value"].to_pylist() == [LONG]
    del table
    gc.collect()
    assert watched() is None


def test_a_mapped_file_stays_open_for_its_views(tmp_path: Path) -> None:
    (tmp_path / "0.log").write_bytes(batch(LONG))
    with (tmp_path / "0.log").open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    table = records.decode(mapped, columns=["value"], binary="binary_view")
    with pytest.raises(BufferError):
        mapped.close()
    assert table["value"].to_pylist() == [LONG]
    del table
    gc.collect()
    mapped.close()


@pytest.mark.parametrize("piece_bytes", [1, 70, 200, 5_000])
def test_files_whose_batches_cross_pieces(
    piece_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sources, "PIECE_BYTES", piece_bytes)
    parts = [batch(b"%d" % number * number, number, number % 5, count=2) for number in range(60)]
    path = tmp_path / "0.log"
    path.write_bytes(b"".join(parts))
    expected = values(b"".join(parts))
    for source in (path, str(path), io.BytesIO(path.read_bytes()), Trickle(path.read_bytes())):
        pieces = list(records.iter_decode(source, columns=["value"], batch_bytes=300))
        assert len(pieces) > 1
        assert [value for piece in pieces for value in piece["value"].to_pylist()] == expected


def test_errors_in_files_come_after_what_stands_before_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sources, "PIECE_BYTES", 100)
    good = batch(b"a") + batch(b"b", 1)
    for bad, message in (
        (batch(b"c")[:-1] + b"\1", f"batch at position {len(good)}: checksum"),
        (batch(b"c")[:-1], f"batch at position {len(good)}: expected {len(batch(b'c'))} more bytes"),
        (b"\0" * 5, f"batch at position {len(good)}: expected 61 more bytes, found 5"),
    ):
        for source in (io.BytesIO(good + bad), good + bad):
            found = []
            with pytest.raises(records.Corrupt, match=message):  # noqa: PT012 - what came before counts
                for piece in records.iter_decode(source, columns=["value"]):
                    found += piece["value"].to_pylist()
            assert found == [b"a", b"b"]
    cut = records.iter_decode(io.BytesIO(good + good[:-1]), columns=["value"], partial="ignore")
    assert [value for piece in cut for value in piece["value"].to_pylist()] == [b"a", b"b", b"a"]


def test_a_batch_that_is_too_large_for_memory() -> None:
    head = batch(b"a")[:8] + struct.pack(">i", 2**31 - 1) + batch(b"a")[12:]
    with pytest.raises(
        records.Corrupt, match=r"batch at position 0: expected at most 1048576 bytes, found 21474"
    ):
        list(records.iter_decode(io.BytesIO(head), decompressed_bytes_max=1 << 20))


def test_a_length_alone_takes_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sources, "PIECE_BYTES", 128)
    head = batch(b"a")[:8] + struct.pack(">i", 200 << 20) + batch(b"a")[12:]
    pieces = _sources.FilePieces(io.BytesIO(head), 256 << 20)
    pieces.next()
    pieces.keep(0, 200 << 20)
    assert len(pieces._buffer) == 256


def test_files_are_closed_by_who_opened_them(tmp_path: Path) -> None:
    (tmp_path / "0.log").write_bytes(batch(b"a"))
    with (tmp_path / "0.log").open("rb") as file:
        assert len(list(records.iter_decode(file))) == 1
        assert not file.closed
    pieces = _sources.FilePieces(tmp_path / "0.log", 1 << 20)
    with pieces:
        assert len(pieces.next()) == len(batch(b"a"))
    assert pieces._file.closed


def test_one_large_batch_comes_in_pieces() -> None:
    for codec in range(5):
        data = batch(LONG, codec=codec, count=3_000)
        pieces = list(records.iter_decode(data, batch_bytes=64 << 10))
        assert len(pieces) > 3
        assert max(piece.nbytes for piece in pieces) < 160 << 10
        assert sum(piece.num_rows for piece in pieces) == 3_000
