"""Batches decoded in plain Python, one field at a time, into one dict a record."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any

from oracle.batch import HEAD, INVALID_RECORD, Reader, _decompress, require
from oracle.checksum import crc32c

Row = dict[str, Any]


def stamp(batch: bytes, *, base_offset: int = 0, leader_epoch: int = -1) -> bytes:
    """Return the batch as a broker hands it out."""
    return struct.pack(">q", base_offset) + batch[8:12] + struct.pack(">i", leader_epoch) + batch[16:]


def with_attributes(batch: bytes, bits: int) -> bytes:
    """Return the batch with these attributes on top of its codec, its checksum true."""
    attributes = batch[22] & 7 | bits
    return reseal(batch[:21] + struct.pack(">H", attributes) + batch[23:])


def reseal(batch: bytes) -> bytes:
    """Make length and checksum true again."""
    batch = batch[:8] + struct.pack(">i", len(batch) - 12) + batch[12:]
    return batch[:17] + struct.pack(">I", crc32c(batch[21:])) + batch[21:]


def split(data: bytes) -> Iterator[bytes]:
    while data:
        require(len(data) >= HEAD.size, INVALID_RECORD, "head")
        require(data[16] == 2, INVALID_RECORD, "magic")
        (length,) = struct.unpack_from(">i", data, 8)
        require(HEAD.size <= length + 12 <= len(data), INVALID_RECORD, "length")
        yield data[: length + 12]
        data = data[length + 12 :]


def decode(data: bytes) -> list[Row]:
    """Return the rows of all batches, markers of transactions too, or raise `RefusedError`."""
    return [row for batch in split(data) for row in _rows(batch)]


def _rows(batch: bytes) -> Iterator[Row]:
    head = HEAD.unpack_from(batch)
    base_offset, _, epoch, _, crc, attributes, last_delta, base, highest, pid, pid_epoch, sequence, count = (
        head
    )
    require(crc == crc32c(batch[21:]), INVALID_RECORD, "checksum")
    require(attributes & 7 <= 4, INVALID_RECORD, "codec")
    require(count >= 0, INVALID_RECORD, "count")
    require(last_delta >= 0 and base_offset + last_delta < 2**63, INVALID_RECORD, "last offset")
    payload = batch[HEAD.size :]
    reader = Reader(_decompress(attributes & 7, payload) if payload else b"")
    for index in range(count):
        row = _row(Reader(reader.sized("record")), base_offset, last_delta)
        if attributes & 0x20 and index == 0:
            require(len(row["key"] or b"") >= 4, INVALID_RECORD, "control key")
        time = highest if attributes & 8 else base + row["timestamp"]
        require(-(2**63) <= time < 2**63, INVALID_RECORD, "timestamp")
        yield row | {
            "timestamp": None if time == -1 else time,
            "timestamp_type": attributes >> 3 & 1,
            "leader_epoch": epoch,
            "producer_id": pid,
            "producer_epoch": pid_epoch,
            "sequence": -1 if sequence < 0 else (sequence + row["offset"] - base_offset) % 2**31,
            "is_transactional": bool(attributes & 0x10),
            "is_control": bool(attributes & 0x20),
        }
    require(reader.position == len(reader.data), INVALID_RECORD, "bytes after the last record")


def _row(body: Reader, base_offset: int, last_delta: int) -> Row:
    body.take(1, "attributes")
    timestamp_delta, delta = body.varint(64), body.varint(32)
    require(0 <= delta <= last_delta, INVALID_RECORD, "offset delta")
    row = {"offset": base_offset + delta, "timestamp": timestamp_delta}
    row |= {"key": body.nullable("key"), "value": body.nullable("value")}
    count = body.varint(32)
    require(count >= 0, INVALID_RECORD, "header count")
    row["headers"] = [_header(body) for _ in range(count)]
    require(body.position == len(body.data), INVALID_RECORD, "record's end")
    return row


def _header(body: Reader) -> tuple[str, bytes | None]:
    key = body.nullable("header key")
    require(key is not None, INVALID_RECORD, "header key")
    try:
        return (key or b"").decode(), body.nullable("header value")
    except UnicodeDecodeError:
        require(False, INVALID_RECORD, "header key that is not UTF-8")
        raise


def committed(data: bytes, aborted: Sequence[tuple[int, int]]) -> list[Row]:
    """Return the rows that a reader of committed transactions sees, as Kafka's consumer chooses them."""
    to_come, begun, rows = sorted(aborted, key=lambda entry: entry[1]), set[int](), list[Row]()
    for batch in split(data):
        base_offset, _, _, _, _, attributes, last_delta, _, _, pid, *_ = HEAD.unpack_from(batch)
        while pid >= 0 and to_come and to_come[0][1] <= base_offset + last_delta:
            begun.add(to_come.pop(0)[0])
        batch_rows = list(_rows(batch))
        if attributes & 0x20:
            if pid >= 0 and batch_rows and batch_rows[0]["key"][2:4] == b"\0\0":
                begun.discard(pid)
        elif not (attributes & 0x10 and pid in begun):
            rows += batch_rows
    return rows
