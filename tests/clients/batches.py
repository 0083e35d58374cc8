"""Record batches built by hand, right or wrong in every field."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kafka.record.util import calc_crc32c

_HEAD = struct.Struct(">qiibIhiqqqhii")
"""base offset, length, leader epoch, magic, CRC, attributes, last offset delta, base timestamp,
max timestamp, producer id, producer epoch, base sequence, record count."""
_NOW_MS = 1_700_000_000_000


@dataclass(frozen=True, slots=True)
class BatchHead:
    """What the head of a batch says."""

    base_offset: int
    magic: int
    attributes: int
    max_timestamp_ms: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    records: int

    @property
    def codec(self) -> int:
        """Number of the compression codec, an index into `CODECS`."""
        return self.attributes & 7


def build_batch(
    values: Sequence[bytes],
    *,
    producer_id: int = -1,
    epoch: int = -1,
    sequence: int = -1,
    timestamp_ms: int = _NOW_MS,
    **wrong: int,
) -> bytes:
    """Return one uncompressed batch without keys and headers; `wrong` overrides fields of its head."""
    body = b"".join(_record(delta, value) for delta, value in enumerate(values))
    return build_raw_batch(
        body,
        len(values),
        producer_id=producer_id,
        epoch=epoch,
        sequence=sequence,
        timestamp_ms=timestamp_ms,
        **wrong,
    )


def build_raw_batch(body: bytes, records: int, **fields: int) -> bytes:
    """Return a batch around `body` (records, compressed or not); the CRC is right unless `crc` is given."""
    time = fields.get("timestamp_ms", _NOW_MS)
    after_crc = struct.pack(
        ">hiqqqhii",
        fields.get("attributes", 0),
        fields.get("last_offset_delta", records - 1),
        time,
        fields.get("max_timestamp_ms", time),
        fields.get("producer_id", -1),
        fields.get("epoch", -1),
        fields.get("sequence", -1),
        fields.get("count", records),
    )
    checked = after_crc + body
    crc = fields.get("crc", calc_crc32c(checked))
    magic = fields.get("magic", 2)
    length = fields.get("length", 9 + len(checked))
    return struct.pack(">qiibI", fields.get("base_offset", 0), length, -1, magic, crc) + checked


def batch_heads(data: bytes) -> list[BatchHead]:
    """Return the heads of all whole batches in fetched `data`."""
    return list(_heads(data))


def _heads(data: bytes) -> Iterator[BatchHead]:
    place = 0
    while place + _HEAD.size <= len(data):
        base, length, _, magic, _, attributes, _, _, latest, pid, epoch, sequence, count = _HEAD.unpack_from(
            data, place
        )
        place += 12 + length
        if place <= len(data):
            yield BatchHead(base, magic, attributes, latest, pid, epoch, sequence, count)


def _record(delta: int, value: bytes) -> bytes:
    body = b"\x00" + _varint(0) + _varint(delta) + _varint(-1) + _varint(len(value)) + value + _varint(0)
    return _varint(len(body)) + body


def _varint(value: int) -> bytes:
    rest = (value << 1) ^ (value >> 63)
    out = bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*out, rest])
