"""Topics, partitions and configs, and what the deletion of a topic leaves behind."""

from __future__ import annotations

import asyncio

from sealing import Batch, Log
from skylog.core import CommitResult
from skylog.errors import Conflict, NotFound
from skylog.model import (
    LATEST,
    CommittedOffset,
    ConfigChange,
    NewTopic,
    OffsetQuery,
    Topic,
)

from .room import ALL, A, B, C, Room


async def test_topics_are_listed_by_name_with_their_configs(room: Room) -> None:
    wishes = [NewTopic(A, "b", 2, {"retention.ms": "5"}), NewTopic(B, "a", 1)]
    created = await room.coordinator.create_topics(wishes)
    assert created == [Topic(A, "b", 2, {"retention.ms": "5"}), Topic(B, "a", 1)]
    assert await room.coordinator.list_topics() == [Topic(B, "a", 1), Topic(A, "b", 2, {"retention.ms": "5"})]


async def test_a_name_or_an_id_is_taken_once(room: Room) -> None:
    wishes = [NewTopic(A, "a", 1), NewTopic(B, "a", 1), NewTopic(A, "c", 1), NewTopic(C, "d", 1)]
    first, same_name, same_id, other = await room.coordinator.create_topics(wishes)
    assert isinstance(first, Topic)
    assert isinstance(same_name, Conflict)
    assert isinstance(same_id, Conflict)
    assert isinstance(other, Topic)


async def test_partitions_grow_and_never_shrink(room: Room) -> None:
    await room.create(A, 2)
    await room.commit(Batch(Log(A, 1), 4))
    (grown,) = await room.coordinator.create_partitions({A: 4})
    assert isinstance(grown, Topic)
    assert grown.partitions == 4
    same, unknown = await room.coordinator.create_partitions({A: 4, B: 9})
    assert isinstance(same, Conflict)
    assert isinstance(unknown, NotFound)
    assert await room.bounds(A, 1) == (0, 4)
    assert (await room.commit(Batch(Log(A, 3)))).appended == 1


async def test_configs_are_set_and_removed(room: Room) -> None:
    topic = await room.create(A)
    changes = [
        ConfigChange("topic", topic.name, {"a": "1", "b": "2"}),
        ConfigChange("topic", topic.name, {"a": None, "b": "3"}),
        ConfigChange("topic", "nobody", {"a": "1"}),
        ConfigChange("broker", "", {"x": "1"}),
        ConfigChange("broker", "1", {"y": "2"}),
    ]
    outcomes = await room.coordinator.alter_configs(changes)
    assert [type(outcome) for outcome in outcomes] == [
        type(None),
        type(None),
        NotFound,
        type(None),
        type(None),
    ]
    assert [topic.configs for topic in await room.coordinator.list_topics()] == [{"b": "3"}]
    assert await room.coordinator.load_configs("broker") == {"": {"x": "1"}, "1": {"y": "2"}}
    assert await room.coordinator.load_configs("group") == {}


async def test_configs_of_any_name_are_kept_and_nothing_is_left_of_one_without_values(room: Room) -> None:
    names = ['[["client-id", null], ["user", "ä\\n%\'"]]', "x" * 32_767, " ", "Quota", "quota"]
    changes = [ConfigChange("client-quota", name, {"rate": str(n)}) for n, name in enumerate(names)]
    assert await room.coordinator.alter_configs(changes) == [None] * len(names)
    kept = {name: {"rate": str(n)} for n, name in enumerate(names)}
    assert await room.coordinator.load_configs("client-quota") == kept
    await room.coordinator.alter_configs(
        [ConfigChange("client-quota", name, {"rate": None}) for name in names]
    )
    assert await room.coordinator.load_configs("client-quota") == {}


async def test_a_deleted_topic_is_gone_at_once(room: Room) -> None:
    topic = await room.create(A)
    await room.coordinator.alter_configs([ConfigChange("topic", topic.name, {"a": "1"})])
    await room.commit(Batch(Log(A), 3))
    await room.coordinator.commit_offsets("g", [CommittedOffset(A, 0, 2)])
    deleted, unknown = await room.coordinator.delete_topics([A, B])
    assert deleted is None
    assert isinstance(unknown, NotFound)
    assert await room.coordinator.list_topics() == []
    assert (await room.find((A, 0, 0, ALL))).bounds() == [None]
    (answer,) = await room.coordinator.list_offsets([OffsetQuery(A, 0, LATEST)])
    assert isinstance(answer, NotFound)
    assert await room.coordinator.fetch_offsets("g", None) == []


async def test_the_name_of_a_deleted_topic_is_free_and_its_successor_empty(room: Room) -> None:
    topic = await room.create(A)
    await room.commit(Batch(Log(A), 3))
    await room.coordinator.alter_configs([ConfigChange("topic", topic.name, {"a": "1"})])
    await room.coordinator.delete_topics([A])
    (again,) = await room.coordinator.create_topics([NewTopic(B, topic.name, 1)])
    assert again == Topic(B, topic.name, 1)
    assert await room.bounds(B) == (0, 0)


async def test_commits_to_a_deleted_topic_touch_nobody_else(room: Room) -> None:
    await room.create(A)
    await room.create(B)
    segment = room.segment(Batch(Log(A)), Batch(Log(B)))
    await room.coordinator.delete_topics([A])
    (result,) = await room.coordinator.commit_segments([segment])
    assert isinstance(result, CommitResult)
    assert (result.appended, result.rejected) == (1, 1)
    assert await room.bounds(B) == (0, 1)


async def test_a_commit_that_races_with_a_deletion_is_all_or_nothing_for_the_log(room: Room) -> None:
    await room.create(A)
    segments = [room.segment(Batch(Log(A))), room.segment(Batch(Log(A)))]
    _, deleted, (result,) = await asyncio.gather(
        room.coordinator.commit_segments(segments[:1]),
        room.coordinator.delete_topics([A]),
        room.coordinator.commit_segments(segments[1:]),
    )
    assert deleted == [None]
    assert isinstance(result, CommitResult)
    assert result.rejected == 1
    assert (await room.find((A, 0, 0, ALL))).bounds() == [None]
