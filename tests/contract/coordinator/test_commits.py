"""Commits: which offsets and which times batches get, in one segment and over many."""

from __future__ import annotations

import asyncio

from sealing import Batch, Log
from skylog.core import CommitResult

from .room import ALL, A, Room, idempotent


async def test_offsets_are_gapless_over_segments(room: Room) -> None:
    await room.create(A, 2)
    first = await room.commit(Batch(Log(A, 0), 3), Batch(Log(A, 1), 2), Batch(Log(A, 0), 1))
    second = await room.commit(Batch(Log(A, 1), 5))
    assert first.batches() == [("appended", 0), ("appended", 3), ("appended", 0)]
    assert second.batches() == [("appended", 2)]
    located = await room.find((A, 0, 0, ALL), (A, 1, 0, ALL))
    assert located.bounds() == [(0, 4), (0, 7)]
    assert [row[:4] for row in located.extents()] == [
        (0, 0, 3, "segment-1"),
        (1, 0, 1, "segment-1"),
        (1, 2, 6, "segment-2"),
    ]


async def test_segments_of_one_call_see_each_other(room: Room) -> None:
    await room.create(A)
    segments = [room.segment(idempotent(A, number)) for number in (0, 1, 1, 3)]
    results = await room.coordinator.commit_segments(segments)
    assert [result.batches() for result in results if isinstance(result, CommitResult)] == [
        [("appended", 0)],
        [("appended", 1)],
        [("duplicate", 1)],
        [("out_of_order_sequence", -1)],
    ]


async def test_batches_of_one_segment_see_each_other(room: Room) -> None:
    await room.create(A)
    result = await room.commit(*(idempotent(A, number) for number in (0, 0, 1, 5, 2)))
    assert [outcome for outcome, _ in result.batches()] == [
        "appended",
        "duplicate",
        "appended",
        "out_of_order_sequence",
        "appended",
    ]
    extents = (await room.find((A, 0, 0, ALL))).extents()
    assert [(base, last) for _, base, last, *_ in extents] == [(0, 0), (1, 1), (2, 2)]


async def test_concurrent_commits_stay_in_order(room: Room) -> None:
    await room.create(A)
    segments = [room.segment(idempotent(A, number)) for number in range(50)]
    results = await asyncio.gather(*(room.coordinator.commit_segments([one]) for one in segments))
    outcomes = [result.batches() for (result,) in results if isinstance(result, CommitResult)]
    assert outcomes == [[("appended", number)] for number in range(50)]


async def test_append_time_never_goes_back(room: Room) -> None:
    await room.create(A)
    await room.commit(Batch(Log(A)), log_append_time=True)
    before = room.clock.ms
    room.clock.ms -= 5000
    result = await room.commit(Batch(Log(A)), log_append_time=True)
    assert result.append_time_ms == before - 5000
    times = [row[6] for row in (await room.find((A, 0, 0, ALL))).extents()]
    assert times == [before, before]


async def test_records_keep_their_own_times(room: Room) -> None:
    await room.create(A)
    await room.commit(Batch(Log(A)))
    assert [row[6] for row in (await room.find((A, 0, 0, ALL))).extents()] == [-1]
