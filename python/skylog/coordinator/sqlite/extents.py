"""Extents in the database: finding by offset and by time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from skylog.coordinator.sqlite.folding import uncover
from skylog.model import MAX_TIMESTAMP, ExtentRef

Bounds: TypeAlias = tuple[int, int]
Found: TypeAlias = tuple[int, int, int, int, int, int, int]
"""(place of the position, base_offset, last_offset, segment_no, position, size, append_time_ms)"""
Position: TypeAlias = tuple[int, int, int, int]
"""(log_no, high watermark, offset, bytes_max)"""
TimeQuery: TypeAlias = tuple[int, int, int]
"""(log_no, time or MAX_TIMESTAMP, first offset that counts)"""
FoundByTime: TypeAlias = tuple[int, ExtentRef]
"""(first offset that counts, extent)"""

FIND = """
    SELECT base_offset, last_offset, segment_no, position, size, append_time_ms FROM extents
    WHERE log_no = :log_no AND base_offset < :high_watermark AND base_offset >= coalesce((
        SELECT base_offset FROM extents WHERE log_no = :log_no AND base_offset <= :offset
        ORDER BY base_offset DESC LIMIT 1), :offset)
    ORDER BY base_offset LIMIT :extents_max
"""
"""A log's extents from the one that holds an offset on."""

EXTENTS_WITH_SEGMENTS = """
    SELECT s.key, e.position, e.size, e.base_offset, e.last_offset, e.append_time_ms, s.size
    FROM extents AS e JOIN segments AS s ON s.segment_no = e.segment_no
"""

HOLDER = """
    SELECT base_offset, running_max_timestamp FROM extents
    WHERE log_no = :log_no AND base_offset <= :first_offset ORDER BY base_offset DESC LIMIT 1
"""
"""The extent that an offset lies in."""

# Running maxima grow with offsets, so what lies before a place need not be passed over. The extent's own
# maximum counts only where the one that raised the running maximum is deleted.
FIND_BY_TIME = f"""
    {EXTENTS_WITH_SEGMENTS}
    WHERE e.log_no = :log_no AND (e.running_max_timestamp, e.base_offset) >= (:running_max, :base_offset)
        AND e.max_timestamp >= :timestamp_ms AND e.last_offset >= :first_offset
    ORDER BY e.running_max_timestamp, e.base_offset LIMIT 1
"""
"""The first extent of a log, from a place on, with a record at or after a time."""

FIND_HIGHEST = f"""
    {EXTENTS_WITH_SEGMENTS}
    WHERE e.log_no = :log_no AND e.base_offset >= :base_offset AND e.last_offset >= :first_offset
    ORDER BY e.max_timestamp DESC, e.base_offset LIMIT 1
"""
"""The extent with the highest time from a place on, while running maxima still know deleted records."""


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


def find_by_time(connection: sqlite3.Connection, queries: Sequence[TimeQuery]) -> list[FoundByTime | None]:
    """Return for each query the extent that holds the answer, and the first offset in it that counts."""
    uncover(connection, {log_no for log_no, _, _ in queries})
    return [_find_time(connection, *query) for query in queries]


def _find_time(
    connection: sqlite3.Connection, log_no: int, timestamp_ms: int, first_offset: int
) -> FoundByTime | None:
    log = connection.execute(
        "SELECT log_start_offset, running_max_timestamp FROM logs WHERE log_no = ?", (log_no,)
    ).fetchone()
    if log is None:
        return None
    log_start_offset, running_max = log
    first_offset = max(first_offset, log_start_offset)
    time = running_max if timestamp_ms == MAX_TIMESTAMP else timestamp_ms
    wanted = {"log_no": log_no, "timestamp_ms": time, "first_offset": first_offset}
    wanted |= _place(connection, wanted)
    found = connection.execute(FIND_BY_TIME, wanted).fetchone()
    if found is None and timestamp_ms == MAX_TIMESTAMP:
        found = connection.execute(FIND_HIGHEST, wanted).fetchone()
    if found is None:
        return None
    extent = ExtentRef(*found)
    return max(extent.base_offset, first_offset), extent


def _place(connection: sqlite3.Connection, wanted: Mapping[str, int]) -> dict[str, int]:
    """Return from where on extents may hold the time: behind smaller maxima and before no deleted offset."""
    time = wanted["timestamp_ms"]
    holder = connection.execute(HOLDER, wanted).fetchone() if wanted["first_offset"] > 0 else None
    base_offset, running_max = holder or (0, time)
    return {"base_offset": base_offset, "running_max": max(running_max, time)}
