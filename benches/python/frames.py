"""Prebuilt request frames: a load generator that costs next to nothing.

Only what the benches need of the protocol, written out by hand so that the generator shares no code with the
broker but its checksum.
"""

from __future__ import annotations

import struct

from skylog.core import crc32c

PRODUCE_VERSION = 7
FETCH_VERSION = 11
METADATA_VERSION = 5
TIMESTAMP = 1_700_000_000_000


def varint(value: int) -> bytes:
    """Return a zigzag varint."""
    value = (value << 1) ^ (value >> 63)
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def record_batch(records: int, value: bytes) -> bytes:
    """Return an uncompressed batch of equal records without keys."""
    body = bytearray()
    for delta in range(records):
        head = b"\x00" + varint(0) + varint(delta) + varint(-1) + varint(len(value))
        body += varint(len(head) + len(value) + 1) + head + value + varint(0)
    covered = struct.pack(">hiqqqhii", 0, records - 1, TIMESTAMP, TIMESTAMP, -1, -1, -1, records) + bytes(
        body
    )
    return struct.pack(">qiibI", 0, len(covered) + 9, -1, 2, crc32c(covered)) + covered


def batch_of_size(size: int, record_bytes: int = 1024) -> bytes:
    """Return a batch of records of about `record_bytes` that is about `size` bytes long."""
    return record_batch(max(1, size // (record_bytes + 8)), b"x" * record_bytes)


def _header(api_key: int, version: int, correlation_id: int) -> bytes:
    return struct.pack(">hhih5s", api_key, version, correlation_id, 5, b"bench")


def _string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack(">h", len(raw)) + raw


def _frame(body: bytes) -> bytes:
    return struct.pack(">i", len(body)) + body


def produce(topic: str, partitions: range, batch: bytes, acks: int = -1, correlation_id: int = 1) -> bytes:
    """Return a whole Produce request with the same batch for each partition."""
    body = struct.pack(">hhii", -1, acks, 30_000, 1) + _string(topic) + struct.pack(">i", len(partitions))
    parts = [body]
    for partition in partitions:
        parts += [struct.pack(">ii", partition, len(batch)), batch]
    return _frame(_header(0, PRODUCE_VERSION, correlation_id) + b"".join(parts))


def fetch(
    topic: str,
    offsets: dict[int, int],
    partition_bytes: int,
    max_wait_ms: int = 500,
    session: tuple[int, int] = (0, -1),
) -> bytes:
    """Return a whole Fetch request; a `session` is its id and epoch, without one by default."""
    body = struct.pack(">iiiibii", -1, max_wait_ms, 1, 55 << 20, 0, *session)
    body += struct.pack(">i", 1) + _string(topic) + struct.pack(">i", len(offsets))
    for partition, offset in offsets.items():
        body += struct.pack(">iiqqi", partition, -1, offset, -1, partition_bytes)
    return _frame(_header(1, FETCH_VERSION, 1) + body + struct.pack(">i", 0) + _string(""))


def metadata(topics: list[str] | None) -> bytes:
    """Return a whole Metadata request; None asks for all topics."""
    names = b"" if topics is None else b"".join(_string(topic) for topic in topics)
    count = struct.pack(">i", -1 if topics is None else len(topics))
    return _frame(_header(3, METADATA_VERSION, 1) + count + names + b"\x00")
