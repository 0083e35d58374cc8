"""Deleting records from the front of a log: its start moves at once, the rest goes in bounded steps.

An extent that the start lies in stays whole, and so do its bytes and its times.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TypeAlias

from skylog.coordinator.sqlite.commit import LogRow, load_logs
from skylog.coordinator.sqlite.objects import release_segments
from skylog.coordinator.sqlite.statements import write_rows
from skylog.errors import Conflict, NotFound, SkylogError
from skylog.model import HIGH_WATERMARK, Trim, format_topic_id

Place: TypeAlias = tuple[int, int, int, int]
"""(log_no, base_offset, running_max_timestamp, unsure_offset), see the table."""

BELOW_START = """
    SELECT base_offset, last_offset, segment_no, size FROM extents
    WHERE log_no = :log_no AND base_offset < :log_start_offset ORDER BY base_offset LIMIT :limit
"""
"""The oldest extents of a log that may end before its start; the last of them may not."""

NEXT_TIMES = """
    SELECT base_offset, max_timestamp, running_max_timestamp FROM extents
    WHERE log_no = :log_no AND base_offset > :base_offset ORDER BY base_offset LIMIT :limit
"""
"""A log's extents behind a place."""


def delete_records(
    connection: sqlite3.Connection, trims: Sequence[tuple[Trim, int | None]]
) -> list[int | SkylogError]:
    """Move the starts of logs forward; with each comes the number of its log. 4 statements for up to 512."""
    logs = load_logs(connection, [log_no for _, log_no in trims])
    outcomes = [_judge(trim, log) for (trim, _), log in zip(trims, logs, strict=True)]
    starts = {
        log[0]: outcome
        for log, outcome in zip(logs, outcomes, strict=True)
        if log is not None and isinstance(outcome, int) and outcome > log[1]
    }
    _write_starts(connection, list(starts.items()))
    return outcomes


def _judge(trim: Trim, log: LogRow | None) -> int | SkylogError:
    place = f"topic id {format_topic_id(trim.topic_id)}, partition {trim.partition}"
    if log is None:
        return NotFound(f"{place}: no such partition")
    _, log_start_offset, next_offset, _, _ = log
    wanted = next_offset if trim.offset == HIGH_WATERMARK else trim.offset
    if not 0 <= wanted <= next_offset:
        return Conflict(f"{place}: expected an offset from 0 to {next_offset}, found {trim.offset}")
    return max(wanted, log_start_offset)


def _write_starts(connection: sqlite3.Connection, starts: Sequence[tuple[int, int]]) -> None:
    # The plus keeps SQLite from looking up `moved` by an index it would have to build first.
    write_rows(
        connection,
        "WITH moved (log_no, log_start_offset) AS (VALUES ",
        """) UPDATE logs SET log_start_offset = moved.log_start_offset
        FROM moved WHERE logs.log_no = +moved.log_no""",
        starts,
    )
    write_rows(
        connection,
        "INSERT INTO trims (log_no) VALUES ",
        """ ON CONFLICT DO UPDATE SET unsure_offset = max(unsure_offset, base_offset), base_offset = -1,
        running_max_timestamp = -1""",
        [(log_no,) for log_no, _ in starts],
    )


def purge_trims(connection: sqlite3.Connection, limit: int, now_ms: int) -> int:
    """Take up to `limit` steps (rows removed or changed) with trimmed logs; return how many.

    Everything has to be folded.
    """
    left = limit
    while left > 0:
        place = connection.execute(
            "SELECT log_no, base_offset, running_max_timestamp, unsure_offset FROM trims LIMIT 1"
        ).fetchone()
        if place is None:
            break
        left -= _purge_log(connection, place, left, now_ms)
    return limit - left


def _purge_log(connection: sqlite3.Connection, place: Place, limit: int, now_ms: int) -> int:
    removed = _remove_extents(connection, place[0], limit, now_ms)
    if removed < limit:
        removed += _renew_times(connection, place, limit - removed)
    return removed


def _remove_extents(connection: sqlite3.Connection, log_no: int, limit: int, now_ms: int) -> int:
    ((start,),) = connection.execute(
        "SELECT log_start_offset FROM logs WHERE log_no = ?", (log_no,)
    ).fetchall()
    wanted = {"log_no": log_no, "log_start_offset": start, "limit": limit}
    rows = [row for row in connection.execute(BELOW_START, wanted) if row[1] < start]
    if rows:
        connection.execute("DELETE FROM extents WHERE log_no = ? AND base_offset <= ?", (log_no, rows[-1][0]))
        size = sum(row[3] for row in rows)
        connection.execute("UPDATE logs SET size = size - ? WHERE log_no = ?", (size, log_no))
        release_segments(connection, [row[2] for row in rows], now_ms)
    return len(rows)


def _renew_times(connection: sqlite3.Connection, place: Place, limit: int) -> int:
    """Make running maxima anew, up to the first extent where nothing has changed: right there, right behind.

    Where times grow with offsets that is the first one.
    """
    log_no, base_offset, highest, unsure_offset = place
    changed: list[tuple[int, int, int]] = []
    wanted = {"log_no": log_no, "base_offset": base_offset, "limit": limit}
    for base_offset, max_timestamp, running_max in connection.execute(NEXT_TIMES, wanted).fetchall():
        highest = max(highest, max_timestamp)
        if highest == running_max and base_offset > unsure_offset:
            break
        changed.append((highest, log_no, base_offset))
    else:
        if len(changed) == limit:
            _set_times(connection, changed)
            state = (base_offset, highest, log_no)
            connection.execute(
                "UPDATE trims SET base_offset = ?, running_max_timestamp = ? WHERE log_no = ?", state
            )
            return limit
        connection.execute("UPDATE logs SET running_max_timestamp = ? WHERE log_no = ?", (highest, log_no))
    _set_times(connection, changed)
    connection.execute("DELETE FROM trims WHERE log_no = ?", (log_no,))
    return len(changed) + 1


def _set_times(connection: sqlite3.Connection, times: Sequence[tuple[int, int, int]]) -> None:
    # The plus keeps SQLite from looking up `renewed` by an index it would have to build first.
    write_rows(
        connection,
        "WITH renewed (highest, log_no, base_offset) AS (VALUES ",
        """) UPDATE extents SET running_max_timestamp = renewed.highest FROM renewed
        WHERE extents.log_no = +renewed.log_no AND extents.base_offset = +renewed.base_offset""",
        times,
    )
