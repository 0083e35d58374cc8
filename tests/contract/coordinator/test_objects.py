"""The life of objects: references, purges in bounded steps, and the grace before deletion."""

from __future__ import annotations

from sealing import Batch, Log
from skylog.model import (
    StoredSegment,
)

from .room import ALL, A, B, Room, idempotent, purge_all


async def test_a_segment_lives_as_long_as_one_extent(room: Room) -> None:
    await room.create(A)
    await room.create(B)
    await room.commit(Batch(Log(A)), Batch(Log(B)), key="both")
    await room.commit(Batch(Log(A)), key="one")
    assert await room.coordinator.purge(100) == 0
    await room.coordinator.delete_topics([A])
    await purge_all(room)
    assert [segment.key for segment in await room.coordinator.deletable_segments(0, 10)] == ["one"]
    await room.coordinator.delete_topics([B])
    await purge_all(room)
    assert {segment.key for segment in await room.coordinator.deletable_segments(0, 10)} == {"one", "both"}


async def test_purging_goes_in_bounded_steps(room: Room) -> None:
    await room.create(A, 3)
    for _ in range(5):
        await room.commit(*(Batch(Log(A, p)) for p in range(3)))
    await room.coordinator.delete_topics([A])
    assert await purge_all(room, 4) == 5
    assert len(await room.coordinator.deletable_segments(0, 100)) == 5


async def test_nothing_of_a_deleted_topic_is_left(room: Room) -> None:
    await room.create(A)
    await room.commit(idempotent(A, 0))
    await room.coordinator.delete_topics([A])
    await purge_all(room)
    await room.create(A)
    assert await room.bounds(A) == (0, 0)
    assert (await room.commit(idempotent(A, 9))).batches() == [("appended", 0)]


async def test_a_segment_with_a_split_run_is_counted_right(room: Room) -> None:
    await room.create(A)
    await room.create(B)
    result = await room.commit(*(idempotent(A, number) for number in (0, 5, 1)), Batch(Log(B)))
    assert result.rejected == 1
    await room.coordinator.delete_topics([A])
    await purge_all(room)
    assert await room.coordinator.deletable_segments(0, 10) == []
    await room.coordinator.delete_topics([B])
    await purge_all(room)
    assert len(await room.coordinator.deletable_segments(0, 10)) == 1


async def test_grace_runs_from_the_last_reference(room: Room) -> None:
    await room.create(A)
    await room.commit(Batch(Log(A)), key="k")
    created_ms, size = room.clock.ms, room.segment(Batch(Log(A))).size
    room.clock.ms += 10_000
    await room.coordinator.delete_topics([A])
    await purge_all(room)
    assert await room.coordinator.deletable_segments(500, 10) == []
    room.clock.ms += 500
    assert await room.coordinator.deletable_segments(500, 10) == [StoredSegment("k", size, created_ms)]


async def test_a_segment_of_which_nothing_was_taken_is_deletable(room: Room) -> None:
    await room.create(A)
    await room.commit(idempotent(A, 0), key="first")
    await room.commit(idempotent(A, 0), key="again")
    assert [segment.key for segment in await room.coordinator.deletable_segments(0, 10)] == ["again"]


async def test_the_same_key_again_never_loses_its_extents(room: Room) -> None:
    await room.create(A)
    await room.commit(idempotent(A, 0), key="same")
    result = await room.commit(idempotent(A, 0), key="same")
    assert result.batches() == [("duplicate", 0)]
    assert await room.coordinator.deletable_segments(0, 10) == []
    await room.coordinator.delete_topics([A])
    await purge_all(room)
    assert [segment.key for segment in await room.coordinator.deletable_segments(0, 10)] == ["same"]


async def test_forgetting_spares_segments_in_use(room: Room) -> None:
    await room.create(A)
    await room.commit(idempotent(A, 0), key="used")
    await room.commit(idempotent(A, 0), key="unused")
    assert await room.coordinator.known_segments(["used", "unused", "never"]) == [True, True, False]
    await room.coordinator.forget_segments(["used", "unused", "never"])
    assert await room.coordinator.known_segments(["used", "unused"]) == [True, False]
    assert len((await room.find((A, 0, 0, ALL))).extents()) == 1
