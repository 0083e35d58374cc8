"""CreatePartitions as clients see it."""

from typing import Any

import pytest

from catalog.room import CREATE_PARTITIONS, Room
from skylog.wire.codes import ErrorCode


def wish(name: str, count: int, assigned: list[list[int]] | None = None) -> dict[str, Any]:
    assignments = None if assigned is None else [{"broker_ids": brokers} for brokers in assigned]
    return {"name": name, "count": count, "assignments": assignments}


async def grow(
    room: Room, *wishes: dict[str, Any], version: int = 3, validate_only: bool = False
) -> list[str]:
    answer = await room.ask(
        CREATE_PARTITIONS, version, topics=list(wishes), timeout_ms=5_000, validate_only=validate_only
    )
    assert [row["name"] for row in answer["results"]] == list(dict.fromkeys(each["name"] for each in wishes))
    return [ErrorCode(row["error_code"]).name for row in answer["results"]]


def partitions(room: Room) -> dict[str, int]:
    return {topic.name: topic.partitions for topic in room.catalog.all()}


@pytest.mark.parametrize("version", range(4))
async def test_every_version(room: Room, version: int) -> None:
    await room.make("a", 2)
    assert await grow(room, wish("a", 5), version=version) == ["NONE"]
    assert partitions(room) == {"a": 5}
    assert [topic.partitions for topic in await room.coordinator.list_topics()] == [5]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (wish("a", 2), "INVALID_PARTITIONS"),
        (wish("a", 1), "INVALID_PARTITIONS"),
        (wish("a", -1), "INVALID_PARTITIONS"),
        (wish("a", 100_001), "INVALID_PARTITIONS"),
        (wish("b", 3), "UNKNOWN_TOPIC_OR_PARTITION"),
        (wish("a", 4, [[1]]), "INVALID_REPLICA_ASSIGNMENT"),
        (wish("a", 3, []), "INVALID_REPLICA_ASSIGNMENT"),
        (wish("a", 3, [[1, 1]]), "INVALID_REPLICA_ASSIGNMENT"),
        (wish("a", 3, [[]]), "INVALID_REPLICA_ASSIGNMENT"),
    ],
)
async def test_what_is_refused_and_how(room: Room, given: dict[str, Any], expected: str) -> None:
    await room.make("a", 2)
    assert await grow(room, given) == [expected]
    assert await grow(room, given, validate_only=True) == [expected]
    assert partitions(room) == {"a": 2}


async def test_a_refused_topic_does_not_spoil_its_neighbours(room: Room) -> None:
    for name in "abc":
        await room.make(name, 2)
    expected = ["NONE", "INVALID_PARTITIONS", "INVALID_REQUEST"]
    assert await grow(room, wish("a", 3), wish("b", 2), wish("c", 3), wish("c", 4)) == expected
    assert partitions(room) == {"a": 3, "b": 2, "c": 2}


async def test_assignments_for_just_the_new_partitions_are_taken(room: Room) -> None:
    await room.make("a", 2)
    assert await grow(room, wish("a", 4, [[1], [2, 3]])) == ["NONE"]


async def test_validating_changes_nothing(room: Room) -> None:
    await room.make("a", 2)
    assert await grow(room, wish("a", 4), validate_only=True) == ["NONE"]
    assert partitions(room) == {"a": 2}


async def test_another_broker_was_first(room: Room) -> None:
    topic = await room.make("a", 2)
    await room.coordinator.create_partitions({topic.topic_id: 6})
    assert await grow(room, wish("a", 4)) == ["INVALID_PARTITIONS"]
    assert partitions(room) == {"a": 6}


async def test_an_unreachable_coordinator_is_a_timeout(room: Room) -> None:
    await room.make("a", 2)
    room.faults.lost_requests = {"create_partitions"}
    assert await grow(room, wish("a", 4)) == ["REQUEST_TIMED_OUT"]
    assert partitions(room) == {"a": 2}
