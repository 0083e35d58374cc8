"""DeleteTopics as clients see it."""

from typing import Any

import pytest

from catalog.room import DELETE_TOPICS, NO_ID, Room
from skylog.wire.codes import ErrorCode

STRANGER = bytes(range(16))


async def delete(room: Room, *wishes: tuple[str | None, bytes]) -> list[dict[str, Any]]:
    topics = [{"name": name, "topic_id": topic_id} for name, topic_id in wishes]
    answer = await room.ask(DELETE_TOPICS, 6, topics=topics, timeout_ms=5_000)
    return list(answer["responses"])


def codes(rows: list[dict[str, Any]]) -> list[str]:
    return [ErrorCode(row["error_code"]).name for row in rows]


@pytest.mark.parametrize("version", range(1, 6))
async def test_by_name_before_version_6(room: Room, version: int) -> None:
    await room.make("a")
    answer = await room.ask(DELETE_TOPICS, version, topic_names=["a", "b"], timeout_ms=5_000)
    rows = answer["responses"]
    assert [row["name"] for row in rows] == ["a", "b"]
    assert codes(rows) == ["NONE", "UNKNOWN_TOPIC_OR_PARTITION"]
    assert await room.coordinator.list_topics() == []


async def test_by_name_and_by_id(room: Room) -> None:
    a, b = await room.make("a"), await room.make("b")
    rows = await delete(room, ("a", NO_ID), (None, b.topic_id))
    assert [(row["name"], row["topic_id"], row["error_code"]) for row in rows] == [
        ("a", a.topic_id, 0),
        ("b", b.topic_id, 0),
    ]
    assert room.gone == [a.topic_id, b.topic_id]
    assert len(room.table) == 0


async def test_unknown_topics(room: Room) -> None:
    rows = await delete(room, ("a", NO_ID), (None, STRANGER))
    assert codes(rows) == ["UNKNOWN_TOPIC_OR_PARTITION", "UNKNOWN_TOPIC_ID"]
    assert [(row["name"], row["topic_id"]) for row in rows] == [("a", NO_ID), (None, STRANGER)]


async def test_wishes_that_name_a_topic_in_no_or_two_ways(room: Room) -> None:
    topic = await room.make("a")
    rows = await delete(room, (None, NO_ID), ("a", topic.topic_id))
    assert codes(rows) == ["INVALID_REQUEST", "INVALID_REQUEST"]
    assert room.catalog.by_name("a") is topic


async def test_a_topic_that_stands_twice(room: Room) -> None:
    a, b = await room.make("a"), await room.make("b")
    rows = await delete(room, ("a", NO_ID), ("a", NO_ID), ("b", NO_ID), (None, b.topic_id))
    assert codes(rows) == ["INVALID_REQUEST", "NONE", "INVALID_REQUEST"]
    assert list(room.catalog.all()) == [a]


async def test_another_broker_was_first(room: Room) -> None:
    topic = await room.make("a")
    await room.coordinator.delete_topics([topic.topic_id])
    assert codes(await delete(room, ("a", NO_ID))) == ["UNKNOWN_TOPIC_OR_PARTITION"]
    assert room.gone == [topic.topic_id]


async def test_an_unreachable_coordinator_is_a_timeout(room: Room) -> None:
    topic = await room.make("a")
    room.faults.lost_requests = {"delete_topics"}
    assert codes(await delete(room, ("a", NO_ID))) == ["REQUEST_TIMED_OUT"]
    assert room.catalog.by_name("a") is topic
    assert room.gone == []
