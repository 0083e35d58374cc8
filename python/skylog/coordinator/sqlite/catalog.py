"""Topics, their logs, configs and brokers."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from skylog.errors import Conflict, InvalidRequest, NotFound, SkylogError
from skylog.model import ConfigChange, NewTopic, Topic, format_topic_id

Log: TypeAlias = tuple[int, bytes, int, int, int]
"""(log_no, topic_id, partition, log_start_offset, next_offset), as the index takes it."""

TOPICS = """
    SELECT t.topic_id, t.name, t.partitions, (
        SELECT json_group_object(c.key, c.value) FROM configs AS c WHERE c.kind = 'topic' AND c.name = t.name)
    FROM topics AS t WHERE t.deleted_ms IS NULL
"""

LOGS = """
    SELECT l.log_no, t.topic_id, l.partition, l.log_start_offset, l.next_offset
    FROM logs AS l JOIN topics AS t ON t.topic_no = l.topic_no WHERE t.deleted_ms IS NULL
"""


def load_or_make_cluster(connection: sqlite3.Connection, new_id: str, now_ms: int) -> tuple[str, int]:
    """Return the cluster's id and when it was made: `new_id` and now if there is none yet."""
    connection.execute("INSERT OR IGNORE INTO cluster VALUES (1, ?, ?, 0)", (new_id, now_ms))
    ((cluster_id, created_ms),) = connection.execute("SELECT cluster_id, created_ms FROM cluster").fetchall()
    return str(cluster_id), int(created_ms)


def register_broker(connection: sqlite3.Connection, broker_id: int) -> int:
    """Raise a broker's epoch and return it."""
    ((epoch,),) = connection.execute(
        "INSERT INTO brokers VALUES (?, 1) ON CONFLICT DO UPDATE SET epoch = epoch + 1 RETURNING epoch",
        (broker_id,),
    ).fetchall()
    return int(epoch)


def list_logs(connection: sqlite3.Connection) -> list[Log]:
    """Return all logs of live topics."""
    return connection.execute(LOGS).fetchall()


def list_topics(connection: sqlite3.Connection) -> list[Topic]:
    """Return live topics by name."""
    return [_topic(row) for row in connection.execute(TOPICS + "ORDER BY t.name")]


def _topic(row: tuple[bytes, str, int, str]) -> Topic:
    topic_id, name, partitions, configs = row
    return Topic(topic_id, name, partitions, json.loads(configs))


def create_topics(
    connection: sqlite3.Connection, wishes: Sequence[NewTopic]
) -> list[tuple[Topic, list[Log]] | SkylogError]:
    """Create topics with their logs."""
    return [_create_topic(connection, wish) for wish in wishes]


def _create_topic(connection: sqlite3.Connection, wish: NewTopic) -> tuple[Topic, list[Log]] | SkylogError:
    if wish.partitions < 1 or len(wish.topic_id) != 16:
        return InvalidRequest(
            f"topic {wish.name!r}: expected partitions and an id of 16 bytes, found {wish.partitions} and "
            f"{len(wish.topic_id)} bytes"
        )
    taken = connection.execute(
        "SELECT name FROM topics WHERE (name = ? AND deleted_ms IS NULL) OR topic_id = ?",
        (wish.name, wish.topic_id),
    ).fetchone()
    if taken:
        return Conflict(f"topic {wish.name!r}: its name or id belongs to topic {taken[0]!r}")
    connection.execute(
        "INSERT INTO topics (topic_id, name, partitions) VALUES (?, ?, 0)", (wish.topic_id, wish.name)
    )
    _set_configs(connection, "topic", wish.name, wish.configs)
    return _grow(connection, wish.topic_id, wish.partitions)


