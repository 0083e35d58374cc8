"""Record batches made and judged in plain Python, as Kafka's rules say, one field at a time."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import cramjam
import lz4.frame
import zstandard

from oracle.checksum import crc32c

HEAD = struct.Struct(">qiibIhiqqqhii")
NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)
CORRUPT_MESSAGE, MESSAGE_TOO_LARGE, INVALID_TIMESTAMP, UNSUPPORTED_COMPRESSION, INVALID_RECORD = (
    2,
    10,
    32,
    76,
    87,
)


@dataclass(frozen=True)
class Record:
    timestamp: int = 0
    key: bytes | None = None
    value: bytes | None = b"value"
    headers: tuple[tuple[bytes, bytes | None], ...] = ()


@dataclass(frozen=True)
class Rules:
    """What a topic asks of its batches."""

    batch_bytes_max: int = 1 << 20
    log_append_time: bool = False
    compacted: bool = False
    timestamp_before_ms_max: int = 2**63 - 1
    timestamp_after_ms_max: int = 2**63 - 1


class RefusedError(Exception):
    """Why, as a code of Kafka's."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{reason} ({code})")
        self.code = code


def varint(value: int) -> bytes:
    """Zigzag, seven bits a byte, lowest first."""
    bits, out = (value << 1) ^ (value >> 63), bytearray()
    bits &= 2**64 - 1
    while bits > 0x7F:
        out.append(bits & 0x7F | 0x80)
        bits >>= 7
    return bytes(out) + bytes([bits])


def nullable(data: bytes | None) -> bytes:
    return varint(-1) if data is None else varint(len(data)) + data


def encode_records(records: Sequence[Record], base_timestamp: int) -> bytes:
    out = bytearray()
    for offset_delta, record in enumerate(records):
        body = b"\0" + varint(record.timestamp - base_timestamp) + varint(offset_delta)
        body += nullable(record.key) + nullable(record.value) + varint(len(record.headers))
        for key, value in record.headers:
            body += nullable(key) + nullable(value)
        out += varint(len(body)) + body
    return bytes(out)


def compress(codec: int, data: bytes) -> bytes:
    match codec:
        case 1:
            return gzip.compress(data, 1)
        case 2:
            return bytes(cramjam.snappy.compress_raw(data))
        case 3:
            return lz4.frame.compress(data, block_linked=False)
        case 4:
            return zstandard.ZstdCompressor(level=1).compress(data)
    return data


def encode(
    records: Sequence[Record],
    *,
    codec: int = NONE,
    max_timestamp: int | None = None,
    producer: tuple[int, int, int] = (-1, -1, -1),
    payload: bytes | None = None,
) -> bytes:
    """Return a batch; `payload` takes the place of the encoded records."""
    base = records[0].timestamp
    highest = max(record.timestamp for record in records) if max_timestamp is None else max_timestamp
    count = len(records)
    body = compress(codec, encode_records(records, base) if payload is None else payload)
    head = HEAD.pack(
        0, HEAD.size + len(body) - 12, -1, 2, 0, codec, count - 1, base, highest, *producer, count
    )
    return reseal(head + body)


def reseal(batch: bytes) -> bytes:
    """Make the checksum true again."""
    return batch[:17] + struct.pack(">I", crc32c(batch[21:])) + batch[21:]


def require(holds: bool, code: int, reason: str) -> None:
    if not holds:
        raise RefusedError(code, reason)


def judge(batch: bytes, rules: Rules, produce_version: int, now_ms: int) -> int:
    """Return the highest time of a batch's records, or raise what Kafka refuses it with."""
    _judge_start(batch)
    head = HEAD.unpack_from(batch)
    base_offset, length, _, _, crc, attributes, last_delta, base, _, pid, epoch, sequence, count = head
    require(length + 12 == len(batch), INVALID_RECORD, "more than one batch")
    codec = attributes & 7
    known = codec < ZSTD or (codec == ZSTD and produce_version >= 7)
    require(known, UNSUPPORTED_COMPRESSION, "codec")
    require(base_offset == 0, INVALID_RECORD, "base offset")
    require(len(batch) <= rules.batch_bytes_max, MESSAGE_TOO_LARGE, "size")
    require(crc == crc32c(batch[21:]), CORRUPT_MESSAGE, "checksum")
    require(count >= 1 and last_delta == count - 1, INVALID_RECORD, "counts")
    require(attributes & 0x20 == 0, INVALID_RECORD, "control batch")
    require(attributes & 0x08 == 0, INVALID_TIMESTAMP, "log append time")
    require(pid < 0 or (epoch >= 0 and sequence >= 0), INVALID_RECORD, "producer")
    return _judge_records(_decompress(codec, batch[HEAD.size :]), base, count, rules, now_ms)


