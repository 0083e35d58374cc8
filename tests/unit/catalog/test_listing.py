"""ListConfigResources as clients see it."""

import pytest

from catalog.room import LIST_CONFIG_RESOURCES, Room
from skylog.model import ClusterView, Node
from skylog.wire.codes import ErrorCode

TOPIC, BROKER, LOGGER, METRICS, GROUP = 2, 4, 8, 16, 32


async def listed(room: Room, *kinds: int) -> list[tuple[int, str]]:
    answer = await room.ask(LIST_CONFIG_RESOURCES, 1, resource_types=list(kinds))
    assert answer["error_code"] == 0
    return [(row["resource_type"], row["resource_name"]) for row in answer["config_resources"]]


async def test_everything_that_has_configs(room: Room) -> None:
    await room.make("b")
    await room.make("a")
    room.view = ClusterView("C", (Node(1, "x", 1), Node(7, "y", 2)), 1)
    topics, brokers = [(TOPIC, "a"), (TOPIC, "b")], [(BROKER, "1"), (BROKER, "7")]
    loggers = [(LOGGER, "1"), (LOGGER, "7")]
    assert await listed(room) == topics + brokers + loggers
    assert await listed(room, TOPIC) == await listed(room, TOPIC, TOPIC) == topics
    assert await listed(room, LOGGER, BROKER) == brokers + loggers
    assert await listed(room, METRICS, GROUP) == []


async def test_the_first_version_is_for_client_metrics_of_which_there_are_none(room: Room) -> None:
    await room.make("a")
    answer = await room.ask(LIST_CONFIG_RESOURCES, 0)
    assert (answer["error_code"], answer["config_resources"]) == (0, [])


@pytest.mark.parametrize("kinds", [[0], [1], [-1], [99], [TOPIC, 99]])
async def test_kinds_that_do_not_exist(room: Room, kinds: list[int]) -> None:
    await room.make("a")
    answer = await room.ask(LIST_CONFIG_RESOURCES, 1, resource_types=kinds)
    assert answer["error_code"] == ErrorCode.UNSUPPORTED_VERSION
    assert answer["config_resources"] == []
