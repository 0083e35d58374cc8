"""CreateTopics as clients see it."""

from typing import Any

import pytest

from catalog.conftest import NewRoom
from catalog.room import CREATE_TOPICS, NO_ID, Room
from skylog.config import TopicsConfig
from skylog.wire.codes import ErrorCode


def wish(name: str, partitions: int = 1, factor: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "num_partitions": partitions,
        "replication_factor": factor,
        "assignments": [
            {"partition_index": index, "broker_ids": brokers} for index, brokers in more.pop("assigned", [])
        ],
        "configs": [{"name": key, "value": value} for key, value in more.pop("configs", {}).items()],
    }


async def create(room: Room, *wishes: dict[str, Any], version: int = 7, **body: Any) -> list[dict[str, Any]]:
    answer = await room.ask(CREATE_TOPICS, version, topics=list(wishes), timeout_ms=5_000, **body)
    return list(answer["topics"])


async def code(room: Room, given: dict[str, Any], **body: Any) -> ErrorCode:
    (row,) = await create(room, given, **body)
    assert (row["error_code"] == 0) == (row["error_message"] is None)
    return ErrorCode(row["error_code"])


@pytest.mark.parametrize("version", range(2, 8))
async def test_every_version(room: Room, version: int) -> None:
    (row,) = await create(room, wish("a", 3), version=version)
    topic = room.catalog.by_name("a")
    assert topic is not None
    assert (row["name"], row["error_code"]) == ("a", 0)
    assert row["topic_id"] == (topic.topic_id if version >= 7 else NO_ID)
    assert topic.partitions == 3
    if version >= 5:
        assert (row["num_partitions"], row["replication_factor"]) == (3, 1)
        assert len(row["configs"]) == 33


async def test_the_answer_says_which_configs_the_topic_got(room: Room) -> None:
    (row,) = await create(room, wish("a", configs={"retention.ms": " 60000 "}))
    configs = {entry["name"]: entry for entry in row["configs"]}
    assert configs["retention.ms"] == {
        "name": "retention.ms",
        "value": "60000",
        "read_only": False,
        "config_source": 1,
        "is_sensitive": False,
    }
    assert (configs["segment.ms"]["value"], configs["segment.ms"]["config_source"]) == ("604800000", 5)
    assert dict(room.catalog.all()[0].configs) == {"retention.ms": "60000"}


async def test_defaults_of_partitions_and_replicas(new_room: NewRoom) -> None:
    room = await new_room(topics=TopicsConfig(num_partitions=6))
    (row,) = await create(room, wish("a", -1, -1))
    assert (row["num_partitions"], row["replication_factor"]) == (6, 1)


async def test_any_replication_factor_is_taken_for_the_store_replicates(room: Room) -> None:
    (row,) = await create(room, wish("a", 1, 3))
    assert (row["error_code"], row["replication_factor"]) == (0, 1)
    assert await code(room, wish("b", 1, 0)) is ErrorCode.INVALID_REPLICATION_FACTOR
    assert await code(room, wish("b", 1, -2)) is ErrorCode.INVALID_REPLICATION_FACTOR


async def test_assignments_say_how_many_partitions(room: Room) -> None:
    (row,) = await create(room, wish("a", -1, -1, assigned=[(1, [2]), (0, [1, 7])]))
    assert row["num_partitions"] == 2


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (wish("a", 2, -1, assigned=[(0, [1])]), ErrorCode.INVALID_REQUEST),
        (wish("a", -1, 1, assigned=[(0, [1])]), ErrorCode.INVALID_REQUEST),
        (wish("a", -1, -1, assigned=[(1, [1])]), ErrorCode.INVALID_REPLICA_ASSIGNMENT),
        (wish("a", -1, -1, assigned=[(0, [1]), (0, [1])]), ErrorCode.INVALID_REPLICA_ASSIGNMENT),
        (wish("a", -1, -1, assigned=[(-1, [1]), (0, [1])]), ErrorCode.INVALID_REPLICA_ASSIGNMENT),
        (wish("a", -1, -1, assigned=[(0, [])]), ErrorCode.INVALID_REPLICA_ASSIGNMENT),
        (wish("a", -1, -1, assigned=[(0, [1, 1])]), ErrorCode.INVALID_REPLICA_ASSIGNMENT),
        (wish("a", -1, -1, assigned=[(0, [-1])]), ErrorCode.INVALID_REPLICA_ASSIGNMENT),
        (wish("a", 0), ErrorCode.INVALID_PARTITIONS),
        (wish("a", -2), ErrorCode.INVALID_PARTITIONS),
        (wish("a", 100_001), ErrorCode.INVALID_PARTITIONS),
        (wish("a", 2**31 - 1), ErrorCode.INVALID_PARTITIONS),
        (wish("__cluster_metadata"), ErrorCode.INVALID_REQUEST),
        (wish("a b"), ErrorCode.INVALID_TOPIC_EXCEPTION),
        (wish(""), ErrorCode.INVALID_TOPIC_EXCEPTION),
        (wish(".."), ErrorCode.INVALID_TOPIC_EXCEPTION),
        (wish("x" * 250), ErrorCode.INVALID_TOPIC_EXCEPTION),
        (wish("a", configs={"retention.moons": "1"}), ErrorCode.INVALID_CONFIG),
        (wish("a", configs={"retention.ms": "soon"}), ErrorCode.INVALID_CONFIG),
        (wish("a", configs={"retention.ms": None}), ErrorCode.INVALID_CONFIG),
        (
            wish("a", configs={"min.compaction.lag.ms": "2", "max.compaction.lag.ms": "1"}),
            ErrorCode.INVALID_CONFIG,
        ),
    ],
)
async def test_what_is_refused_and_how(room: Room, given: dict[str, Any], expected: ErrorCode) -> None:
    assert await code(room, given) is expected
    assert await code(room, given, validate_only=True) is expected
    assert "create_topics" not in room.faults.calls


