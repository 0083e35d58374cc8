"""A reader of segment objects, written from docs/formats/segment.md alone.

`read_segment` takes an object apart and believes nothing: whatever the page calls a rule is checked, and
`SegmentError` names the one that is broken.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from oracle.checksum import crc32c

HEADER = struct.Struct("<8s2B2xq16sI")
FOOTER_HEAD = struct.Struct("<16sqQQII")
TRAILER = struct.Struct("<I2B2xI8s")
BATCH_HEAD = struct.Struct(">qiibIhiqqqhii")


class SegmentError(ValueError):
    """A rule of the format is broken."""


@dataclass(frozen=True)
class Batch:
    position: int
    size: int
    base_offset: int
    attributes: int
    last_offset_delta: int
    base_timestamp: int
    max_timestamp: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    records: int


@dataclass(frozen=True)
class Log:
    topic_id: bytes
    partition: int
    position: int
    size: int
    records: int
    max_timestamp: int
    log_append_time: bool
    batches: list[Batch]


@dataclass(frozen=True)
class Segment:
    version: int
    kind: int
    created_ms: int
    segment_id: bytes
    logs: list[Log]


def require(holds: bool, rule: str) -> None:
    if not holds:
        raise SegmentError(rule)


def read_segment(data: bytes) -> Segment:
    """Return all that `data` holds but the records."""
    require(len(data) >= HEADER.size + FOOTER_HEAD.size + TRAILER.size, "a segment has 108 bytes at least")
    magic, version, kind, created_ms, segment_id, crc = HEADER.unpack_from(data)
    require(magic == b"SKYLOG\r\n", "header magic")
    require(crc == crc32c(data[: HEADER.size - 4]), "header checksum")
    require(version == 1, "version")
    require(kind in (1, 2), "kind")
    require(data[10:12] == bytes(2), "reserved bytes of the header")
    footer, trailer_kind = _footer(data)
    body_end = len(data) - TRAILER.size - len(footer)
    logs = _logs(data, footer, body_end)
    require(trailer_kind == kind, "kind in the trailer")
    require(footer[:24] == segment_id + struct.pack("<q", created_ms), "identity and time in the footer")
    return Segment(version, kind, created_ms, segment_id, logs)


def _footer(data: bytes) -> tuple[bytes, int]:
    end = len(data) - TRAILER.size
    size, version, kind, crc, magic = TRAILER.unpack_from(data, end)
    require(magic == b"\n\rGOLYKS", "trailer magic")
    require(FOOTER_HEAD.size <= size <= end - HEADER.size, "footer size")
    require(crc == crc32c(data[end - size : end + 8]), "footer checksum")
    require(version == 1, "version in the trailer")
    require(data[end + 6 : end + 8] == bytes(2), "reserved bytes of the trailer")
    return data[end - size : end], kind


def _logs(data: bytes, footer: bytes, body_end: int) -> list[Log]:
    _, _, body_size, records, log_count, batch_count = FOOTER_HEAD.unpack_from(footer)
    columns = _columns(footer, log_count, batch_count)
    require(body_size == body_end - HEADER.size, "body size")
    logs: list[Log] = []
    position, first = HEADER.size, 0
    per_log = (
        columns[i] for i in ("topic_id", "partition", "position", "size", "records", "max", "count", "flags")
    )
    for topic_id, partition, start, size, record_count, max_timestamp, count, flags in zip(
        *per_log, strict=True
    ):
        require(partition >= 0, "partition")
        require(flags in (0, 1), "flags")
        require(start == position, "logs follow each other from the header on")
        require(position + size <= body_end and 1 <= count <= batch_count - first, "log within the body")
        index = [columns[i][first : first + count] for i in ("b.position", "b.records", "b.base", "b.max")]
        batches = _batches(data, start, start + size, index)
        require(record_count == sum(batch.records for batch in batches), "records of a log")
        require(max_timestamp == max(batch.max_timestamp for batch in batches), "max timestamp of a log")
        logs.append(Log(topic_id, partition, start, size, record_count, max_timestamp, flags == 1, batches))
        position, first = position + size, first + count
    require(position == body_end and first == batch_count, "logs fill the body")
    require(records == sum(log.records for log in logs), "records of the segment")
    require(len({(log.topic_id, log.partition) for log in logs}) == len(logs), "each log once")
    return logs


def _columns(footer: bytes, logs: int, batches: int) -> dict[str, tuple]:
    """Cut the footer into its columns, which must fill it."""
    names = ("topic_id", "position", "size", "records", "max", "b.position", "b.base", "b.max", "partition")
    names += ("count", "b.records", "flags")
    require(len(footer) == FOOTER_HEAD.size + 57 * logs + 28 * batches, "columns fill the footer")
    columns, at = {}, FOOTER_HEAD.size
    for name, code in zip(names, ("16s", "Q", "Q", "Q", "q", "Q", "q", "q", "i", "I", "I", "B"), strict=True):
        count = batches if name.startswith("b.") else logs
        column = struct.Struct("<" + code * count)
        columns[name] = column.unpack_from(footer, at)
        at += column.size
    return columns


def _batches(data: bytes, position: int, end: int, index: list[tuple]) -> list[Batch]:
    """Walk a log's batches beside their columns."""
    batches = []
    for start, records, base_timestamp, max_timestamp in zip(*index, strict=True):
        require(start == position, "batches follow each other")
        require(end - position >= BATCH_HEAD.size, "room for a batch's head")
        head = BATCH_HEAD.unpack_from(data, position)
        offset, length, _, magic, crc, attributes, last_delta, base, highest, pid, epoch, sequence, count = (
            head
        )
        size = length + 12
        require(BATCH_HEAD.size <= size <= end - position, "batch length")
        require(magic == 2, "batch magic")
        require(crc == crc32c(data[position + 21 : position + size]), "batch checksum")
        require((count, base, highest) == (records, base_timestamp, max_timestamp), "index is as the batch")
        batches.append(
            Batch(position, size, offset, attributes, last_delta, base, highest, pid, epoch, sequence, count)
        )
        position += size
    require(position == end, "batches fill their log")
    return batches
