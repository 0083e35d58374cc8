"""Metadata as clients of every version see it."""

from typing import Any

import pytest

from catalog.conftest import NewRoom
from catalog.room import METADATA, NO_ID, Room
from skylog.catalog import metadata as module
from skylog.config import TopicsConfig
from skylog.model import ClusterView, Node
from skylog.wire.codes import ErrorCode

STRANGER = bytes(range(16))
UNASKED = -(2**31)


async def ask(
    room: Room, *names: str | None, version: int = 13, ids: tuple[bytes, ...] = (), **body: Any
) -> dict[str, Any]:
    topics = [{"name": name, "topic_id": NO_ID} for name in names]
    topics += [{"name": None, "topic_id": topic_id} for topic_id in ids]
    return await room.ask(METADATA, version, topics=topics, **body)


async def rows(room: Room, *names: str, **body: Any) -> list[tuple[str, str]]:
    answer = await ask(room, *names, **body)
    return [(row["name"], ErrorCode(row["error_code"]).name) for row in answer["topics"]]


@pytest.mark.parametrize("version", range(14))
async def test_every_version(room: Room, version: int) -> None:
    topic = await room.make("a", 2)
    answer = await ask(room, "a", version=version)
    (broker,) = answer["brokers"]
    assert broker == {
        "node_id": 1,
        "host": "localhost",
        "port": 9092,
        "rack": "a" if version >= 1 else None,
    }
    assert answer["controller_id"] == (1 if version >= 1 else -1)
    assert answer["cluster_id"] == ("AAAAAAAAAAAAAAAAAAAAAA" if version >= 2 else None)
    (row,) = answer["topics"]
    assert row["topic_id"] == (topic.topic_id if version >= 10 else NO_ID)
    assert (row["name"], row["error_code"], row["is_internal"]) == ("a", 0, False)
    assert row["topic_authorized_operations"] == UNASKED
    assert [partition["partition_index"] for partition in row["partitions"]] == [0, 1]
    for partition in row["partitions"]:
        assert partition["error_code"] == 0
        assert partition["leader_id"] == 1
        assert partition["leader_epoch"] == (0 if version >= 7 else -1)
        assert partition["replica_nodes"] == partition["isr_nodes"] == [1]
        assert partition["offline_replicas"] == []


@pytest.mark.parametrize("version", range(14))
async def test_all_topics(room: Room, version: int) -> None:
    for name in "cab":
        await room.make(name)
    topics: list[Any] | None = [] if version == 0 else None
    answer = await room.ask(METADATA, version, topics=topics)
    assert [row["name"] for row in answer["topics"]] == ["a", "b", "c"]


@pytest.mark.parametrize("version", range(1, 14))
async def test_no_topics(room: Room, version: int) -> None:
    await room.make("a")
    answer = await room.ask(METADATA, version, topics=[])
    assert answer["topics"] == []
    assert len(answer["brokers"]) == 1


async def test_by_id(room: Room) -> None:
    topic = await room.make("a")
    known, unknown = (await ask(room, ids=(topic.topic_id, STRANGER)))["topics"]
    assert (known["name"], known["error_code"], len(known["partitions"])) == ("a", 0, 1)
    assert (unknown["name"], unknown["topic_id"]) == (None, STRANGER)
    assert unknown["error_code"] == ErrorCode.UNKNOWN_TOPIC_ID
    assert "create_topics" not in room.faults.calls[3:]


@pytest.mark.parametrize("version", [10, 11])
async def test_ids_are_refused_where_kafka_refuses_them(room: Room, version: int) -> None:
    topic = await room.make("a")
    answer = await ask(room, "a", version=version, ids=(topic.topic_id,))
    assert [(row["name"], row["error_code"]) for row in answer["topics"]] == [
        ("a", ErrorCode.INVALID_REQUEST),
        ("", ErrorCode.INVALID_REQUEST),
    ]


async def test_neither_name_nor_id(room: Room) -> None:
    (row,) = (await ask(room, None))["topics"]
    assert row["error_code"] == ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize("version", range(14))
async def test_what_is_asked_for_is_created_at_once(new_room: NewRoom, version: int) -> None:
    room = await new_room(topics=TopicsConfig(num_partitions=3))
    (row,) = (await ask(room, "new", version=version))["topics"]
    assert (row["error_code"], len(row["partitions"])) == (0, 3)
    (topic,) = await room.coordinator.list_topics()
    assert (topic.name, topic.partitions) == ("new", 3)


async def test_nothing_is_created_where_the_client_or_the_broker_forbids_it(new_room: NewRoom) -> None:
    willing = await new_room()
    assert await rows(willing, "a", allow_auto_topic_creation=False) == [("a", "UNKNOWN_TOPIC_OR_PARTITION")]
    unwilling = await new_room(topics=TopicsConfig(auto_create_topics_enable=False))
    assert await rows(unwilling, "a") == [("a", "UNKNOWN_TOPIC_OR_PARTITION")]
    assert await willing.coordinator.list_topics() == []


