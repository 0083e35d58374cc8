"""AlterConfigs and IncrementalAlterConfigs as clients see them."""

import asyncio
from typing import Any

import pytest

from catalog.conftest import NewRoom
from catalog.room import ALTER_CONFIGS, INCREMENTAL_ALTER_CONFIGS, Room
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


async def test_tools_may_tidy_up_what_brokers_never_had(room: Room) -> None:
    """kafka-reassign-partitions --verify deletes the throttles that it may have set on each broker."""
    rate = ("leader.replication.throttled.rate", DELETE, None)
    assert await alter(room, edit(BROKER, "", ("log.retention.ms", SET, "5"))) == ["NONE"]
    tidy = edit(BROKER, "1", rate, ("log.retention.ms", DELETE, None))
    assert await alter(room, tidy, edit(BROKER, "", rate, ("num.partitions", DELETE, None))) == ["NONE"] * 2
    assert room.catalog.settings.cluster == {"log.retention.ms": "5"}
    assert await room.coordinator.load_configs("broker") == {"": {"log.retention.ms": "5"}}


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
        (edit(BROKER, "", ("num.partitions", SET, "1")), "INVALID_REQUEST"),
        (edit(BROKER, "", ("log.retention.ms", APPEND, "1")), "INVALID_CONFIG"),
        (edit(BROKER, "", ("log.cleanup.policy", APPEND, "shred")), "INVALID_REQUEST"),
        (edit(BROKER, "", ("log.retention.ms", SET, None)), "INVALID_REQUEST"),
        (edit(BROKER, "", ("retention.ms", SET, "1")), "INVALID_CONFIG"),
        (edit(BROKER, "", ("log.retention.ms", SET, "soon")), "INVALID_REQUEST"),
        (edit(BROKER, "1", ("log.retention.ms", SET, "1")), "INVALID_REQUEST"),
        (edit(BROKER, "1", ("a", DELETE, None), ("log.retention.ms", SET, "1")), "INVALID_REQUEST"),
        (edit(BROKER, "2", ("a", DELETE, None)), "INVALID_REQUEST"),
        (edit(BROKER, "x" * 30_000, ("a", DELETE, None)), "INVALID_REQUEST"),
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


def whole(kind: int, name: str, *configs: tuple[str, str | None]) -> dict[str, Any]:
    named = [{"name": key, "value": value} for key, value in configs]
    return {"resource_type": kind, "resource_name": name, "configs": named}


async def replace(
    room: Room, *resources: dict[str, Any], version: int = 2, validate_only: bool = False
) -> list[str]:
    answer = await room.ask(ALTER_CONFIGS, version, resources=list(resources), validate_only=validate_only)
    return [ErrorCode(row["error_code"]).name for row in answer["responses"]]


@pytest.mark.parametrize("version", range(3))
async def test_replacing_brings_back_the_defaults_of_what_is_not_named(room: Room, version: int) -> None:
    await room.make("a", retention_ms="1", segment_ms="2")
    await room.make("b", retention_ms="1")
    change = whole(TOPIC, "a", ("max.message.bytes", " 99 "), ("segment.ms", "3"))
    assert await replace(room, change, version=version) == ["NONE"]
    assert await stored(room) == {
        "a": {"segment.ms": "3", "max.message.bytes": "99"},
        "b": {"retention.ms": "1"},
    }
    assert await replace(room, whole(TOPIC, "a"), version=version) == ["NONE"]
    assert (await stored(room))["a"] == {}


async def test_replacing_what_is_set_for_all_brokers(room: Room) -> None:
    first = whole(BROKER, "", ("log.retention.ms", "1"), ("log.segment.bytes", "2000000"))
    assert await replace(room, first) == ["NONE"]
    assert await replace(room, whole(BROKER, "", ("log.retention.ms", "2"))) == ["NONE"]
    assert room.catalog.settings.cluster == {"log.retention.ms": "2"}
    assert await room.coordinator.load_configs("broker") == {"": {"log.retention.ms": "2"}}


