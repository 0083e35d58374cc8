"""DescribeConfigs as clients see it."""

import logging
from typing import Any

import pytest

from catalog.conftest import NewRoom
from catalog.room import DESCRIBE_CONFIGS, Room
from skylog.config import ServerConfig, TopicsConfig
from skylog.model import ConfigChange
from skylog.wire.codes import ErrorCode

TOPIC, BROKER, LOGGER, METRICS, GROUP = 2, 4, 8, 16, 32
DYNAMIC_TOPIC, DYNAMIC_DEFAULT, STATIC, DEFAULT, LOGGER_LEVEL = 1, 3, 4, 5, 6


async def describe(
    room: Room, kind: int, name: str, keys: list[str] | None = None, version: int = 4, **options: bool
) -> dict[str, Any]:
    resource = {"resource_type": kind, "resource_name": name, "configuration_keys": keys}
    answer = await room.ask(DESCRIBE_CONFIGS, version, resources=[resource], **options)
    (result,) = answer["results"]
    assert (result["resource_type"], result["resource_name"]) == (kind, name)
    return dict(result)


def by_name(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    assert (result["error_code"], result["error_message"]) == (0, None)
    return {entry["name"]: entry for entry in result["configs"]}


async def alter(room: Room, kind: str, name: str, values: dict[str, str | None]) -> None:
    change = ConfigChange(kind, name, values)
    assert await room.catalog.change(lambda: room.catalog.alter([change]), 1_000) == [None]


@pytest.mark.parametrize("version", range(1, 5))
async def test_a_topic_in_every_version(room: Room, version: int) -> None:
    await room.make("a", cleanup_policy="compact")
    configs = by_name(await describe(room, TOPIC, "a", version=version))
    assert len(configs) == 33
    policy = configs["cleanup.policy"]
    assert (policy["value"], policy["config_source"]) == ("compact", DYNAMIC_TOPIC)
    assert (policy["read_only"], policy["is_sensitive"], policy["synonyms"]) == (False, False, [])
    assert policy["config_type"] == (7 if version >= 3 else 0)
    retention = configs["retention.ms"]
    assert (retention["value"], retention["config_source"]) == ("604800000", DEFAULT)


async def test_synonyms_tell_every_value_strongest_first(new_room: NewRoom) -> None:
    room = await new_room(topics=TopicsConfig(max_message_bytes=2_000))
    await room.make("a", max_message_bytes="4000")
    await alter(room, "broker", "", {"message.max.bytes": "3000"})
    result = await describe(room, TOPIC, "a", ["max.message.bytes"], include_synonyms=True)
    (entry,) = by_name(result).values()
    assert [(each["name"], each["value"], each["source"]) for each in entry["synonyms"]] == [
        ("max.message.bytes", "4000", DYNAMIC_TOPIC),
        ("message.max.bytes", "3000", DYNAMIC_DEFAULT),
        ("message.max.bytes", "2000", STATIC),
        ("message.max.bytes", "1048588", DEFAULT),
    ]
    assert (entry["value"], entry["config_source"]) == ("4000", DYNAMIC_TOPIC)


async def test_documentation_only_when_asked(room: Room) -> None:
    await room.make("a")
    silent = by_name(await describe(room, TOPIC, "a"))
    assert {entry["documentation"] for entry in silent.values()} == {None}
    told = by_name(await describe(room, TOPIC, "a", include_documentation=True))
    assert all(entry["documentation"] for entry in told.values())


async def test_keys_choose_and_no_key_means_all(room: Room) -> None:
    await room.make("a")
    assert list(by_name(await describe(room, TOPIC, "a", ["retention.ms", "nonsense"]))) == ["retention.ms"]
    assert len(by_name(await describe(room, TOPIC, "a", []))) == 33


async def test_this_broker(new_room: NewRoom) -> None:
    room = await new_room(server=ServerConfig(node_id=1), topics=TopicsConfig(num_partitions=6))
    await alter(room, "broker", "", {"log.retention.ms": "9"})
    configs = by_name(await describe(room, BROKER, "1", include_synonyms=True))
    shown = {name: (entry["value"], entry["config_source"]) for name, entry in configs.items()}
    assert shown["num.partitions"] == ("6", STATIC)
    assert shown["node.id"] == shown["broker.id"] == ("1", STATIC)
    assert shown["advertised.listeners"] == ("PLAINTEXT://localhost:9092", STATIC)
    assert shown["auto.create.topics.enable"] == ("true", DEFAULT)
    assert shown["delete.topic.enable"] == ("true", DEFAULT)
    assert shown["log.retention.ms"] == ("9", DYNAMIC_DEFAULT)
    assert shown["message.max.bytes"] == ("1048588", DEFAULT)
    assert shown["max.incremental.fetch.session.cache.slots"] == ("1000", DEFAULT)
    assert configs["num.partitions"]["read_only"]
    assert not configs["log.retention.ms"]["read_only"]
    assert [each["value"] for each in configs["num.partitions"]["synonyms"]] == ["6", "1"]


async def test_all_brokers_show_what_was_set_for_all(room: Room) -> None:
    assert by_name(await describe(room, BROKER, "")) == {}
    await alter(room, "broker", "", {"log.retention.ms": "9"})
    (entry,) = by_name(await describe(room, BROKER, "")).values()
    assert (entry["name"], entry["value"], entry["config_source"]) == (
        "log.retention.ms",
        "9",
        DYNAMIC_DEFAULT,
    )


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        (logging.NOTSET + 1, "DEBUG"),
        (logging.DEBUG, "DEBUG"),
        (logging.INFO, "INFO"),
        (logging.WARNING, "WARN"),
        (logging.ERROR, "ERROR"),
        (logging.CRITICAL, "FATAL"),
        (logging.CRITICAL + 1, "FATAL"),
    ],
)
async def test_loggers_with_the_levels_that_hold(room: Room, level: int, shown: str) -> None:
    parent, child = logging.getLogger("skylog.told"), logging.getLogger("skylog.told.child")
    parent.setLevel(level)
    configs = by_name(await describe(room, LOGGER, "1"))
    assert {configs[name]["value"] for name in (parent.name, child.name)} == {shown}
    assert "root" in configs
    assert {(entry["config_source"], entry["read_only"]) for entry in configs.values()} == {
        (LOGGER_LEVEL, True)
    }
    assert list(by_name(await describe(room, LOGGER, "1", [child.name]))) == [child.name]


