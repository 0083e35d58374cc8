"""Extents as commits left them, moved to their b-trees: in steps, so that no commit waits for many of them.

A commit of 1,000 partitions would touch 2,000 pages if it sorted its own; several of them together touch
hardly more. An extent is inserted once, by whoever comes first: what was moved already is passed over. So
whoever removes extents calls `fold` before, which leaves nothing that could come back.
"""

from __future__ import annotations

import sqlite3
import struct
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from skylog.coordinator.sqlite.statements import write_rows

STEP_EXTENTS = 1_024
"""Extents that are moved at once: some 5 ms, in which commits wait."""

ROW = struct.Struct("<8q")

Row: TypeAlias = tuple[int, ...]
"""The columns of `ROW`, then the segment's number."""


@dataclass(frozen=True, slots=True)
class Run:
    """Arrivals in the order of their keys, and how many of them are moved."""

    last_arrival_no: int
    rows: Sequence[Row]
    moved: int


def fold(connection: sqlite3.Connection) -> int:
    """Move all that commits left to `extents` and return how many extents."""
    rows, last_arrival_no = _read(connection)
    _move(connection, sorted(rows))
    _drop(connection, last_arrival_no, rows)
    return len(rows)


def fold_step(connection: sqlite3.Connection, run: Run | None) -> Run | None:
    """Move the next extents of `run`, or begin one; None says that it is at its end.

    The run goes on only if the transaction was durable; after any other it begins anew.
    """
    if run is None:
        rows, last_arrival_no = _read(connection)
        return Run(last_arrival_no, sorted(rows), 0) if rows else None
    if not _is_there(connection, run):
        return None
    if run.moved < len(run.rows):
        moved = run.moved + STEP_EXTENTS
        _move(connection, run.rows[run.moved : moved])
        return Run(run.last_arrival_no, run.rows, moved)
    _drop(connection, run.last_arrival_no, run.rows)
    return None


def uncover(connection: sqlite3.Connection, log_nos: Collection[int]) -> None:
    """See to it that `extents` holds all of these logs, in the transaction that reads them.

    Moves everything where that is no more than a step, else just what is of these logs.
    """
    rows, last_arrival_no = _read(connection)
    if len(rows) > STEP_EXTENTS:
        _move(connection, sorted(row for row in rows if row[0] in log_nos))
    elif rows:
        _move(connection, sorted(rows))
        _drop(connection, last_arrival_no, rows)


def count_logs(connection: sqlite3.Connection) -> None:
    """Count the bytes of logs that came from an older file, everything being folded."""
    connection.execute(
        """
        UPDATE logs SET size = (SELECT coalesce(sum(size), 0) FROM extents WHERE extents.log_no = logs.log_no)
        WHERE size IS NULL
        """
    )


def arrived_bytes(connection: sqlite3.Connection) -> Mapping[int, int]:
    """Return the bytes of what commits left, by log; `logs` does not count them yet."""
    return _count_bytes(_read(connection)[0])


def _read(connection: sqlite3.Connection) -> tuple[list[Row], int]:
    arrived = connection.execute(
        "SELECT segment_no, extents, arrival_no FROM arrivals ORDER BY arrival_no"
    ).fetchall()
    rows = [(*row, segment_no) for segment_no, packed, _ in arrived for row in ROW.iter_unpack(packed)]
    return rows, arrived[-1][2] if arrived else 0


def _move(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    write_rows(
        connection,
        "INSERT OR IGNORE INTO extents (log_no, base_offset, last_offset, position, size, max_timestamp,"
        " running_max_timestamp, append_time_ms, segment_no) VALUES ",
        "",
        rows,
    )


def _drop(connection: sqlite3.Connection, last_arrival_no: int, rows: Sequence[Row]) -> None:
    """Forget arrivals, all rows of which are moved: once, so here is where their bytes are counted."""
    # The plus keeps SQLite from looking up `grown` by an index it would have to build first.
    write_rows(
        connection,
        "WITH grown (log_no, size) AS (VALUES ",
        ") UPDATE logs SET size = logs.size + grown.size FROM grown WHERE logs.log_no = +grown.log_no",
        list(_count_bytes(rows).items()),
    )
    connection.execute("DELETE FROM arrivals WHERE arrival_no <= ?", (last_arrival_no,))


def _count_bytes(rows: Sequence[Row]) -> Counter[int]:
    sizes: Counter[int] = Counter()
    for row in rows:
        sizes[row[0]] += row[4]
    return sizes


def _is_there(connection: sqlite3.Connection, run: Run) -> bool:
    """Tell whether nobody has folded meanwhile; what was removed since then must not come back."""
    found = connection.execute("SELECT 1 FROM arrivals WHERE arrival_no = ?", (run.last_arrival_no,))
    return found.fetchone() is not None
