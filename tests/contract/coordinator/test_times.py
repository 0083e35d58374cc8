"""Offsets by time, before and after records are deleted."""

from __future__ import annotations

import pytest

from sealing import TIME_MS, Batch, Log
from skylog.errors import NotFound
from skylog.model import (
    EARLIEST,
    HIGH_WATERMARK,
    LATEST,
    MAX_TIMESTAMP,
    OffsetAnswer,
    OffsetQuery,
)

from .room import ALL, A, B, Room, purge_all


async def test_offsets_by_time_name_the_extent(room: Room) -> None:
    await room.create(A)
    for time in (100, 300, 200, 400):
        await room.commit(Batch(Log(A), 2, TIME_MS + time))
    found = {}
    for time in (0, 100, 101, 300, 301, 400):
        answer = await room.offset(A, TIME_MS + time)
        assert answer.extent is not None
        found[time] = answer.extent.base_offset
    assert found == {0: 0, 100: 0, 101: 2, 300: 2, 301: 6, 400: 6}
    assert await room.offset(A, TIME_MS + 401) == OffsetAnswer(-1)


async def test_an_extent_says_where_to_read(room: Room) -> None:
    await room.create(A)
    await room.create(B)
    await room.commit(Batch(Log(B)), Batch(Log(A), 3, TIME_MS + 9), key="the-key")
    extent = (await room.offset(A, TIME_MS)).extent
    assert extent is not None
    (row,) = (await room.find((A, 0, 0, ALL))).extents()
    assert (extent.base_offset, extent.last_offset, extent.key) == row[1:4] == (0, 2, "the-key")
    assert (extent.position, extent.size, extent.append_time_ms) == row[4:]


async def test_max_timestamp_finds_its_extent(room: Room) -> None:
    await room.create(A)
    assert await room.offset(A, MAX_TIMESTAMP) == OffsetAnswer(-1)
    for time in (100, 300, 200, 300):
        await room.commit(Batch(Log(A), 1, TIME_MS + time))
    extent = (await room.offset(A, MAX_TIMESTAMP)).extent
    assert extent is not None
    assert extent.base_offset == 1


async def test_offset_queries_keep_their_order(room: Room) -> None:
    await room.create(A, 2)
    await room.commit(Batch(Log(A, 1), 4, TIME_MS))
    queries = [
        OffsetQuery(A, 1, LATEST),
        OffsetQuery(A, 1, TIME_MS),
        OffsetQuery(A, 2, LATEST),
        OffsetQuery(A, 0, TIME_MS),
        OffsetQuery(A, 1, EARLIEST),
    ]
    latest, timed, unknown, empty, earliest = await room.coordinator.list_offsets(queries)
    assert latest == OffsetAnswer(4)
    assert isinstance(timed, OffsetAnswer)
    assert timed.extent is not None
    assert isinstance(unknown, NotFound)
    assert empty == OffsetAnswer(-1)
    assert earliest == OffsetAnswer(0)


async def test_times_are_those_of_records_that_are_left(room: Room) -> None:
    await room.create(A)
    for time in (500, 100, 900, 200, 300):
        await room.commit(Batch(Log(A), 2, TIME_MS + time))
    for _ in range(2):
        await room.trim(A, 6)
        assert await found_at(room, 100, 201, 301, 900) == [(6, 6), (8, 8), None, None]
        assert await found_at(room, None) == [(8, 8)]
        await purge_all(room)
    await room.commit(Batch(Log(A), 1, TIME_MS + 250))
    await room.commit(Batch(Log(A), 1, TIME_MS + 400))
    assert await found_at(room, 201, 301, None) == [(8, 8), (11, 11), (11, 11)]
    await room.trim(A, HIGH_WATERMARK)
    assert await found_at(room, 0, None) == [None, None]
    await purge_all(room)
    assert await found_at(room, 0, None) == [None, None]
    await room.commit(Batch(Log(A), 1, TIME_MS))
    assert await found_at(room, 0, None) == [(12, 12), (12, 12)]


async def found_at(room: Room, *times: int | None) -> list[tuple[int, int] | None]:
    """Return, for times after TIME_MS (None is the highest), the first offset that counts and its extent."""
    answers = [await room.offset(A, MAX_TIMESTAMP if time is None else TIME_MS + time) for time in times]
    return [each.extent and (each.offset, each.extent.base_offset) for each in answers]


async def test_in_an_extent_that_is_cut_offsets_count_from_the_start(room: Room) -> None:
    await room.create(A)
    await room.commit(Batch(Log(A), 10, TIME_MS + 9))
    await room.commit(Batch(Log(A), 10, TIME_MS + 5))
    await room.trim(A, 4)
    assert await found_at(room, 0, 6, None) == [(4, 0)] * 3
    query = OffsetQuery(A, 0, TIME_MS, first_offset=10)
    queries = [query, OffsetQuery(A, 0, MAX_TIMESTAMP, 10), OffsetQuery(A, 0, TIME_MS + 6, 10)]
    answers = await room.coordinator.list_offsets(queries)
    assert [answer.offset for answer in answers if isinstance(answer, OffsetAnswer)] == [10, 10, -1]


@pytest.mark.parametrize("rows", [1, 2, 10_000])
@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_times_are_found_at_every_step_of_a_purge(
    room: Room, limit: int, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skylog.coordinator.sqlite.times.ROWS_TOGETHER", rows)
    await room.create(A)
    times = [50, 900, 40, 30, 60, 20, 80, 70, 10, 90]
    for time in times:
        await room.commit(Batch(Log(A), 1, TIME_MS + time))
    for start in (1, 2, 4, 7):
        await room.trim(A, start)
        for _ in range(3):
            await expect_times(room, times, start)
            await room.coordinator.purge(limit)
        times.append(55 + start)
        await room.commit(Batch(Log(A), 1, TIME_MS + times[-1]))
    await purge_all(room, limit)
    await expect_times(room, times, 7)


async def expect_times(room: Room, times: list[int], start: int) -> None:
    left = range(start, len(times))
    for needle in (0, *sorted(times)):
        first = next(((at, at) for at in left if times[at] >= needle), None)
        assert await found_at(room, needle) == [first], (needle, start)
    highest = max(left, key=times.__getitem__)
    assert await found_at(room, None) == [(highest, highest)]
