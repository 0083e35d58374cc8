"""Deleting records: where a trimmed log starts, and how what lies below is purged."""

from __future__ import annotations

import asyncio

from sealing import Batch, Log
from skylog.core import CommitResult
from skylog.errors import Conflict, NotFound
from skylog.model import (
    HIGH_WATERMARK,
    Trim,
)

from .room import ALL, A, B, Room, purge_all


async def test_a_trimmed_log_starts_where_it_was_told_to(room: Room) -> None:
    await room.create(A, 2)
    for _ in range(3):
        await room.commit(Batch(Log(A), 10), Batch(Log(A, 1), 10))
    assert await room.trim(A, 15) == 15
    assert await room.bounds(A) == (15, 30)
    assert await room.bounds(A, 1) == (0, 30)
    located = await room.find((A, 0, 14, ALL), (A, 0, 15, ALL), (A, 1, 0, ALL))
    assert located.bounds() == [(15, 30), (15, 30), (0, 30)]
    assert [row[:2] for row in located.extents()] == [(1, 10), (1, 20), (2, 0), (2, 10), (2, 20)]


async def test_a_log_never_starts_earlier_again(room: Room) -> None:
    await room.create(A)
    await room.commit(Batch(Log(A), 10))
    assert [await room.trim(A, offset) for offset in (6, 3, 6, 0, 7)] == [6, 6, 6, 6, 7]
    assert await room.bounds(A) == (7, 10)


async def test_all_records_can_be_deleted(room: Room) -> None:
    await room.create(A)
    assert await room.trim(A, HIGH_WATERMARK) == 0
    await room.commit(Batch(Log(A), 10))
    assert await room.trim(A, HIGH_WATERMARK) == 10
    assert await room.bounds(A) == (10, 10)
    assert (await room.find((A, 0, 10, ALL))).extents() == []
    assert (await room.commit(Batch(Log(A), 1))).batches() == [("appended", 10)]
    assert [row[1:3] for row in (await room.find((A, 0, 10, ALL))).extents()] == [(10, 10)]


async def test_a_log_is_not_trimmed_beyond_its_bounds(room: Room) -> None:
    await room.create(A)
    await room.commit(Batch(Log(A), 10))
    trims = [Trim(A, 0, 11), Trim(A, 0, -2), Trim(A, 1, 0), Trim(B, 0, 0), Trim(A, 0, 10)]
    outcomes = await room.coordinator.delete_records(trims)
    assert [type(outcome) for outcome in outcomes] == [Conflict, Conflict, NotFound, NotFound, int]
    assert await room.bounds(A) == (10, 10)


async def test_a_deleted_topic_is_not_trimmed(room: Room) -> None:
    await room.create(A)
    await room.commit(Batch(Log(A), 10))
    _, (outcome,) = await asyncio.gather(
        room.coordinator.delete_topics([A]), room.coordinator.delete_records([Trim(A, 0, 5)])
    )
    assert isinstance(outcome, NotFound)
    await purge_all(room)
    assert await room.coordinator.list_topics() == []


async def test_a_commit_names_the_start_of_a_trimmed_log(room: Room) -> None:
    await room.create(A)
    await room.commit(Batch(Log(A), 10))
    segment = room.segment(Batch(Log(A)))
    _, (result,) = await asyncio.gather(
        room.coordinator.delete_records([Trim(A, 0, 4)]), room.coordinator.commit_segments([segment])
    )
    assert isinstance(result, CommitResult)
    (answer,) = segment.sealed.answer(result)
    assert answer is not None
    assert answer.endswith((10).to_bytes(8) + (-1).to_bytes(8, signed=True) + (4).to_bytes(8) + bytes(4))


async def test_the_start_of_a_log_outlives_a_restart(durable: Room) -> None:
    await durable.create(A)
    for _ in range(3):
        await durable.commit(Batch(Log(A), 10))
    await durable.trim(A, 12)
    for _ in range(2):
        await durable.restart()
        assert await durable.bounds(A) == (12, 30)
        located = await durable.find((A, 0, 0, ALL), (A, 0, 12, ALL))
        assert [row[:2] for row in located.extents()] == [(1, 10), (1, 20)]
        await purge_all(durable)


async def test_what_lies_below_the_start_is_purged_in_bounded_steps(room: Room) -> None:
    await room.create(A)
    await room.create(B)
    for number in range(9):
        await room.commit(Batch(Log(A), 10), key=f"a{number}")
    await room.commit(Batch(Log(A), 10), Batch(Log(B), 10), key="both")
    await room.trim(A, 95)
    assert await room.coordinator.deletable_segments(0, 100) == []
    assert await purge_all(room, 4) == 3
    deletable = {segment.key for segment in await room.coordinator.deletable_segments(0, 100)}
    assert deletable == {f"a{number}" for number in range(9)}
    await room.trim(A, HIGH_WATERMARK)
    await purge_all(room)
    assert len(await room.coordinator.deletable_segments(0, 100)) == 9, "the other log needs the last one"
    await room.trim(B, HIGH_WATERMARK)
    await purge_all(room)
    assert len(await room.coordinator.deletable_segments(0, 100)) == 10


async def test_removals_at_the_same_time_count_every_extent_once(room: Room) -> None:
    await room.create(A, 4)
    await room.create(B)
    for number in range(20):
        batches = [Batch(Log(A, partition), 5) for partition in range(4)]
        await room.commit(*batches, Batch(Log(B), 5), key=f"s{number}")
    trims = [
        room.coordinator.delete_records([Trim(A, partition, offset) for partition in range(4)])
        for offset in range(0, 100, 7)
    ]
    await asyncio.gather(
        *trims, room.coordinator.delete_topics([B]), *(room.coordinator.purge(3) for _ in range(40))
    )
    await purge_all(room)
    assert await room.bounds(A, 3) == (98, 100)
    deletable = {segment.key for segment in await room.coordinator.deletable_segments(0, 100)}
    assert deletable == {f"s{number}" for number in range(19)}
    await room.coordinator.delete_topics([A])
    await purge_all(room)
    assert len(await room.coordinator.deletable_segments(0, 100)) == 20


async def test_records_deleted_during_a_read_are_not_passed_over_in_silence(durable: Room) -> None:
    await durable.create(A)
    for _ in range(3):
        await durable.commit(Batch(Log(A), 10))
    await durable.restart()
    _, _, located = await asyncio.gather(
        durable.coordinator.delete_records([Trim(A, 0, 25)]),
        durable.coordinator.purge(100),
        durable.find((A, 0, 0, ALL)),
    )
    assert located.bounds() == [(25, 30)], "a reader at 0 learns that it is out of range"
