"""Elections, reassignments and moves between directories where brokers hold no replicas."""

from typing import Any

import pytest

from catalog.conftest import NewRoom
from catalog.room import (
    ALTER_PARTITION_REASSIGNMENTS,
    ALTER_REPLICA_LOG_DIRS,
    ELECT_LEADERS,
    LIST_PARTITION_REASSIGNMENTS,
    Room,
)
from skylog.model import ClusterView, Node
from skylog.wire.codes import ErrorCode

UNKNOWN, NOT_NEEDED = "UNKNOWN_TOPIC_OR_PARTITION", "ELECTION_NOT_NEEDED"
BAD_ASSIGNMENT, BAD_FACTOR = "INVALID_REPLICA_ASSIGNMENT", "INVALID_REPLICATION_FACTOR"


def name(code: int) -> str:
    return ErrorCode(code).name


async def elect(
    room: Room, version: int, *asked: tuple[str, list[int]], kind: int = 0
) -> tuple[str, list[tuple[str, list[tuple[int, str]]]]]:
    topics = [{"topic": topic, "partitions": indexes} for topic, indexes in asked]
    answer = await room.ask(
        ELECT_LEADERS, version, topic_partitions=topics, **({"election_type": kind} if version else {})
    )
    return name(answer["error_code"]), [
        (
            row["topic"],
            [(part["partition_id"], name(part["error_code"])) for part in row["partition_result"]],
        )
        for row in answer["replica_election_results"]
    ]


@pytest.mark.parametrize("version", range(3))
async def test_no_election_is_ever_needed(room: Room, version: int) -> None:
    await room.make("a", 2)
    asked = [("a", [0, 1, 2, -1]), ("absent", [0]), ("", [0]), ("a", [0, 0]), ("a", [])]
    for kind in (0, 1):
        assert await elect(room, version, *asked, kind=kind) == (
            "NONE",
            [
                ("a", [(0, NOT_NEEDED), (1, NOT_NEEDED), (2, UNKNOWN), (-1, UNKNOWN)]),
                ("absent", [(0, UNKNOWN)]),
                ("", [(0, UNKNOWN)]),
                ("a", [(0, NOT_NEEDED), (0, NOT_NEEDED)]),
                ("a", []),
            ],
        )


@pytest.mark.parametrize("version", range(3))
async def test_for_all_partitions_only_new_leaders_are_told(room: Room, version: int) -> None:
    await room.make("a", 2)
    await room.make("b")
    answer = await room.ask(ELECT_LEADERS, version, topic_partitions=None)
    assert answer["replica_election_results"] == [
        {"topic": "a", "partition_result": []},
        {"topic": "b", "partition_result": []},
    ]


@pytest.mark.parametrize("kind", [2, -1])
async def test_kinds_of_elections_that_do_not_exist(room: Room, kind: int) -> None:
    await room.make("a")
    for version in (1, 2):
        refused = ("INVALID_REQUEST", [("a", [(0, "INVALID_REQUEST")])])
        assert await elect(room, version, ("a", [0]), kind=kind) == refused


async def test_no_reassignment_is_ever_under_way(room: Room) -> None:
    await room.make("a")
    for topics in (None, [], [{"name": "a", "partition_indexes": [0, 0, 9]}], [{"name": "absent"}]):
        answer = await room.ask(LIST_PARTITION_REASSIGNMENTS, 0, topics=topics)
        assert (answer["error_code"], answer["error_message"], answer["topics"]) == (0, None, [])


async def reassign(
    room: Room, version: int, *asked: tuple[str, int, list[int] | None], **options: Any
) -> list[str]:
    topics = [
        {"name": topic, "partitions": [{"partition_index": index, "replicas": replicas}]}
        for topic, index, replicas in asked
    ]
    answer = await room.ask(ALTER_PARTITION_REASSIGNMENTS, version, topics=topics, **options)
    assert answer["error_code"] == 0
    rows = [(row["name"], part) for row in answer["responses"] for part in row["partitions"]]
    assert [(topic, part["partition_index"]) for topic, part in rows] == [each[:2] for each in asked]
    return [name(part["error_code"]) for _, part in rows]


@pytest.mark.parametrize("version", range(2))
async def test_what_may_be_assigned_and_what_is_nonsense(room: Room, version: int) -> None:
    await room.make("a", 2)
    assert await reassign(
        room,
        version,
        ("a", 0, [1]),
        ("a", 1, None),
        ("a", 0, []),
        ("a", 0, [1, 1]),
        ("a", 0, [-1]),
        ("a", 0, [2]),
        ("a", 0, [1, 2]),
        ("a", 2, [1]),
        ("a", -1, None),
        ("absent", 0, [2]),
        ("a", 0, [1]),
    ) == [
        "NONE",
        "NO_REASSIGNMENT_IN_PROGRESS",
        *[BAD_ASSIGNMENT] * 5,
        *[UNKNOWN] * 3,
        "NONE",
    ]


async def test_any_living_broker_may_be_named(room: Room) -> None:
    room.view = ClusterView("C", (Node(1, "x", 1), Node(2, "y", 1)), 1)
    await room.make("a")
    asked = [("a", 0, [2]), ("a", 0, [2, 1]), ("a", 0, [3])]
    assert await reassign(room, 1, *asked) == ["NONE", "NONE", BAD_ASSIGNMENT]
    assert await reassign(room, 1, *asked, allow_replication_factor_change=False) == [
        "NONE",
        BAD_FACTOR,
        BAD_ASSIGNMENT,
    ]


async def move(room: Room, version: int, *asked: tuple[str, str, list[int]]) -> dict[tuple[str, int], str]:
    dirs = [{"path": path, "topics": [{"name": topic, "partitions": at}]} for path, topic, at in asked]
    answer = await room.ask(ALTER_REPLICA_LOG_DIRS, version, dirs=dirs)
    return {
        (row["topic_name"], part["partition_index"]): name(part["error_code"])
        for row in answer["results"]
        for part in row["partitions"]
    }


@pytest.mark.parametrize("version", range(1, 3))
async def test_the_one_directory_is_where_everything_lies(new_room: NewRoom, version: int) -> None:
    room = await new_room(store="s3://bucket/prefix?endpoint_url=http://x")
    await room.make("a", 2)
    here, elsewhere = "s3://bucket/prefix", "/var/lib/kafka"
    assert await move(room, version, (here, "a", [0, 1, 2, -1]), (here, "absent", [0])) == {
        ("a", 0): "NONE",
        ("a", 1): "NONE",
        ("a", 2): UNKNOWN,
        ("a", -1): UNKNOWN,
        ("absent", 0): UNKNOWN,
    }
    assert await move(room, version, (elsewhere, "a", [0]), ("", "absent", [0])) == {
        ("a", 0): "LOG_DIR_NOT_FOUND",
        ("absent", 0): "LOG_DIR_NOT_FOUND",
    }


async def test_the_last_directory_counts_and_nothing_asked_is_nothing_answered(room: Room) -> None:
    await room.make("a", 2)
    asked = [("memory:", "a", [0, 0]), ("/nowhere", "a", [0, 1]), ("memory:", "a", [1])]
    assert await move(room, 2, *asked) == {("a", 0): "LOG_DIR_NOT_FOUND", ("a", 1): "NONE"}
    assert await move(room, 2) == await move(room, 2, ("memory:", "a", [])) == {}
