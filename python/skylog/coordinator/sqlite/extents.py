"""Extents in the database: finding by offset and by time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from skylog.coordinator.sqlite.folding import uncover
from skylog.model import MAX_TIMESTAMP, ExtentRef

Bounds: TypeAlias = tuple[int, int]
Found: TypeAlias = tuple[int, int, int, int, int, int, int]
"""(place of the position, base_offset, last_offset, segment_no, position, size, append_time_ms)"""
Position: TypeAlias = tuple[int, int, int, int]
"""(log_no, high watermark, offset, bytes_max)"""

FIND = """
    SELECT base_offset, last_offset, segment_no, position, size, append_time_ms FROM extents
    WHERE log_no = :log_no AND base_offset < :high_watermark AND base_offset >= coalesce((
        SELECT base_offset FROM extents WHERE log_no = :log_no AND base_offset <= :offset
        ORDER BY base_offset DESC LIMIT 1), :offset)
    ORDER BY base_offset LIMIT :extents_max
"""
"""A log's extents from the one that holds an offset on."""

# The running maximum finds the first extent that can hold the time; its own maximum counts only where the
# extent that raised the running one is gone.
FIND_BY_TIME = """
    SELECT s.key, e.position, e.size, e.base_offset, e.last_offset, e.append_time_ms, s.size
    FROM extents AS e JOIN segments AS s ON s.segment_no = e.segment_no
    WHERE e.log_no = :log_no AND e.running_max_timestamp >= :timestamp_ms AND e.max_timestamp >= :timestamp_ms
        AND e.last_offset >= :log_start_offset
    ORDER BY e.running_max_timestamp, e.base_offset LIMIT 1
"""
"""The first extent of a log with a record at or after a time."""


def find(
    connection: sqlite3.Connection, positions: Sequence[Position | None], extents_max: int
) -> tuple[list[Found], list[tuple[int, str, int]]]:
    """Return extents and segments as `Located.from_rows` takes them; None stands where nothing is wanted."""
    uncover(connection, {position[0] for position in positions if position is not None})
    extents: list[Found] = []
    for place, position in enumerate(positions):
        if position is not None:
            room = max(1, extents_max - len(extents))
            extents.extend((place, *row) for row in _find_one(connection, position, room))
    numbers = json.dumps(sorted({extent[3] for extent in extents}))
    segments = connection.execute(
        "SELECT segment_no, key, size FROM segments WHERE segment_no IN (SELECT value FROM json_each(?))",
        (numbers,),
    )
    return extents, segments.fetchall()


def _find_one(
    connection: sqlite3.Connection, position: Position, extents_max: int
) -> Iterator[tuple[int, int, int, int, int, int]]:
    log_no, high_watermark, offset, bytes_max = position
    wanted = {
        "log_no": log_no,
        "high_watermark": high_watermark,
        "offset": offset,
        "extents_max": extents_max,
    }
    size = 0
    for row in connection.execute(FIND, wanted):
        if row[1] >= offset:
            yield row
            size += row[4]
            if size >= bytes_max:
                return


def find_by_time(
    connection: sqlite3.Connection, queries: Sequence[tuple[int, int]]
) -> list[ExtentRef | None]:
    """Return for (log_no, time or MAX_TIMESTAMP) each the extent that holds the answer."""
    uncover(connection, {log_no for log_no, _ in queries})
    return [_find_time(connection, log_no, timestamp_ms) for log_no, timestamp_ms in queries]


def _find_time(connection: sqlite3.Connection, log_no: int, timestamp_ms: int) -> ExtentRef | None:
    log = connection.execute(
        "SELECT log_start_offset, running_max_timestamp FROM logs WHERE log_no = ?", (log_no,)
    ).fetchone()
    if log is None:
        return None
    log_start_offset, running_max = log
    wanted = {
        "log_no": log_no,
        "timestamp_ms": running_max if timestamp_ms == MAX_TIMESTAMP else timestamp_ms,
        "log_start_offset": log_start_offset,
    }
    found = connection.execute(FIND_BY_TIME, wanted).fetchone()
    return None if found is None else ExtentRef(*found)
