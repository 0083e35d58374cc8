"""Groups and the offsets they commit."""

from __future__ import annotations

from skylog.errors import NotFound
from skylog.model import (
    CommittedOffset,
    GroupRecord,
)

from .room import A, B, Room


async def test_group_offsets_come_back(room: Room) -> None:
    await room.create(A, 2)
    offsets = [
        CommittedOffset(A, 0, 5, 0, "note", 77),
        CommittedOffset(A, 1, 6),
        CommittedOffset(A, 2, 7),
        CommittedOffset(B, 0, 8),
    ]
    outcomes = await room.coordinator.commit_offsets("g", offsets)
    assert [type(outcome) for outcome in outcomes] == [type(None), type(None), NotFound, NotFound]
    fetched = await room.coordinator.fetch_offsets("g", [(A, 1), (B, 0), (A, 0)])
    assert fetched == [CommittedOffset(A, 1, 6, committed_ms=room.clock.ms), None, offsets[0]]
    assert len(await room.coordinator.fetch_offsets("g", None)) == 2
    assert await room.coordinator.fetch_offsets("other", None) == []


async def test_offsets_in_a_deleted_topic_are_gone_at_once_and_purged_in_bounded_steps(room: Room) -> None:
    """A topic that many groups read once held up every commit until all of their offsets were deleted."""
    await room.create(A, 50)
    await room.create(B)
    groups = [f"g{number}" for number in range(4)]
    for group in groups:
        offsets = [*(CommittedOffset(A, partition, 5) for partition in range(50)), CommittedOffset(B, 0, 1)]
        assert await room.coordinator.commit_offsets(group, offsets) == [None] * 51
    await room.coordinator.delete_topics([A])
    for group in groups:
        left = await room.coordinator.fetch_offsets(group, None)
        assert [offset and offset.topic_id for offset in left] == [B]
        assert await room.coordinator.fetch_offsets(group, [(A, 0)]) == [None]
    steps = []
    while removed := await room.coordinator.purge(30):
        steps.append(removed)
    assert max(steps) <= 30
    assert sum(steps) == 50 + len(groups) * 50, "logs and offsets"


async def test_a_later_offset_replaces_the_first(room: Room) -> None:
    await room.create(A)
    await room.coordinator.commit_offsets("g", [CommittedOffset(A, 0, 5)])
    await room.coordinator.commit_offsets("g", [CommittedOffset(A, 0, 3, metadata="back")])
    (found,) = await room.coordinator.fetch_offsets("g", None)
    assert found is not None
    assert (found.offset, found.metadata) == (3, "back")


async def test_committing_offsets_makes_a_group_and_keeps_one(room: Room) -> None:
    await room.create(A)
    await room.coordinator.save_group(GroupRecord("known", "consumer", 3))
    for group in ("known", "new"):
        await room.coordinator.commit_offsets(group, [CommittedOffset(A, 0, 1)])
    assert await room.coordinator.list_groups() == [
        GroupRecord("known", "consumer", 3),
        GroupRecord("new", ""),
    ]


async def test_offsets_can_be_deleted(room: Room) -> None:
    await room.create(A, 2)
    await room.coordinator.commit_offsets("g", [CommittedOffset(A, 0, 5), CommittedOffset(A, 1, 6)])
    await room.coordinator.delete_offsets("g", [(A, 0), (B, 0)])
    found = await room.coordinator.fetch_offsets("g", None)
    assert [offset and offset.partition for offset in found] == [1]


async def test_deleted_groups_leave_no_offsets(room: Room) -> None:
    await room.create(A)
    await room.coordinator.commit_offsets("g", [CommittedOffset(A, 0, 5)])
    gone, unknown = await room.coordinator.delete_groups(["g", "nobody"])
    assert gone is None
    assert isinstance(unknown, NotFound)
    assert await room.coordinator.list_groups() == []
    assert await room.coordinator.fetch_offsets("g", [(A, 0)]) == [None]


async def test_groups_are_found_in_the_order_asked(room: Room) -> None:
    for group_id in ("b", "a", "c"):
        await room.coordinator.save_group(GroupRecord(group_id, "consumer"))
    a, b = GroupRecord("a", "consumer"), GroupRecord("b", "consumer")
    assert await room.coordinator.find_groups(["b", "nobody", "a", "b"]) == [b, None, a, b]
    assert await room.coordinator.find_groups([]) == []


async def test_offsets_of_a_partition_asked_twice_come_twice(room: Room) -> None:
    await room.create(A, 2)
    await room.coordinator.commit_offsets("g", [CommittedOffset(A, 1, 6)])
    fetched = await room.coordinator.fetch_offsets("g", [(A, 1), (A, 0), (A, 1), (A, -1)])
    assert [offset and offset.offset for offset in fetched] == [6, None, 6, None]


async def test_groups_are_replaced_and_listed(room: Room) -> None:
    for record in (GroupRecord("b", "x"), GroupRecord("a", "y", 2), GroupRecord("b", "consumer", 9)):
        await room.coordinator.save_group(record)
    assert await room.coordinator.list_groups() == [GroupRecord("a", "y", 2), GroupRecord("b", "consumer", 9)]
