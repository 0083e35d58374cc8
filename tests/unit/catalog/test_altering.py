"""IncrementalAlterConfigs as clients see it."""

from typing import Any

import pytest

from catalog.conftest import NewRoom
from catalog.room import INCREMENTAL_ALTER_CONFIGS, Room
from skylog.wire.codes import ErrorCode

TOPIC, BROKER, LOGGER, GROUP = 2, 4, 8, 32
SET, DELETE, APPEND, SUBTRACT = range(4)


def edit(kind: int, name: str, *operations: tuple[str, int, str | None]) -> dict[str, Any]:
    configs = [
        {"name": key, "config_operation": operation, "value": value} for key, operation, value in operations
    ]
    return {"resource_type": kind, "resource_name": name, "configs": configs}


async def alter(
    room: Room, *edits: dict[str, Any], version: int = 1, validate_only: bool = False
) -> list[str]:
    answer = await room.ask(
        INCREMENTAL_ALTER_CONFIGS, version, resources=list(edits), validate_only=validate_only
    )
    for row in answer["responses"]:
        assert (row["error_code"] == 0) == (row["error_message"] is None)
    return [ErrorCode(row["error_code"]).name for row in answer["responses"]]


async def stored(room: Room) -> dict[str, dict[str, str]]:
    return {topic.name: dict(topic.configs) for topic in await room.coordinator.list_topics()}


@pytest.mark.parametrize("version", range(2))
async def test_set_and_delete_in_every_version(room: Room, version: int) -> None:
    await room.make("a", retention_ms="1", segment_ms="2")
    change = edit(TOPIC, "a", ("retention.ms", DELETE, None), ("max.message.bytes", SET, " 99 "))
    assert await alter(room, change, version=version) == ["NONE"]
    assert await stored(room) == {"a": {"segment.ms": "2", "max.message.bytes": "99"}}
    assert room.catalog.settings.rules(room.catalog.all()[0].configs).batch_bytes_max == 99


async def test_deleting_what_was_never_set(room: Room) -> None:
    await room.make("a")
    assert await alter(room, edit(TOPIC, "a", ("retention.ms", DELETE, None))) == ["NONE"]
    assert await stored(room) == {"a": {}}


async def test_deleting_a_config_that_does_not_exist_leaves_the_others(room: Room) -> None:
    await room.make("a", segment_ms="7")
    change = edit(TOPIC, "a", ("retention.moons", DELETE, None), ("retention.ms", SET, "1"))
    assert await alter(room, change) == ["NONE"]
    assert await stored(room) == {"a": {"segment.ms": "7", "retention.ms": "1"}}


async def test_lists_grow_and_shrink_from_the_value_that_holds(room: Room) -> None:
    await room.make("a")
    policy = "cleanup.policy"
    assert await alter(room, edit(TOPIC, "a", (policy, APPEND, "compact,delete"))) == ["NONE"]
    assert await stored(room) == {"a": {policy: "delete,compact"}}
    assert await alter(room, edit(TOPIC, "a", (policy, SUBTRACT, "delete"))) == ["NONE"]
    assert await stored(room) == {"a": {policy: "compact"}}
    assert room.catalog.settings.rules(room.catalog.all()[0].configs).compacted
    assert await alter(room, edit(TOPIC, "a", (policy, SUBTRACT, "compact"))) == ["NONE"]
    assert await stored(room) == {"a": {policy: ""}}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (edit(TOPIC, "absent", ("retention.ms", SET, "1")), "UNKNOWN_TOPIC_OR_PARTITION"),
        (edit(TOPIC, "a", ("retention.moons", SET, "1")), "INVALID_CONFIG"),
        (edit(TOPIC, "", ("retention.ms", SET, "1")), "INVALID_REQUEST"),
        (edit(TOPIC, "no good", ("retention.ms", SET, "1")), "INVALID_TOPIC_EXCEPTION"),
        (edit(TOPIC, "a", ("retention.ms", SET, "-2")), "INVALID_CONFIG"),
        (edit(TOPIC, "a", ("retention.ms", SET, None)), "INVALID_REQUEST"),
        (edit(TOPIC, "a", ("retention.ms", APPEND, "1")), "INVALID_CONFIG"),
        (edit(TOPIC, "a", ("cleanup.policy", APPEND, "shred")), "INVALID_CONFIG"),
        (edit(TOPIC, "a", ("retention.ms", 4, "1")), "INVALID_REQUEST"),
        (edit(TOPIC, "a", ("retention.ms", SET, "1"), ("retention.ms", DELETE, None)), "INVALID_REQUEST"),
        (edit(TOPIC, "a", ("max.compaction.lag.ms", SET, "4")), "INVALID_CONFIG"),
        (edit(BROKER, "", ("num.partitions", SET, "1")), "INVALID_CONFIG"),
        (edit(BROKER, "", ("retention.ms", SET, "1")), "INVALID_CONFIG"),
        (edit(BROKER, "", ("log.retention.ms", SET, "soon")), "INVALID_CONFIG"),
        (edit(BROKER, "1", ("log.retention.ms", SET, "1")), "INVALID_REQUEST"),
        (edit(LOGGER, "1", ("root", SET, "INFO")), "INVALID_REQUEST"),
        (edit(GROUP, "g", ("consumer.session.timeout.ms", SET, "1")), "INVALID_REQUEST"),
    ],
)
async def test_what_is_refused_and_how(room: Room, change: dict[str, Any], expected: str) -> None:
    await room.make("a", min_compaction_lag_ms="5")
    assert await alter(room, change) == [expected]
    assert await alter(room, change, validate_only=True) == [expected]
    assert await stored(room) == {"a": {"min.compaction.lag.ms": "5"}}
    assert "alter_configs" not in room.faults.calls