async def test_a_refused_topic_does_not_spoil_its_neighbours(room: Room) -> None:
    await room.make("taken")
    rows = await create(room, wish("a"), wish("taken"), wish("b", 0), wish("c"))
    assert [(row["name"], ErrorCode(row["error_code"]).name) for row in rows] == [
        ("a", "NONE"),
        ("taken", "TOPIC_ALREADY_EXISTS"),
        ("b", "INVALID_PARTITIONS"),
        ("c", "NONE"),
    ]
    assert [bool(row["configs"]) for row in rows] == [True, False, False, True]
    assert None not in [row["configs"] for row in rows]
    assert [topic.name for topic in room.catalog.all()] == ["a", "c", "taken"]


async def test_a_name_that_stands_twice_gets_one_answer(room: Room) -> None:
    rows = await create(room, wish("a"), wish("a", 2), wish("b"))
    assert [(row["name"], row["error_code"]) for row in rows] == [("a", ErrorCode.INVALID_REQUEST), ("b", 0)]
    assert room.catalog.by_name("a") is None


async def test_names_that_look_alike_in_metrics(room: Room) -> None:
    await room.make("a.b")
    assert await code(room, wish("a_b")) is ErrorCode.INVALID_TOPIC_EXCEPTION
    rows = await create(room, wish("c.d"), wish("c_d"))
    assert [row["error_code"] for row in rows] == [0, ErrorCode.INVALID_TOPIC_EXCEPTION]


async def test_validating_creates_nothing(room: Room) -> None:
    (row,) = await create(room, wish("a", 4, configs={"retention.ms": "1"}), validate_only=True)
    assert (row["error_code"], row["num_partitions"], row["topic_id"]) == (0, 4, NO_ID)
    assert await room.coordinator.list_topics() == []


async def test_one_request_creates_a_bounded_number_of_partitions(new_room: NewRoom) -> None:
    room = await new_room(topics=TopicsConfig(partitions_max=10))
    rows = await create(room, wish("a", 6), wish("b", 6), wish("c", 4))
    assert [row["error_code"] for row in rows] == [0, ErrorCode.POLICY_VIOLATION, 0]
    assert await code(room, wish("b", 6)) is ErrorCode.NONE


async def test_another_broker_was_first(room: Room, new_room: NewRoom) -> None:
    other = await new_room()
    await other.make("a", 2)
    assert await code(room, wish("a")) is ErrorCode.TOPIC_ALREADY_EXISTS
    topic = room.catalog.by_name("a")
    assert topic is not None
    assert topic.partitions == 2


@pytest.mark.parametrize("timeout_ms", [0, -1, 2**31 - 1])
async def test_odd_timeouts_mean_what_clients_mean(room: Room, timeout_ms: int) -> None:
    answer = await room.ask(CREATE_TOPICS, 7, topics=[wish("a")], timeout_ms=timeout_ms)
    assert answer["topics"][0]["error_code"] == 0


async def test_an_unreachable_coordinator_is_a_timeout(room: Room) -> None:
    room.faults.lost_requests = {"create_topics"}
    rows = await create(room, wish("a"), wish("b", 0))
    assert [row["error_code"] for row in rows] == [ErrorCode.REQUEST_TIMED_OUT, ErrorCode.INVALID_PARTITIONS]
    assert "nobody answers" in rows[0]["error_message"]
