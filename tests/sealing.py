"""Sealed segments as the produce path makes them: from frames on the wire to the builder."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from skylog.core import (
    Frame,
    FrameReader,
    Scratch,
    SealedSegment,
    SegmentBuilder,
    TopicTable,
    crc32c,
    parse_produce,
)

TIME_MS = 1_700_000_000_000
HEAD = struct.Struct(">hiqqqhii")
"""Attributes to record count: what the CRC covers before the records."""


@dataclass(frozen=True, slots=True)
class Log:
    """A partition of a topic."""

    topic_id: bytes
    partition: int = 0

    @property
    def topic(self) -> str:
        return f"t{self.topic_id.hex()}"


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch of small records; the last one carries `timestamp_ms`."""

    log: Log
    records: int = 1
    timestamp_ms: int = TIME_MS
    producer_id: int = -1
    epoch: int = -1
    sequence: int = -1

    def build(self) -> bytes:
        body = b"".join(_record(delta) for delta in range(self.records))
        times = (self.timestamp_ms, self.timestamp_ms, self.producer_id, self.epoch, self.sequence)
        covered = HEAD.pack(0, self.records - 1, *times, self.records) + body
        crc = crc32c(covered)
        return struct.pack(">qiibI", 0, len(covered) + 9, -1, 2, crc) + covered


def seal(batches: Sequence[Batch], *, log_append_time: bool = False, created_ms: int = 0) -> SealedSegment:
    """Return the segment of these batches, each in a request of its own."""
    builder = SegmentBuilder()
    table = topic_table({batch.log for batch in batches}, log_append_time=log_append_time)
    reader = FrameReader(Scratch(), 1 << 26)
    for batch in batches:
        request = parse_produce(_feed(reader, _request(batch)), table, TIME_MS, 1 << 30)
        assert request.accepted == 1, request.response()
        builder.append(request)
    return builder.seal(bytes(16), created_ms)


def topic_table(logs: set[Log], *, log_append_time: bool) -> TopicTable:
    """Return a table in which all these logs exist."""
    table = TopicTable()
    for topic_id in {log.topic_id for log in logs}:
        table.put(
            topic_id,
            Log(topic_id).topic,
            1 + max(log.partition for log in logs if log.topic_id == topic_id),
            batch_bytes_max=1 << 20,
            log_append_time=log_append_time,
            compacted=False,
            timestamp_before_ms_max=1 << 62,
            timestamp_after_ms_max=1 << 62,
        )
    return table


def _record(delta: int) -> bytes:
    """No time of its own, no key, a value of one letter, no headers."""
    body = b"\0\0" + _varint(delta) + b"\x01\x02x\0"
    return _varint(len(body)) + body


def _varint(value: int) -> bytes:
    value, out = value << 1, b""
    while value >= 0x80:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def _request(batch: Batch) -> bytes:
    """Return a Produce v7 frame of one batch."""
    name, records = batch.log.topic.encode(), batch.build()
    return b"".join(
        (
            struct.pack(">hhih", 0, 7, 1, -1),
            struct.pack(">hhi", -1, -1, 30_000),
            struct.pack(">ih", 1, len(name)) + name,
            struct.pack(">iii", 1, batch.log.partition, len(records)) + records,
        )
    )


def _feed(reader: FrameReader, frame: bytes) -> Frame:
    stream = struct.pack(">i", len(frame)) + frame
    position = 0
    while True:
        room = reader.get_buffer()
        size = min(len(room), len(stream) - position)
        room[:size] = stream[position : position + size]
        position += size
        if frames := reader.buffer_updated(size):
            return frames[0]
