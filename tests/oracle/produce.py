"""Batches brought to the core as a client brings them: Produce frames, byte by byte."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

from oracle.batch import Rules
from skylog.core import (
    Frame,
    FrameReader,
    ProduceRequest,
    Scratch,
    SealedSegment,
    SegmentBuilder,
    TopicTable,
    parse_produce,
)

NOW_MS = 1_700_000_000_000
VERSION = 8
TOPIC_ID = bytes(range(16))
NO_CODE = 0


def topics(rules: Rules, names: Mapping[bytes, str]) -> TopicTable:
    table = TopicTable()
    for topic_id, name in names.items():
        table.put(
            topic_id,
            name,
            100,
            batch_bytes_max=rules.batch_bytes_max,
            log_append_time=rules.log_append_time,
            compacted=rules.compacted,
            timestamp_before_ms_max=rules.timestamp_before_ms_max,
            timestamp_after_ms_max=rules.timestamp_after_ms_max,
        )
    return table


def produce_frame(name: str, partition: int, batch: bytes, version: int = VERSION) -> Frame:
    """Return a request of versions 3 to 8 with one batch."""
    topic = struct.pack(">h", len(name)) + name.encode()
    head = struct.pack(">hhih", 0, version, 1, -1)
    body = struct.pack(">hhi", -1, -1, 30_000) + struct.pack(">i", 1) + topic
    body += struct.pack(">iii", 1, partition, len(batch)) + batch
    stream = struct.pack(">i", len(head + body)) + head + body
    reader, frames = FrameReader(Scratch(), 1 << 28), []
    while stream:
        room = reader.get_buffer()
        size = min(len(room), len(stream))
        room[:size] = stream[:size]
        frames += reader.buffer_updated(size)
        stream = stream[size:]
    (frame,) = frames
    return frame


def produce(batch: bytes, rules: Rules, version: int = VERSION) -> ProduceRequest:
    request = parse_produce(
        produce_frame("topic", 0, batch, version), topics(rules, {TOPIC_ID: "topic"}), NOW_MS, 0
    )
    if request.unchecked_bytes:
        request.check(NOW_MS)
    return request


def error_code(request: ProduceRequest) -> int:
    """Return the code of a request of one batch; 0 when it was taken."""
    if request.accepted:
        return NO_CODE
    response = request.response()
    assert response is not None
    # Size, correlation, one topic with its name, one partition with its index.
    code: int = struct.unpack_from(">h", response, 4 + 4 + 4 + 2 + len("topic") + 4 + 4)[0]
    assert code != NO_CODE
    return code


def seal(
    batches: Iterable[tuple[bytes, int, bytes]],
    *,
    rules: Rules | None = None,
    segment_id: bytes = bytes(16),
    created_ms: int = NOW_MS,
) -> SealedSegment:
    """Pack (topic_id, partition, batch) in this order."""
    batches = list(batches)
    names = {topic_id: topic_id.hex() for topic_id, _, _ in batches}
    table, builder = topics(rules or Rules(), names), SegmentBuilder()
    for topic_id, partition, batch in batches:
        request = parse_produce(produce_frame(names[topic_id], partition, batch), table, NOW_MS, 1 << 30)
        assert request.accepted == 1, request.response()
        builder.append(request)
    return builder.seal(segment_id, created_ms)
