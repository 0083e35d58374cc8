"""Taking apart, in bounded steps, what nobody can reach any more."""

from __future__ import annotations

import sqlite3

from skylog.coordinator.sqlite.folding import fold
from skylog.coordinator.sqlite.objects import purge_topics
from skylog.coordinator.sqlite.trims import purge_trims

HAS_WORK = """
    SELECT EXISTS (SELECT 1 FROM topics WHERE deleted_ms IS NOT NULL) OR EXISTS (SELECT 1 FROM trims)
"""


def purge(connection: sqlite3.Connection, limit: int, now_ms: int) -> int:
    """Remove up to `limit` rows of deleted topics, then of deleted records; return how many."""
    if connection.execute(HAS_WORK).fetchone() == (0,):
        return 0
    fold(connection)
    removed = purge_topics(connection, limit, now_ms)
    return removed + purge_trims(connection, limit - removed, now_ms)