def _judge_start(batch: bytes) -> None:
    require(len(batch) >= 12, INVALID_RECORD, "no batch")
    (length,) = struct.unpack_from(">i", batch, 8)
    require(length >= 14, CORRUPT_MESSAGE, "length below any batch's")
    require(len(batch) > 16, INVALID_RECORD, "no magic")
    require(batch[16] <= 2, CORRUPT_MESSAGE, "magic that never was")
    require(batch[16] == 2, INVALID_RECORD, "magic of an old format")
    require(length + 12 <= len(batch), INVALID_RECORD, "length beyond the bytes")
    require(length + 12 >= HEAD.size, CORRUPT_MESSAGE, "length below a head's")


def _decompress(codec: int, data: bytes) -> bytes:
    match codec:
        case 1:
            return gzip.decompress(data)
        case 2:
            return bytes(cramjam.snappy.decompress_raw(data))
        case 3:
            return lz4.frame.decompress(data)
        case 4:
            return zstandard.ZstdDecompressor().decompressobj().decompress(data)
    return data


def _judge_records(payload: bytes, base: int, count: int, rules: Rules, now_ms: int) -> int:
    """Judge each record: what cannot be read outweighs what is invalid, a time outweighs the rest of that."""
    highest, faults, reader = -1, set(), Reader(payload)
    for index in range(count):
        body = Reader(reader.sized("record"))
        body.take(1, "attributes")
        timestamp = base + body.varint(64)
        offset_delta = body.varint(32)
        key = body.nullable("key")
        body.nullable("value")
        headers = body.varint(32)
        require(headers >= 0, INVALID_RECORD, "header count")
        for _ in range(headers):
            require(body.nullable("header key") is not None, INVALID_RECORD, "header key")
            body.nullable("header value")
        require(body.position == len(body.data), INVALID_RECORD, "record's end")
        if offset_delta != index or (key is None and rules.compacted):
            faults.add(INVALID_RECORD)
        elif not _is_in_time(timestamp, rules, now_ms):
            faults.add(INVALID_TIMESTAMP)
        highest = max(highest, timestamp)
    require(reader.position == len(payload), INVALID_RECORD, "bytes after the last record")
    require(INVALID_TIMESTAMP not in faults, INVALID_TIMESTAMP, "a time")
    require(not faults, INVALID_RECORD, "an offset delta or a key")
    return highest


def _is_in_time(timestamp: int, rules: Rules, now_ms: int) -> bool:
    if timestamp == -1 or (rules.log_append_time and -(2**63) <= timestamp < 2**63):
        return True
    earliest, latest = now_ms - rules.timestamp_before_ms_max, now_ms + rules.timestamp_after_ms_max
    return max(earliest, -(2**63)) <= timestamp <= min(latest, 2**63 - 1)


class Reader:
    """Bytes from front to back; what is not there is an invalid record."""

    def __init__(self, data: bytes) -> None:
        self.data, self.position = data, 0

    def take(self, size: int, what: str) -> bytes:
        require(0 <= size <= len(self.data) - self.position, INVALID_RECORD, what)
        self.position += size
        return self.data[self.position - size : self.position]

    def varint(self, width: int) -> int:
        bits = shift = 0
        while True:
            byte = self.take(1, "varint")[0]
            bits |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
            require(shift < width, INVALID_RECORD, "endless varint")
        require(bits < 2**width, INVALID_RECORD, "varint out of range")
        return (bits >> 1) ^ -(bits & 1)

    def sized(self, what: str) -> bytes:
        return self.take(self.varint(32), what)

    def nullable(self, what: str) -> bytes | None:
        size = self.varint(32)
        return None if size == -1 else self.take(size, what)