@pytest.mark.parametrize("kind", [METRICS, GROUP])
async def test_groups_and_client_metrics_have_no_configs(room: Room, kind: int) -> None:
    assert by_name(await describe(room, kind, "any")) == {}


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        (TOPIC, "absent", ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
        (TOPIC, "no good", ErrorCode.INVALID_TOPIC_EXCEPTION),
        (BROKER, "2", ErrorCode.INVALID_REQUEST),
        (BROKER, "one", ErrorCode.INVALID_REQUEST),
        (BROKER, "x" * 30_000, ErrorCode.INVALID_REQUEST),
        (LOGGER, "2", ErrorCode.INVALID_REQUEST),
        (LOGGER, "", ErrorCode.INVALID_REQUEST),
        (METRICS, "", ErrorCode.INVALID_REQUEST),
        (GROUP, "", ErrorCode.INVALID_REQUEST),
        (0, "", ErrorCode.INVALID_REQUEST),
        (-1, "", ErrorCode.INVALID_REQUEST),
    ],
)
async def test_what_is_refused_and_how(room: Room, kind: int, name: str, expected: ErrorCode) -> None:
    result = await describe(room, kind, name)
    assert ErrorCode(result["error_code"]) is expected
    assert 0 < len(result["error_message"]) < 500
    assert result["configs"] == []


async def test_a_refused_resource_does_not_spoil_its_neighbours(room: Room) -> None:
    await room.make("a")
    resources = [
        {"resource_type": TOPIC, "resource_name": name, "configuration_keys": ["retention.ms"]}
        for name in ("b", "a")
    ]
    answer = await room.ask(DESCRIBE_CONFIGS, 4, resources=resources)
    assert [(result["error_code"], len(result["configs"])) for result in answer["results"]] == [
        (3, 0),
        (0, 1),
    ]
