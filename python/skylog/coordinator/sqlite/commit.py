"""Registering segments: decided in Rust, written with few statements."""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from skylog.coordinator.base import COMMIT_DEADLINE_MS, SegmentCommit
from skylog.coordinator.sqlite.statements import write_rows
from skylog.core import Sequenced, sequence
from skylog.errors import Conflict, Fenced, SkylogError

LogRow = tuple[int, int, int, int, int]
ProducerRow = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class Committed:
    """A commit that is written, for the memory that readers ask."""

    segment_no: int
    key: str
    size: int
    sequenced: Sequenced
    extents: int


def commit_segments(
    connection: sqlite3.Connection,
    commits: Sequence[tuple[SegmentCommit, Sequence[int | None]]],
    now_ms: int,
) -> list[Committed | SkylogError]:
    """Write commits in this order; with each come the numbers of its logs."""
    epochs = dict(connection.execute("SELECT broker_id, epoch FROM brokers"))
    outcomes: list[Committed | SkylogError] = []
    for commit, numbers in commits:
        refusal = _refusal(commit, epochs, now_ms)
        outcomes.append(refusal or _commit(connection, commit, numbers, now_ms))
    return outcomes


def _refusal(commit: SegmentCommit, epochs: dict[int, int], now_ms: int) -> SkylogError | None:
    epoch = epochs.get(commit.broker_id)
    if epoch != commit.broker_epoch:
        return Fenced(
            f"segment {commit.key}: broker {commit.broker_id}: expected epoch {epoch}, "
            f"found {commit.broker_epoch}: another broker has taken over its id"
        )
    if now_ms - commit.created_ms > COMMIT_DEADLINE_MS:
        return Conflict(
            f"segment {commit.key}: expected at most {COMMIT_DEADLINE_MS} ms from creation to commit, "
            f"found {now_ms - commit.created_ms}"
        )
    return None


def _commit(
    connection: sqlite3.Connection, commit: SegmentCommit, numbers: Sequence[int | None], now_ms: int
) -> Committed:
    logs = load_logs(connection, numbers)
    keys = [(numbers[log], producer_id) for log, producer_id in commit.sealed.producers]
    producers = load_producers(connection, keys)
    sequenced = sequence(commit.sealed, logs, producers, now_ms)
    extents = sequenced.extent_rows
    segment_no = _write_segment(connection, commit, len(extents), now_ms)
    if extents:
        _write_extents(connection, segment_no, extents)
        _write_states(connection, sequenced)
    return Committed(segment_no, commit.key, commit.size, sequenced, len(extents))


def load_logs(connection: sqlite3.Connection, numbers: Sequence[int | None]) -> list[LogRow | None]:
    """Return the states of logs in the order asked, None for one that is gone."""
    (found,) = connection.execute(
        """
        SELECT json_group_array(json_array(
            iif(t.topic_no IS NULL, NULL, l.log_no), l.log_start_offset, l.next_offset,
            l.running_max_timestamp, l.last_append_ms))
        FROM json_each(?) AS wanted
        LEFT JOIN logs AS l ON l.log_no = wanted.value
        LEFT JOIN topics AS t ON t.topic_no = l.topic_no AND t.deleted_ms IS NULL
        """,
        (json.dumps(numbers),),
    ).fetchone()
    return [tuple(row) if row[0] is not None else None for row in json.loads(found)]


def load_producers(
    connection: sqlite3.Connection, keys: Sequence[tuple[int | None, int]]
) -> list[ProducerRow | None]:
    """Return what is remembered of (log number, producer id) each, in the order asked."""
    if not keys:
        return []
    (found,) = connection.execute(
        """
        SELECT json_group_array(json_array(p.producer_epoch, hex(p.batches)))
        FROM json_each(?) AS wanted
        LEFT JOIN producers AS p ON p.log_no = json_extract(wanted.value, '$[0]')
            AND p.producer_id = json_extract(wanted.value, '$[1]')
        """,
        (json.dumps(keys),),
    ).fetchone()
    rows = json.loads(found)
    return [(epoch, bytes.fromhex(batches)) if epoch is not None else None for epoch, batches in rows]


def _write_segment(connection: sqlite3.Connection, commit: SegmentCommit, extents: int, now_ms: int) -> int:
    row = (commit.key, commit.size, commit.created_ms, extents, None if extents else now_ms)
    ((segment_no,),) = connection.execute(
        """
        INSERT INTO segments (key, size, created_ms, extents, deletable_ms) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (key) DO UPDATE SET extents = extents + excluded.extents,
            deletable_ms = CASE WHEN excluded.extents > 0 THEN NULL ELSE deletable_ms END
        RETURNING segment_no
        """,
        row,
    ).fetchall()
    return int(segment_no)


def _write_extents(connection: sqlite3.Connection, segment_no: int, rows: Sequence[tuple[int, ...]]) -> None:
    packed = struct.pack(f"<{8 * len(rows)}q", *chain.from_iterable(rows))
    connection.execute("INSERT INTO arrivals (segment_no, extents) VALUES (?, ?)", (segment_no, packed))


def _write_states(connection: sqlite3.Connection, sequenced: Sequenced) -> None:
    # The plus keeps SQLite from looking up `grown` by an index it would have to build first.
    write_rows(
        connection,
        "WITH grown (next_offset, running_max_timestamp, last_append_ms, log_no) AS (VALUES ",
        """) UPDATE logs SET next_offset = grown.next_offset,
        running_max_timestamp = grown.running_max_timestamp, last_append_ms = grown.last_append_ms
        FROM grown WHERE logs.log_no = +grown.log_no""",
        sequenced.log_rows,
    )
    write_rows(
        connection,
        "INSERT OR REPLACE INTO producers (log_no, producer_id, producer_epoch, batches, last_ms) VALUES ",
        "",
        sequenced.producer_rows,
    )
