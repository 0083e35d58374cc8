"""Extents in the database, found by offset."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from skylog.coordinator.sqlite.folding import uncover

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
