"""Extents: how they are found, and the sizes they add up to."""

from __future__ import annotations

from sealing import Batch, Log
from skylog.model import (
    HIGH_WATERMARK,
)

from .room import ALL, A, B, C, Room, purge_all


async def test_limits_stop_the_search(durable: Room) -> None:
    await durable.create(A)
    for _ in range(6):
        await durable.commit(Batch(Log(A), 10))
    for _ in range(2):
        size = (await durable.find((A, 0, 0, ALL))).extents()[0][5]
        bases = {}
        for bytes_max in (0, 1, size, size + 1, 3 * size):
            located = await durable.find((A, 0, 15, bytes_max))
            bases[bytes_max] = [row[1] for row in located.extents()]
        assert bases == {0: [10], 1: [10], size: [10], size + 1: [10, 20], 3 * size: [10, 20, 30]}
        located = await durable.find((A, 0, 0, ALL), (A, 0, 30, ALL), extents_max=4)
        assert [row[:2] for row in located.extents()] == [(0, 0), (0, 10), (0, 20), (0, 30), (1, 30)]
        await durable.restart()


async def test_old_and_new_extents_make_one_log(durable: Room) -> None:
    await durable.create(A, 2)
    await durable.commit(Batch(Log(A), 10))
    await durable.restart()
    await durable.commit(Batch(Log(A), 10), Batch(Log(A, 1), 1))
    located = await durable.find(
        (A, 0, 5, ALL), (A, 1, 0, ALL), (A, 0, 12, ALL), (A, 0, 20, ALL), (B, 0, 0, ALL)
    )
    assert located.bounds() == [(0, 20), (0, 1), (0, 20), (0, 20), None]
    assert [row[:4] for row in located.extents()] == [
        (0, 0, 9, "segment-1"),
        (0, 10, 19, "segment-2"),
        (1, 0, 0, "segment-2"),
        (2, 10, 19, "segment-2"),
    ]


async def test_beyond_the_bounds_is_nothing(room: Room) -> None:
    await room.create(A)
    await room.commit(Batch(Log(A), 3))
    located = await room.find((A, 0, 3, ALL), (A, 0, 4, ALL), (A, 0, -1, ALL))
    assert located.bounds() == [(0, 3)] * 3
    assert located.extents() == []


async def test_sizes_are_those_of_extents(room: Room) -> None:
    await room.create(A, 3)
    await room.create(B)
    await room.commit(Batch(Log(A), 3), Batch(Log(A, 1), 9), Batch(Log(A), 5))
    await room.commit(Batch(Log(A), 2))
    logs = [(A, 1), (C, 0), (A, 0), (A, 3), (B, 0), (A, 1)]
    one, _, zero, *_ = expected = await extent_bytes(room, logs)
    assert one is not None
    assert zero is not None
    assert 0 < one < zero
    assert expected[3:] == [None, 0, one]
    for _ in range(2):
        assert await room.coordinator.log_sizes(logs) == expected
        await room.find((A, 0, 0, ALL))
    await room.coordinator.delete_topics([A])
    assert await room.coordinator.log_sizes(logs) == [None, None, None, None, 0, None]
    assert await room.coordinator.log_sizes([]) == []


async def extent_bytes(room: Room, logs: list[tuple[bytes, int]]) -> list[int | None]:
    """Return the bytes of all extents from the start of each log on."""
    bounds = (await room.find(*((*log, 0, ALL) for log in logs))).bounds()
    located = await room.find(
        *((*log, found[0] if found else 0, ALL) for log, found in zip(logs, bounds, strict=True))
    )
    sizes = [None if found is None else 0 for found in located.bounds()]
    for place, _, _, _, _, size, _ in located.extents():
        sizes[place] = (sizes[place] or 0) + size
    return sizes


async def test_sizes_count_once_whatever_happens(durable: Room) -> None:
    await durable.create(A, 2)
    for _ in range(5):
        await durable.commit(Batch(Log(A), 10), Batch(Log(A, 1), 10))
    logs = [(A, 0), (A, 1)]
    whole = await durable.coordinator.log_sizes(logs)
    for start in (10, 25, 30):
        await durable.trim(A, start)
        await purge_all(durable, 1)
        await durable.restart()
        sizes = await durable.coordinator.log_sizes(logs)
        assert sizes == await extent_bytes(durable, logs)
        assert sizes[1] == whole[1]
    await durable.trim(A, HIGH_WATERMARK)
    await purge_all(durable)
    assert await durable.coordinator.log_sizes(logs) == [0, whole[1]]