async def test_nothing_is_set_for_one_broker_so_nothing_replaces_nothing(room: Room) -> None:
    assert await replace(room, whole(BROKER, "", ("log.retention.ms", "1"))) == ["NONE"]
    assert await replace(room, whole(BROKER, "1"), whole(BROKER, "2")) == ["NONE", "INVALID_REQUEST"]
    assert room.catalog.settings.cluster == {"log.retention.ms": "1"}


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (whole(TOPIC, "absent", ("retention.ms", "1")), "UNKNOWN_TOPIC_OR_PARTITION"),
        (whole(TOPIC, "absent"), "UNKNOWN_TOPIC_OR_PARTITION"),
        (whole(TOPIC, "", ("retention.ms", "1")), "INVALID_REQUEST"),
        (whole(TOPIC, "no good"), "INVALID_TOPIC_EXCEPTION"),
        (whole(TOPIC, "a", ("retention.moons", "1")), "INVALID_CONFIG"),
        (whole(TOPIC, "a", ("retention.ms", "soon")), "INVALID_CONFIG"),
        (whole(TOPIC, "a", ("retention.ms", None)), "INVALID_REQUEST"),
        (whole(TOPIC, "a", ("retention.ms", "1"), ("retention.ms", "2")), "INVALID_REQUEST"),
        (
            whole(TOPIC, "a", ("min.compaction.lag.ms", "5"), ("max.compaction.lag.ms", "4")),
            "INVALID_CONFIG",
        ),
        (whole(BROKER, "1", ("log.retention.ms", "1")), "INVALID_REQUEST"),
        (whole(BROKER, "", ("num.partitions", "1")), "INVALID_REQUEST"),
        (whole(BROKER, "", ("log.retention.ms", "soon")), "INVALID_REQUEST"),
        (whole(BROKER, "", ("retention.ms", "1")), "INVALID_CONFIG"),
        (whole(LOGGER, "1", ("root", "INFO")), "INVALID_REQUEST"),
        (whole(0, "a"), "INVALID_REQUEST"),
    ],
)
async def test_what_cannot_replace(room: Room, resource: dict[str, Any], expected: str) -> None:
    await room.make("a", min_compaction_lag_ms="5")
    assert await replace(room, resource) == [expected]
    assert await replace(room, resource, validate_only=True) == [expected]
    assert await stored(room) == {"a": {"min.compaction.lag.ms": "5"}}


async def test_validating_a_replacement_changes_nothing(room: Room) -> None:
    await room.make("a", segment_ms="2")
    assert await replace(room, whole(TOPIC, "a", ("retention.ms", "1")), validate_only=True) == ["NONE"]
    assert await stored(room) == {"a": {"segment.ms": "2"}}


async def test_a_contradiction_with_what_is_replaced_is_none(room: Room) -> None:
    await room.make("a", min_compaction_lag_ms="5")
    assert await replace(room, whole(TOPIC, "a", ("max.compaction.lag.ms", "4"))) == ["NONE"]
    assert await stored(room) == {"a": {"max.compaction.lag.ms": "4"}}


async def test_a_replacement_goes_by_what_is_set_when_its_turn_comes(room: Room) -> None:
    await room.make("a")
    room.faults.held = {"alter_configs": asyncio.Event()}
    first = asyncio.create_task(alter(room, edit(TOPIC, "a", ("segment.ms", SET, "7"))))
    await room.settled(lambda: "alter_configs" in room.faults.calls)
    second = asyncio.create_task(replace(room, whole(TOPIC, "a", ("retention.ms", "1"))))
    await room.settled(lambda: "2 changes waiting" in repr(room.catalog))
    room.faults.release()
    assert [await first, await second] == [["NONE"], ["NONE"]]
    assert await stored(room) == {"a": {"retention.ms": "1"}}