async def test_per_resource_all_or_nothing(room: Room) -> None:
    await room.make("a")
    await room.make("b")
    bad = edit(TOPIC, "a", ("retention.ms", SET, "1"), ("segment.ms", SET, "never"))
    assert await alter(room, bad, edit(TOPIC, "b", ("retention.ms", SET, "1"))) == ["INVALID_CONFIG", "NONE"]
    assert await stored(room) == {"a": {}, "b": {"retention.ms": "1"}}


async def test_a_resource_that_stands_twice(room: Room) -> None:
    await room.make("a")
    change = edit(TOPIC, "a", ("retention.ms", SET, "1"))
    assert await alter(room, change, change) == ["INVALID_REQUEST"]
    assert await stored(room) == {"a": {}}


async def test_validating_changes_nothing(room: Room) -> None:
    await room.make("a")
    assert await alter(room, edit(TOPIC, "a", ("retention.ms", SET, "1")), validate_only=True) == ["NONE"]
    assert await stored(room) == {"a": {}}


async def test_defaults_of_all_brokers_hold_for_every_topic_that_says_nothing(
    room: Room, new_room: NewRoom
) -> None:
    await room.make("a")
    change = edit(BROKER, "", ("log.message.timestamp.type", SET, "LogAppendTime"))
    assert await alter(room, change) == ["NONE"]
    assert room.catalog.settings.rules({}).log_append_time
    again = await new_room()
    assert again.catalog.settings.rules({}).log_append_time
    undo = edit(BROKER, "", ("log.message.timestamp.type", DELETE, None))
    assert await alter(room, undo) == ["NONE"]
    assert not room.catalog.settings.rules({}).log_append_time
    assert await room.coordinator.load_configs("broker") in ({}, {"": {}})


async def test_a_topic_appends_to_the_default_of_all_brokers(room: Room) -> None:
    await room.make("a")
    assert await alter(room, edit(BROKER, "", ("log.cleanup.policy", SET, "compact"))) == ["NONE"]
    assert await alter(room, edit(TOPIC, "a", ("cleanup.policy", APPEND, "delete"))) == ["NONE"]
    assert await stored(room) == {"a": {"cleanup.policy": "compact,delete"}}


async def test_an_unreachable_coordinator_is_a_timeout(room: Room) -> None:
    await room.make("a")
    room.faults.lost_requests = {"alter_configs"}
    change = edit(TOPIC, "a", ("retention.ms", SET, "1"))
    assert await alter(room, change, edit(TOPIC, "b")) == ["REQUEST_TIMED_OUT", "UNKNOWN_TOPIC_OR_PARTITION"]