@pytest.mark.parametrize("name", ["__consumer_offsets", "__cluster_metadata"])
async def test_looking_for_kafkas_own_topics_creates_none(room: Room, name: str) -> None:
    assert await rows(room, name) == [(name, "UNKNOWN_TOPIC_OR_PARTITION")]
    assert "create_topics" not in room.faults.calls


async def test_bad_names_and_names_that_look_alike(room: Room) -> None:
    await room.make("a.b")
    assert await rows(room, "no good", "a_b", "c.d", "c_d", "fine") == [
        ("no good", "INVALID_TOPIC_EXCEPTION"),
        ("a_b", "INVALID_TOPIC_EXCEPTION"),
        ("c.d", "NONE"),
        ("c_d", "INVALID_TOPIC_EXCEPTION"),
        ("fine", "NONE"),
    ]


async def test_a_topic_asked_for_twice_is_answered_once(room: Room) -> None:
    await room.make("a")
    assert await rows(room, "a", "b", "a", "b") == [("a", "NONE"), ("b", "NONE")]


async def test_one_request_creates_a_bounded_number_of_topics(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CREATIONS_MAX", 2)
    first = await rows(room, *"abc")
    assert first == [("a", "NONE"), ("b", "NONE"), ("c", "UNKNOWN_TOPIC_OR_PARTITION")]
    assert await rows(room, *"abc") == [("a", "NONE"), ("b", "NONE"), ("c", "NONE")]


async def test_too_many_partitions_at_once_are_asked_for_again(new_room: NewRoom) -> None:
    room = await new_room(topics=TopicsConfig(num_partitions=6, partitions_max=10))
    assert await rows(room, *"ab") == [("a", "NONE"), ("b", "LEADER_NOT_AVAILABLE")]
    assert await rows(room, *"ab") == [("a", "NONE"), ("b", "NONE")]


async def test_another_broker_created_it_first(room: Room, new_room: NewRoom) -> None:
    other = await new_room()
    await other.make("a", 5)
    (row,) = (await ask(room, "a"))["topics"]
    assert (row["error_code"], len(row["partitions"])) == (0, 5)


async def test_an_unreachable_coordinator_delays_creation_only(room: Room) -> None:
    await room.make("a")
    room.faults.lost_requests = {"create_topics", "list_topics"}
    assert await rows(room, "a", "b") == [("a", "NONE"), ("b", "LEADER_NOT_AVAILABLE")]
    room.faults.lost_requests.clear()
    assert await rows(room, "a", "b") == [("a", "NONE"), ("b", "NONE")]


@pytest.mark.parametrize("version", range(8, 14))
async def test_authorized_operations_when_asked(room: Room, version: int) -> None:
    await room.make("a")
    extra = {"include_cluster_authorized_operations": True} if version <= 10 else {}
    answer = await ask(room, "a", version=version, include_topic_authorized_operations=True, **extra)
    assert answer["topics"][0]["topic_authorized_operations"] == 3576
    assert answer["cluster_authorized_operations"] == (8096 if version <= 10 else UNASKED)


async def test_the_view_of_the_moment_is_told(room: Room) -> None:
    await room.make("a", 3)
    await ask(room, "a")
    room.view = ClusterView("BBBBBBBBBBBBBBBBBBBBBB", (Node(1, "x", 1), Node(7, "y", 2)), 7)
    answer = await ask(room, "a")
    assert [broker["node_id"] for broker in answer["brokers"]] == [1, 7]
    assert (answer["controller_id"], answer["cluster_id"]) == (7, "BBBBBBBBBBBBBBBBBBBBBB")
    partitions = answer["topics"][0]["partitions"]
    assert [partition["leader_id"] for partition in partitions] == [7, 7, 7]
    assert [partition["isr_nodes"] for partition in partitions] == [[7], [7], [7]]


async def test_all_topics_are_told_as_they_are_now(room: Room) -> None:
    async def told() -> dict[str, list[int]]:
        rows = (await room.ask(METADATA, 12, topics=None))["topics"]
        return {row["name"]: [partition["leader_id"] for partition in row["partitions"]] for row in rows}

    assert await told() == {}
    a, _ = await room.make("a", 1), await room.make("b", 2)
    assert await told() == await told() == {"a": [1], "b": [1, 1]}
    await room.catalog.change(lambda: room.catalog.grow({a.topic_id: 3}), 1_000)
    assert await told() == {"a": [1, 1, 1], "b": [1, 1]}
    room.view = ClusterView(room.view.cluster_id, (Node(7, "y", 2),), 7)
    assert await told() == {"a": [7, 7, 7], "b": [7, 7]}
    await room.catalog.change(lambda: room.catalog.delete([a.topic_id]), 1_000)
    assert await told() == {"b": [7, 7]}


async def test_growth_and_deletion_show_at_once(room: Room) -> None:
    topic = await room.make("a", 1)
    await room.catalog.change(lambda: room.catalog.grow({topic.topic_id: 3}), 1_000)
    assert len((await ask(room, "a"))["topics"][0]["partitions"]) == 3
    await room.catalog.change(lambda: room.catalog.delete([topic.topic_id]), 1_000)
    assert await rows(room, "a", allow_auto_topic_creation=False) == [("a", "UNKNOWN_TOPIC_OR_PARTITION")]
