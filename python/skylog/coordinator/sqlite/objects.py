"""The life of objects: purging deleted topics, and which segments nothing refers to."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence

from skylog.model import StoredSegment

# CROSS keeps the deleted topics first, also where statistics say that there are few topics.
DELETED_LOG = """
    SELECT l.log_no FROM topics AS t CROSS JOIN logs AS l ON l.topic_no = t.topic_no
    WHERE t.deleted_ms IS NOT NULL ORDER BY t.deleted_ms LIMIT 1
"""

# The index by topic holds the whole key.
DELETED_OFFSETS = """
    SELECT o.group_id, o.topic_no, o.partition
    FROM topics AS t CROSS JOIN group_offsets AS o ON o.topic_no = t.topic_no
    WHERE t.deleted_ms IS NOT NULL LIMIT ?
"""


def purge_topics(connection: sqlite3.Connection, limit: int, now_ms: int) -> int:
    """Remove up to `limit` rows of deleted topics (extents, producers, logs, offsets); return their number.

    Everything has to be folded.
    """
    left = limit
    while left > 0 and (found := connection.execute(DELETED_LOG).fetchone()) is not None:
        left -= _purge_log(connection, found[0], left, now_ms)
    if left > 0:
        left -= _purge_offsets(connection, left)
    if left > 0:
        _drop_empty_topics(connection)
    return limit - left


def _purge_offsets(connection: sqlite3.Connection, limit: int) -> int:
    return connection.execute(
        f"DELETE FROM group_offsets WHERE (group_id, topic_no, partition) IN ({DELETED_OFFSETS})", (limit,)
    ).rowcount


def _purge_log(connection: sqlite3.Connection, log_no: int, limit: int, now_ms: int) -> int:
    removed = _purge_extents(connection, log_no, limit, now_ms)
    if removed < limit:
        removed += _purge_producers(connection, log_no, limit - removed)
    if removed < limit:
        connection.execute("DELETE FROM trims WHERE log_no = ?", (log_no,))
        removed += connection.execute("DELETE FROM logs WHERE log_no = ?", (log_no,)).rowcount
    return removed


def _purge_extents(connection: sqlite3.Connection, log_no: int, limit: int, now_ms: int) -> int:
    rows = connection.execute(
        "SELECT base_offset, segment_no FROM extents WHERE log_no = ? ORDER BY base_offset LIMIT ?",
        (log_no, limit),
    ).fetchall()
    if rows:
        connection.execute("DELETE FROM extents WHERE log_no = ? AND base_offset <= ?", (log_no, rows[-1][0]))
        release_segments(connection, [segment_no for _, segment_no in rows], now_ms)
    return len(rows)


def _purge_producers(connection: sqlite3.Connection, log_no: int, limit: int) -> int:
    return connection.execute(
        """
        DELETE FROM producers WHERE log_no = ? AND producer_id IN (
            SELECT producer_id FROM producers WHERE log_no = ? ORDER BY producer_id LIMIT ?)
        """,
        (log_no, log_no, limit),
    ).rowcount


def release_segments(connection: sqlite3.Connection, segment_nos: Sequence[int], now_ms: int) -> None:
    """Count down the extents of segments, one for each time one is named; mark those that reach none.

    In the transaction that removes the extents, so that no count is ever lost.
    """
    counts = [(count, now_ms, segment_no) for segment_no, count in Counter(segment_nos).items()]
    connection.executemany(
        """
        UPDATE segments SET extents = extents - ?1, deletable_ms = iif(extents = ?1, ?2, deletable_ms)
        WHERE segment_no = ?3
        """,
        counts,
    )


def _drop_empty_topics(connection: sqlite3.Connection) -> None:
    connection.execute(
        """
        DELETE FROM topics WHERE deleted_ms IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM logs WHERE logs.topic_no = topics.topic_no)
        """
    )


def deletable_segments(connection: sqlite3.Connection, before_ms: int, limit: int) -> list[StoredSegment]:
    """Return segments that nothing refers to since a time or longer."""
    rows = connection.execute(
        "SELECT key, size, created_ms FROM segments WHERE deletable_ms <= ? ORDER BY deletable_ms LIMIT ?",
        (before_ms, limit),
    )
    return [StoredSegment(*row) for row in rows]


def forget_segments(connection: sqlite3.Connection, keys: Sequence[str]) -> None:
    """Remove rows of segments, but never of one that an extent refers to."""
    connection.execute(
        "DELETE FROM segments WHERE extents = 0 AND key IN (SELECT value FROM json_each(?))",
        (json.dumps(keys),),
    )


def known_segments(connection: sqlite3.Connection, keys: Sequence[str]) -> list[bool]:
    """Say which keys have a row."""
    rows = connection.execute(
        "SELECT key FROM segments WHERE key IN (SELECT value FROM json_each(?))", (json.dumps(keys),)
    )
    known = {key for (key,) in rows}
    return [key in known for key in keys]
