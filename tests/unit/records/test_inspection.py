"""Headers of batches as rows, and batches held against their checksums."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np
import pytest

from oracle import records as oracle
from oracle.batch import HEAD, Record, encode
from skylog import records

FIELDS = (
    "base_offset",
    "batch_length",
    "partition_leader_epoch",
    "magic",
    "crc",
    "attributes",
    "last_offset_delta",
    "base_timestamp",
    "max_timestamp",
    "producer_id",
    "producer_epoch",
    "base_sequence",
    "record_count",
)


def batches() -> list[bytes]:
    made = []
    for codec in range(5):
        batch = encode([Record(timestamp=codec), Record(timestamp=9)], codec=codec, producer=(codec, 1, 7))
        batch = oracle.with_attributes(batch, [0, 8, 0x10, 0x30, 0][codec])
        made.append(oracle.stamp(batch, base_offset=10 * codec, leader_epoch=3))
    return made


def test_a_row_for_each_batch() -> None:
    made = batches()
    rows = records.inspect(b"".join(made))
    assert rows.dtype == records.HEADER_DTYPE
    assert rows["size"].tolist() == [len(batch) for batch in made]
    assert rows["position"].tolist() == np.cumsum([0, *(len(batch) for batch in made)])[:-1].tolist()
    for row, batch in zip(rows, made, strict=True):
        assert [row[name] for name in FIELDS] == list(HEAD.unpack_from(batch))
    assert rows["codec"].tolist() == [0, 1, 2, 3, 4]
    assert rows["timestamp_type"].tolist() == [0, 1, 0, 0, 0]
    assert rows["is_transactional"].tolist() == [False, False, True, True, False]
    assert rows["is_control"].tolist() == [False, False, False, True, False]


def test_nothing_has_no_rows() -> None:
    assert records.inspect(b"").shape == (0,)
    assert records.verify(b"") == 0


def test_neither_checksum_nor_records_matter_to_inspect() -> None:
    batch = batches()[4]
    assert records.inspect(batch[:61] + bytes(len(batch) - 61))["record_count"].tolist() == [2]


def test_a_batch_that_is_cut_is_named() -> None:
    data = b"".join(batches())
    with pytest.raises(records.Corrupt, match="batch at position"):
        records.inspect(data[:-1])


def test_verify_counts_batches_and_finds_the_wrong_one() -> None:
    made = batches()
    assert records.verify(b"".join(made)) == 5
    position = sum(len(batch) for batch in made[:2])
    made[2] = made[2][:-1] + bytes([made[2][-1] ^ 4])
    with pytest.raises(
        records.Corrupt, match=f"batch at position {position}: checksum expected 0x.*, found 0x"
    ):
        records.verify(b"".join(made))


def test_records_are_walked_when_asked_for() -> None:
    broken = encode([Record()], payload=b"\2\0")
    assert records.verify(broken) == 1
    with pytest.raises(records.Corrupt, match="position"):
        records.verify(broken, records=True)


def test_any_buffer_will_do(tmp_path: Path) -> None:
    data = b"".join(batches())
    (tmp_path / "0.log").write_bytes(data)
    with (
        (tmp_path / "0.log").open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
    ):
        buffers = [bytearray(data), memoryview(data), np.frombuffer(data, np.int8), mapped]
        assert [records.verify(buffer) for buffer in buffers] == [5] * 4
        assert records.inspect(mapped)["record_count"].sum() == 10
    with pytest.raises(TypeError, match="bytes-like"):
        records.inspect("text")
    with pytest.raises(TypeError):
        records.inspect(memoryview(data)[::2])
