"""Producer ids, and forgetting producers that went away."""

from __future__ import annotations

import sqlite3
from typing import TypeAlias

SCAN_MAX = 20_000
"""Producer states looked at by one call: about 5 ms."""

Place: TypeAlias = tuple[int, int]
START: Place = (-1, -1)


def take_producer_ids(connection: sqlite3.Connection, count: int) -> int:
    """Take `count` ids for good and return the first."""
    ((end,),) = connection.execute(
        "UPDATE cluster SET next_producer_id = next_producer_id + ? RETURNING next_producer_id", (count,)
    ).fetchall()
    return int(end) - count


def expire_producers(
    connection: sqlite3.Connection, place: Place, before_ms: int, limit: int
) -> tuple[Place, int]:
    """Forget up to `limit` of the next states after `place` that were last heard of before a time.

    Returns where to go on and how many were forgotten. There is no index by time, which every commit would
    have to maintain; so the table is walked, a piece a call.
    """
    end = _end_of_piece(connection, place)
    idle = connection.execute(
        """
        SELECT log_no, producer_id FROM producers
        WHERE (log_no, producer_id) > (?, ?) AND (log_no, producer_id) <= (?, ?) AND last_ms < ?
        ORDER BY log_no, producer_id LIMIT ?
        """,
        (*place, *(end or (2**63 - 1, 2**63 - 1)), before_ms, limit),
    ).fetchall()
    connection.executemany("DELETE FROM producers WHERE log_no = ? AND producer_id = ?", idle)
    full = len(idle) == limit
    return (idle[-1] if full and idle else end or START), len(idle)


def _end_of_piece(connection: sqlite3.Connection, place: Place) -> Place | None:
    found = connection.execute(
        """
        SELECT log_no, producer_id FROM producers WHERE (log_no, producer_id) > (?, ?)
        ORDER BY log_no, producer_id LIMIT 1 OFFSET ?
        """,
        (*place, SCAN_MAX - 1),
    ).fetchone()
    return found and (found[0], found[1])
