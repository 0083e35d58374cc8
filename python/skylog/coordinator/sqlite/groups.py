"""Groups and their committed offsets."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from skylog.coordinator.sqlite.statements import write_rows
from skylog.errors import NotFound, SkylogError
from skylog.model import CommittedOffset, GroupRecord, format_topic_id

OFFSETS = """
    SELECT t.topic_id, o.partition, o.committed_offset, o.leader_epoch, o.metadata, o.committed_ms
    FROM group_offsets AS o JOIN topics AS t ON t.topic_no = o.topic_no
    WHERE o.group_id = ? AND t.deleted_ms IS NULL ORDER BY t.name, o.partition
"""

# CROSS keeps what is asked first: a group may have many more offsets.
SOME_OFFSETS = """
    SELECT wanted.key, o.partition, o.committed_offset, o.leader_epoch, o.metadata, o.committed_ms
    FROM json_each(:places) AS wanted CROSS JOIN group_offsets AS o
    WHERE o.group_id = :group_id AND o.topic_no = json_extract(wanted.value, '$[0]')
        AND o.partition = json_extract(wanted.value, '$[1]')
"""


def commit_offsets(
    connection: sqlite3.Connection, group_id: str, offsets: Sequence[CommittedOffset], now_ms: int
) -> list[SkylogError | None]:
    """Store offsets, with a row for the group if it has none."""
    topics = _load_topics(connection, {offset.topic_id for offset in offsets})
    rows: list[tuple[object, ...]] = []
    outcomes: list[SkylogError | None] = []
    for offset in offsets:
        topic_no, partitions = topics.get(offset.topic_id, (0, 0))
        known = 0 <= offset.partition < partitions
        outcomes.append(None if known else _no_partition(offset.topic_id, offset.partition))
        if known:
            rows.append(_row(group_id, topic_no, offset, now_ms))
    connection.execute("INSERT OR IGNORE INTO groups VALUES (?, '', 0)", (group_id,))
    write_rows(
        connection,
        "INSERT INTO group_offsets VALUES ",
        """ ON CONFLICT DO UPDATE SET committed_offset = excluded.committed_offset,
        leader_epoch = excluded.leader_epoch, metadata = excluded.metadata,
        committed_ms = excluded.committed_ms""",
        rows,
    )
    return outcomes


def _load_topics(connection: sqlite3.Connection, topic_ids: set[bytes]) -> dict[bytes, tuple[int, int]]:
    found = {}
    for topic_id in topic_ids:
        row = connection.execute(
            "SELECT topic_no, partitions FROM topics WHERE topic_id = ? AND deleted_ms IS NULL", (topic_id,)
        ).fetchone()
        if row is not None:
            found[topic_id] = (row[0], row[1])
    return found


def _no_partition(topic_id: bytes, partition: int) -> NotFound:
    return NotFound(f"topic id {format_topic_id(topic_id)}, partition {partition}: no such partition")


def _row(group_id: str, topic_no: int, offset: CommittedOffset, now_ms: int) -> tuple[object, ...]:
    committed_ms = now_ms if offset.committed_ms < 0 else offset.committed_ms
    place = (group_id, topic_no, offset.partition)
    return (*place, offset.offset, offset.leader_epoch, offset.metadata, committed_ms)


def fetch_offsets(
    connection: sqlite3.Connection, group_id: str, partitions: Sequence[tuple[bytes, int]] | None
) -> list[CommittedOffset | None]:
    """Return offsets in the order asked, or all by topic name."""
    if partitions is not None:
        return _fetch_some(connection, group_id, partitions)
    return [CommittedOffset(*row) for row in connection.execute(OFFSETS, (group_id,))]


def _fetch_some(
    connection: sqlite3.Connection, group_id: str, partitions: Sequence[tuple[bytes, int]]
) -> list[CommittedOffset | None]:
    topics = _load_topics(connection, {topic_id for topic_id, _ in partitions})
    places = [(topics.get(topic_id, (None,))[0], partition) for topic_id, partition in partitions]
    rows = connection.execute(SOME_OFFSETS, {"places": json.dumps(places), "group_id": group_id})
    found: list[CommittedOffset | None] = [None] * len(partitions)
    for place, *values in rows:
        found[place] = CommittedOffset(partitions[place][0], *values)
    return found


def delete_offsets(
    connection: sqlite3.Connection, group_id: str, partitions: Sequence[tuple[bytes, int]]
) -> None:
    """Forget offsets."""
    topics = _load_topics(connection, {topic_id for topic_id, _ in partitions})
    places = [(topics[topic_id][0], partition) for topic_id, partition in partitions if topic_id in topics]
    connection.execute(
        """
        DELETE FROM group_offsets WHERE group_id = ? AND (topic_no, partition) IN (
            SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))
        """,
        (group_id, json.dumps(places)),
    )


def save_group(connection: sqlite3.Connection, group: GroupRecord) -> None:
    """Store or replace a group's row."""
    row = (group.group_id, group.protocol_type, group.generation)
    connection.execute("INSERT OR REPLACE INTO groups VALUES (?, ?, ?)", row)


def list_groups(connection: sqlite3.Connection) -> list[GroupRecord]:
    """Return all groups by id."""
    rows = connection.execute("SELECT group_id, protocol_type, generation FROM groups ORDER BY group_id")
    return [GroupRecord(*row) for row in rows]


def find_groups(connection: sqlite3.Connection, group_ids: Sequence[str]) -> list[GroupRecord | None]:
    """Return groups in the order asked."""
    rows = connection.execute(
        "SELECT group_id, protocol_type, generation FROM groups"
        " WHERE group_id IN (SELECT value FROM json_each(?))",
        (json.dumps(group_ids),),
    )
    found = {row[0]: GroupRecord(*row) for row in rows}
    return [found.get(group_id) for group_id in group_ids]


def delete_groups(connection: sqlite3.Connection, group_ids: Sequence[str]) -> list[SkylogError | None]:
    """Remove groups with their offsets."""
    known = connection.execute(
        "SELECT group_id FROM groups WHERE group_id IN (SELECT value FROM json_each(?))",
        (json.dumps(group_ids),),
    )
    known_ids = {group_id for (group_id,) in known}
    rows = [(group_id,) for group_id in known_ids]
    connection.executemany("DELETE FROM group_offsets WHERE group_id = ?", rows)
    connection.executemany("DELETE FROM groups WHERE group_id = ?", rows)
    return [None if group_id in known_ids else NotFound(f"group {group_id!r}") for group_id in group_ids]
