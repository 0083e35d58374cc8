"""Memory follows the coordinator, whatever becomes of calls, callers and other brokers."""

import asyncio

import pytest

from catalog.conftest import NewRoom
from catalog.room import Room
from skylog.catalog import catalog as module
from skylog.errors import Conflict, NotFound, Unavailable
from skylog.model import ConfigChange, NewTopic, Topic


async def create(room: Room, *names: str) -> list[Topic | Exception]:
    news = [NewTopic(room.catalog.new_topic_id(), name, 1) for name in names]
    return list(await room.catalog.change(lambda: room.catalog.create(news), 1_000))


def names(room: Room) -> list[str]:
    return [topic.name for topic in room.catalog.all()]


async def test_what_was_made_is_there_after_a_restart(room: Room, new_room: NewRoom) -> None:
    made = await room.make("a", 3, cleanup_policy="compact")
    again = await new_room()
    assert list(again.catalog.all()) == [made]
    assert again.catalog.by_id(made.topic_id) == made
    assert dict(made.configs) == {"cleanup.policy": "compact"}
    assert len(room.table) == len(again.table) == 1


async def test_deleted_topics_are_told_once_when_they_are_gone_from_memory(room: Room) -> None:
    topic = await room.make("a")
    seen: list[Topic | None] = []
    room.catalog.on_delete(lambda topic_id: seen.append(room.catalog.by_id(topic_id)))
    assert await room.catalog.change(lambda: room.catalog.delete([topic.topic_id]), 1_000) == [None]
    assert room.gone == [topic.topic_id]
    assert seen == [None]
    assert len(room.table) == 0
    assert await room.coordinator.list_topics() == []


async def test_a_topic_made_anew_has_another_identity(room: Room) -> None:
    first = await room.make("a")
    await room.catalog.change(lambda: room.catalog.delete([first.topic_id]), 1_000)
    second = await room.make("a")
    assert first.topic_id != second.topic_id
    assert room.catalog.by_id(first.topic_id) is None


async def test_identities_never_print_with_a_dash_in_front(room: Room) -> None:
    identities = {room.catalog.new_topic_id() for _ in range(500)}
    assert len(identities) == 500
    assert not [identity for identity in identities if identity[0] >> 2 == 62]


async def test_changes_go_one_at_a_time_in_their_order(room: Room) -> None:
    room.faults.held["create_topics"] = gate = asyncio.Event()
    changes = [asyncio.create_task(create(room, name)) for name in "abc"]
    await room.settled(lambda: len(room.faults.calls) == 3)
    assert room.faults.calls == ["list_topics", "load_configs", "create_topics"]
    assert names(room) == []
    gate.set()
    await asyncio.gather(*changes)
    assert names(room) == ["a", "b", "c"]


async def test_a_change_whose_caller_goes_away_is_not_cut_in_two(room: Room) -> None:
    room.faults.held["create_topics"] = gate = asyncio.Event()
    caller = asyncio.create_task(create(room, "a"))
    await room.settled(lambda: "create_topics" in room.faults.calls)
    caller.cancel()
    await asyncio.wait([caller])
    assert caller.cancelled()
    gate.set()
    await room.make("b")
    assert names(room) == ["a", "b"]


async def test_a_change_still_waiting_when_its_caller_goes_away_never_begins(room: Room) -> None:
    room.faults.held["create_topics"] = gate = asyncio.Event()
    first, second = (asyncio.create_task(create(room, name)) for name in "ab")
    await room.settled(lambda: "create_topics" in room.faults.calls)
    second.cancel()
    gate.set()
    await asyncio.wait([first, second])
    assert names(room) == ["a"]


async def test_who_waits_too_long_is_told_and_the_change_goes_on(room: Room) -> None:
    room.faults.held["create_topics"] = gate = asyncio.Event()
    new = NewTopic(room.catalog.new_topic_id(), "a", 1)
    with pytest.raises(Unavailable, match="within 1 ms"):
        await room.catalog.change(lambda: room.catalog.create([new]), 1)
    gate.set()
    await room.settled(lambda: names(room) == ["a"])


