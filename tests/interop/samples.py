"""What is written by one side and read by the other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from clients.drivers.base import Header, Record

TIME_MS = 1_700_000_000_000

Row: TypeAlias = tuple[int, int, bytes | None, bytes | None, tuple[Header, ...]]
"""Offset, timestamp, key, value, headers."""


def noise(size: int, seed: int) -> bytes:
    """Return bytes that no codec makes smaller."""
    return hashlib.shake_256(seed.to_bytes(8)).digest(size)


def rows(records: Iterable[Record], base_offset: int = 0) -> list[Row]:
    """Return what a reader should find."""
    return [
        (offset, record.timestamp_ms or 0, record.key, record.value, record.headers)
        for offset, record in enumerate(records, base_offset)
    ]


def _timed(records: Iterable[Record]) -> list[Record]:
    """Every second record is a little older than the one before."""
    return [
        Record(record.key, record.value, record.headers, TIME_MS + 10 * number - 17 * (number % 2))
        for number, record in enumerate(records)
    ]


NULLS = [Record(key, value) for key in (None, b"", b"key") for value in (None, b"", b"value")]
HEADERS = [
    Record(b"many", b"x", (("a", b"1"), ("b", b"2"), ("a", b"3"), ("a", b"1"))),
    Record(b"null", b"x", (("z", None), ("a", b""), ("z", b"last"))),
    Record(None, None, (("", b"no name"), ("ключ", "値 \U0001f40d".encode()))),
]
SAMPLES: dict[str, Sequence[Record]] = {
    "one": _timed([Record(None, b"value")]),
    "nulls": _timed(NULLS),
    "headers": _timed([*HEADERS, Record(b"long", b"x", (("h" * 200, b"v" * 70_000),))]),
    "mixed": _timed(
        [*NULLS, *HEADERS, Record(None, noise(200, 0)), *[Record(b"key", b"again and " * 10)] * 20]
    ),
    "small": _timed(
        Record(b"key %d" % (number % 7), b'{"number": %d, "text": "compressible"}' % number)
        for number in range(3_000)
    ),
    "blocks": _timed(Record(b"%d" % number, bytes([97 + number]) * 100_000) for number in range(3)),
    "noise": _timed(Record(None, noise(70_000, seed)) for seed in range(3)),
}
"""By name: lists whose batches are of one record to some 300 KB, so that every codec makes several blocks."""