def _grow(connection: sqlite3.Connection, topic_id: bytes, partitions: int) -> tuple[Topic, list[Log]]:
    ((topic_no, before),) = connection.execute(
        "SELECT topic_no, partitions FROM topics WHERE topic_id = ?", (topic_id,)
    ).fetchall()
    connection.execute("UPDATE topics SET partitions = ? WHERE topic_no = ?", (partitions, topic_no))
    connection.execute(
        """
        WITH RECURSIVE new (partition) AS (
            VALUES (:before) UNION ALL SELECT partition + 1 FROM new WHERE partition + 1 < :partitions)
        INSERT INTO logs (topic_no, partition) SELECT :topic_no, partition FROM new
        """,
        {"before": before, "partitions": partitions, "topic_no": topic_no},
    )
    logs = connection.execute(
        LOGS + "AND l.topic_no = ? AND l.partition >= ? ORDER BY l.partition", (topic_no, before)
    )
    topic = connection.execute(TOPICS + "AND t.topic_no = ?", (topic_no,)).fetchone()
    return _topic(topic), logs.fetchall()


def create_partitions(
    connection: sqlite3.Connection, counts: Mapping[bytes, int]
) -> list[tuple[Topic, list[Log]] | SkylogError]:
    """Grow topics."""
    return [_create_partitions(connection, topic_id, count) for topic_id, count in counts.items()]


def _create_partitions(
    connection: sqlite3.Connection, topic_id: bytes, count: int
) -> tuple[Topic, list[Log]] | SkylogError:
    found = connection.execute(TOPICS + "AND t.topic_id = ?", (topic_id,)).fetchone()
    if found is None:
        return _no_topic(topic_id)
    topic = _topic(found)
    if count <= topic.partitions:
        return Conflict(
            f"topic {topic.name!r}: expected more than {topic.partitions} partitions, found {count}"
        )
    return _grow(connection, topic_id, count)


def _no_topic(topic_id: bytes) -> NotFound:
    return NotFound(f"topic id {format_topic_id(topic_id)}: no such topic")


def delete_topics(
    connection: sqlite3.Connection, topic_ids: Sequence[bytes], now_ms: int
) -> list[SkylogError | None]:
    """Hide topics and drop what is kept by their name; all else goes by and by."""
    return [_delete_topic(connection, topic_id, now_ms) for topic_id in topic_ids]


def _delete_topic(connection: sqlite3.Connection, topic_id: bytes, now_ms: int) -> SkylogError | None:
    found = connection.execute(
        "SELECT topic_no, name FROM topics WHERE topic_id = ? AND deleted_ms IS NULL", (topic_id,)
    ).fetchone()
    if found is None:
        return _no_topic(topic_id)
    topic_no, name = found
    connection.execute("UPDATE topics SET deleted_ms = ? WHERE topic_no = ?", (now_ms, topic_no))
    connection.execute("DELETE FROM configs WHERE kind = 'topic' AND name = ?", (name,))
    return None


def alter_configs(
    connection: sqlite3.Connection, changes: Sequence[ConfigChange]
) -> list[SkylogError | None]:
    """Set and remove explicit configs."""
    return [_alter(connection, change) for change in changes]


def _alter(connection: sqlite3.Connection, change: ConfigChange) -> SkylogError | None:
    if change.kind == "topic":
        topic = "SELECT 1 FROM topics WHERE name = ? AND deleted_ms IS NULL"
        if connection.execute(topic, (change.name,)).fetchone() is None:
            return NotFound(f"topic {change.name!r}: no such topic")
    _set_configs(connection, change.kind, change.name, change.values)
    return None


def _set_configs(
    connection: sqlite3.Connection, kind: str, name: str, values: Mapping[str, str | None]
) -> None:
    for key, value in values.items():
        connection.execute("DELETE FROM configs WHERE kind = ? AND name = ? AND key = ?", (kind, name, key))
        if value is not None:
            connection.execute("INSERT INTO configs VALUES (?, ?, ?, ?)", (kind, name, key, value))


def load_configs(connection: sqlite3.Connection, kind: str) -> dict[str, dict[str, str]]:
    """Return all explicit configs of a kind by name."""
    found: dict[str, dict[str, str]] = {}
    rows = "SELECT name, key, value FROM configs WHERE kind = ? ORDER BY name, key"
    for name, key, value in connection.execute(rows, (kind,)):
        found.setdefault(name, {})[key] = value
    return found