async def test_the_queue_of_changes_has_a_bound(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHANGES_MAX", 2)
    room.faults.held["create_topics"] = gate = asyncio.Event()
    changes = [asyncio.create_task(create(room, name)) for name in "ab"]
    await room.settled(lambda: "create_topics" in room.faults.calls)
    with pytest.raises(Unavailable, match="2 changes"):
        await create(room, "c")
    gate.set()
    await asyncio.gather(*changes)
    await create(room, "c")
    assert names(room) == ["a", "b", "c"]


async def test_close_lets_the_change_under_way_finish(room: Room) -> None:
    room.faults.held["create_topics"] = gate = asyncio.Event()
    change = asyncio.create_task(create(room, "a"))
    await room.settled(lambda: "create_topics" in room.faults.calls)
    closing = asyncio.create_task(room.catalog.close())
    await room.settled(lambda: True)
    assert not closing.done()
    gate.set()
    await closing
    assert names(room) == ["a"]
    await change


async def test_a_lost_answer_of_a_change_that_was_carried_out_is_a_success(room: Room) -> None:
    room.faults.lost_answers = {"create_topics", "create_partitions", "alter_configs", "delete_topics"}
    (topic,) = await create(room, "a")
    assert isinstance(topic, Topic)
    (grown,) = await room.catalog.change(lambda: room.catalog.grow({topic.topic_id: 4}), 1_000)
    assert isinstance(grown, Topic)
    assert grown.partitions == 4
    change = ConfigChange("topic", "a", {"retention.ms": "5"})
    assert await room.catalog.change(lambda: room.catalog.alter([change]), 1_000) == [None]
    assert dict(room.catalog.all()[0].configs) == {"retention.ms": "5"}
    assert await room.catalog.change(lambda: room.catalog.delete([topic.topic_id]), 1_000) == [None]
    assert names(room) == []


async def test_a_lost_request_is_unavailable_and_changes_nothing(room: Room) -> None:
    topic = await room.make("a")
    room.faults.lost_requests = {"create_topics", "create_partitions", "alter_configs", "delete_topics"}
    change = ConfigChange("topic", "a", {"retention.ms": "5"})
    answers = [
        *await create(room, "b"),
        *await room.catalog.change(lambda: room.catalog.grow({topic.topic_id: 4}), 1_000),
        *await room.catalog.change(lambda: room.catalog.alter([change]), 1_000),
        *await room.catalog.change(lambda: room.catalog.delete([topic.topic_id]), 1_000),
    ]
    assert [type(answer) for answer in answers] == [Unavailable] * 4
    assert list(room.catalog.all()) == [topic]


async def test_after_an_unknown_outcome_the_catalog_looks_once_more(room: Room) -> None:
    """The change may still arrive after the first look."""
    room.faults.lost_requests = {"create_topics"}
    (answer,) = await create(room, "late")
    assert isinstance(answer, Unavailable)
    await room.coordinator.create_topics([NewTopic(bytes(range(16)), "late", 2)])
    await room.settled(lambda: room.clock.sleeps == [module.HEAL_SECONDS_FIRST])
    room.clock.wake()
    await room.settled(lambda: names(room) == ["late"])
    assert "in doubt" not in repr(room.catalog)


async def test_looking_goes_on_until_the_coordinator_answers(room: Room) -> None:
    room.faults.lost_answers = {"create_topics"}
    room.faults.lost_requests = {"list_topics"}
    (answer,) = await create(room, "a")
    assert isinstance(answer, Unavailable)
    assert "in doubt" in repr(room.catalog)
    for tries in range(1, 7):
        await room.settled(lambda: len(room.clock.sleeps) == tries)  # noqa: B023
        room.clock.wake()
    await room.settled(lambda: len(room.clock.sleeps) == 7)
    assert room.clock.sleeps == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0]
    room.faults.lost_requests.clear()
    room.clock.wake()
    await room.settled(lambda: names(room) == ["a"])


async def test_what_another_broker_did_comes_to_light_when_they_meet(room: Room, new_room: NewRoom) -> None:
    other = await new_room()
    shared = await room.make("shared")
    await other.catalog.load()
    await other.make("a", 2)
    (conflict,) = await create(room, "a")
    assert isinstance(conflict, Conflict)
    assert names(room) == ["a", "shared"]
    await other.catalog.change(lambda: other.catalog.delete([shared.topic_id]), 1_000)
    (missing,) = await room.catalog.change(lambda: room.catalog.grow({shared.topic_id: 9}), 1_000)
    assert isinstance(missing, NotFound)
    assert names(room) == ["a"]
    assert room.gone == [shared.topic_id]


async def test_loading_takes_over_all_that_changed(room: Room, new_room: NewRoom) -> None:
    other = await new_room()
    kept, lost, grown = await room.make("kept"), await room.make("lost"), await room.make("grown")
    await other.catalog.load()
    await other.catalog.change(lambda: other.catalog.delete([lost.topic_id]), 1_000)
    await other.catalog.change(lambda: other.catalog.grow({grown.topic_id: 3}), 1_000)
    change = ConfigChange("broker", "", {"message.max.bytes": "777"})
    await other.catalog.change(lambda: other.catalog.alter([change]), 1_000)
    await room.catalog.load()
    assert [(topic.name, topic.partitions) for topic in room.catalog.all()] == [("grown", 3), ("kept", 1)]
    assert room.catalog.by_id(kept.topic_id) is kept
    assert room.gone == [lost.topic_id]
    assert room.catalog.settings.rules({}).batch_bytes_max == 777


async def test_a_broker_does_not_start_without_its_catalog(room: Room) -> None:
    room.faults.lost_requests = {"list_topics"}
    with pytest.raises(Unavailable):
        await room.catalog.load()
