"""Segments as commits leave them in the embedded coordinator's file, written in bulk.

`tests/unit/coordinator/test_bulk_fill.py` holds that a filled file equals a committed one, row by row.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from skylog.storage.keys import SegmentKey

RECORDS = 10
"""Of each extent."""
EXTENT_BYTES = 4_000
HEADER_BYTES = 64
CREATED_MS = 1_700_000_000_000
APART_MS = 250
"""Between two segments: four PUTs a second."""
CHUNK = 20_000


@dataclass(frozen=True)
class Filling:
    """Which logs segments go to: each has an extent in the one `long` log and one in a log of `wide`."""

    long: int
    wide: range
    """Log numbers, in turn."""

    def fill(self, path: Path, before: int, upto: int) -> None:
        """Add segments to a closed file that holds `before` of them, then gather statistics."""
        with sqlite3.connect(path, isolation_level=None) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            for start in range(before, upto, CHUNK):
                connection.execute("BEGIN")
                self._insert(connection, range(start, min(start + CHUNK, upto)))
                connection.execute("COMMIT")
            self._move_ends(connection, upto)
            connection.execute("ANALYZE")
        connection.close()

    def _insert(self, connection: sqlite3.Connection, numbers: range) -> None:
        connection.executemany(
            "INSERT INTO segments (segment_no, key, size, created_ms, extents, deletable_ms)"
            " VALUES (?, ?, ?, ?, 2, NULL)",
            ((n + 1, key_of(n), HEADER_BYTES + 2 * EXTENT_BYTES, created_ms(n)) for n in numbers),
        )
        rows = chain.from_iterable(self._extents(number) for number in numbers)
        connection.executemany("INSERT INTO extents VALUES (?, ?, ?, ?, ?, ?, ?, ?, -1)", sorted(rows))

    def _extents(self, number: int) -> list[tuple[int, ...]]:
        places = [(self.long, number), (self.wide[number % len(self.wide)], number // len(self.wide))]
        return [
            (
                log_no,
                RECORDS * turn,
                RECORDS * turn + RECORDS - 1,
                number + 1,
                HEADER_BYTES + EXTENT_BYTES * place,
                EXTENT_BYTES,
                created_ms(number),
                created_ms(number),
            )
            for place, (log_no, turn) in enumerate(places)
        ]

    def _move_ends(self, connection: sqlite3.Connection, segments: int) -> None:
        ends = {self.long: (segments, segments - 1)}
        for place, log_no in enumerate(self.wide):
            turns = len(range(place, segments, len(self.wide)))
            if turns:
                ends[log_no] = (turns, place + (turns - 1) * len(self.wide))
        connection.executemany(
            "UPDATE logs SET next_offset = ?, running_max_timestamp = ?, last_append_ms = ?, size = ?"
            " WHERE log_no = ?",
            [
                (RECORDS * turns, created_ms(last), created_ms(last), EXTENT_BYTES * turns, log_no)
                for log_no, (turns, last) in ends.items()
            ],
        )


def created_ms(number: int) -> int:
    """Return when a segment was made and committed, and the time of its records."""
    return CREATED_MS + APART_MS * number


def key_of(number: int) -> str:
    """Return the name of a segment, spread over all shards as random identities are."""
    identity = ((number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835) % (1 << 128)
    return SegmentKey(created_ms(number), 1, 1, identity.to_bytes(16, "big")).build()
