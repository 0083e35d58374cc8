"""Idempotent producers: duplicates, epochs, expiry, ids and listings."""

from __future__ import annotations

import asyncio

import pytest

from sealing import TIME_MS, Batch, Log
from skylog.errors import NotFound
from skylog.model import (
    ActiveProducer,
)

from .room import A, B, C, Room, idempotent


async def test_duplicates_are_known_after_a_restart(durable: Room) -> None:
    await durable.create(A)
    for number in range(7):
        await durable.commit(idempotent(A, number))
    await durable.restart()
    assert (await durable.commit(idempotent(A, 2))).batches() == [("duplicate", 2)]
    assert (await durable.commit(idempotent(A, 1))).batches() == [("out_of_order_sequence", -1)]
    assert (await durable.commit(idempotent(A, 7))).batches() == [("appended", 7)]


async def test_producers_are_told_apart_by_log(room: Room) -> None:
    await room.create(A)
    await room.create(B)
    await room.commit(idempotent(A, 0), idempotent(B, 0))
    result = await room.commit(idempotent(B, 0), idempotent(A, 1))
    assert result.batches() == [("duplicate", 0), ("appended", 1)]


async def test_an_older_epoch_of_a_producer_is_refused(room: Room) -> None:
    await room.create(A)
    await room.commit(idempotent(A, 0, epoch=1))
    result = await room.commit(
        idempotent(A, 1, epoch=0), idempotent(A, 1, epoch=2), idempotent(A, 0, epoch=2)
    )
    assert [outcome for outcome, _ in result.batches()] == [
        "invalid_producer_epoch",
        "out_of_order_sequence",
        "appended",
    ]


async def test_idle_producers_are_forgotten(room: Room) -> None:
    await room.create(A)
    await room.create(B)
    await room.commit(idempotent(A, 0))
    room.clock.ms += 1000
    await room.commit(idempotent(B, 0))
    assert await room.coordinator.expire_producers(1001, 10) == 0
    room.clock.ms += 500
    assert await room.coordinator.expire_producers(1000, 10) == 1
    result = await room.commit(idempotent(A, 40), idempotent(B, 40))
    assert [outcome for outcome, _ in result.batches()] == ["appended", "out_of_order_sequence"]


async def test_expiry_keeps_to_its_limit(room: Room) -> None:
    await room.create(A, 5)
    await room.commit(*(Batch(Log(A, p), producer_id=p, epoch=0, sequence=0) for p in range(5)))
    room.clock.ms += 10
    assert [await room.coordinator.expire_producers(5, 2) for _ in range(4)] == [2, 2, 1, 0]


async def test_producer_ids_are_given_once(room: Room) -> None:
    blocks = await asyncio.gather(*(room.coordinator.allocate_producer_ids(300) for _ in range(10)))
    given = sorted(first + number for first in blocks for number in range(300))
    assert len(set(given)) == 3000


async def test_producer_ids_are_given_once_over_restarts(durable: Room) -> None:
    before = await durable.coordinator.allocate_producer_ids(5)
    await durable.restart()
    assert await durable.coordinator.allocate_producer_ids(1) >= before + 5


async def test_producers_are_listed_with_what_is_remembered(room: Room) -> None:
    await room.create(A, 2)
    await room.create(B)
    for producer_id, epoch, sequence, records in ((9, 0, 0, 5), (7, 3, 0, 2), (9, 0, 5, 4), (7, 4, 0, 1)):
        room.clock.ms += 10
        await room.commit(Batch(Log(A, 1), records, TIME_MS, producer_id, epoch, sequence))
    await room.commit(Batch(Log(B), 3, TIME_MS, 8, 0, 2**31 - 2), Batch(Log(A)))
    now = room.clock.ms
    found = await room.coordinator.list_producers([(B, 0), (A, 0), (A, 2), (A, 1), (C, 0), (B, 0)])
    ofs_b = [ActiveProducer(8, 0, 0, now)]
    assert [found[0], found[1], found[3], found[5]] == [
        ofs_b,
        [],
        [ActiveProducer(7, 4, 0, now), ActiveProducer(9, 0, 8, now - 10)],
        ofs_b,
    ]
    assert [type(found[place]) for place in (2, 4)] == [NotFound, NotFound]
    await room.coordinator.delete_topics([B])
    (gone,) = await room.coordinator.list_producers([(B, 0)])
    assert isinstance(gone, NotFound)
    assert await room.coordinator.list_producers([]) == []


async def test_producers_are_listed_in_bounded_parts(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skylog.coordinator.sqlite.listing.PRODUCERS_TOGETHER", 3)
    monkeypatch.setattr("skylog.coordinator.sqlite.listing.PRODUCER_LOGS_TOGETHER", 2)
    await room.create(A, 7)
    counts = [3, 0, 1, 0, 0, 8, 2]
    for partition, count in enumerate(counts):
        batches = [Batch(Log(A, partition), 1, TIME_MS, each, 0, 0) for each in range(count)]
        await room.commit(*batches, Batch(Log(A, partition)))
    logs = [(A, partition) for partition in range(7)]
    assert await listed(room, logs) == [list(range(count)) for count in counts]
    monkeypatch.setattr("skylog.coordinator.sqlite.listing.PRODUCERS_MAX", 10)
    assert await listed(room, logs) == [[0, 1, 2], [], [0], [], [], [0, 1, 2, 3, 4, 5], []]


async def listed(room: Room, logs: list[tuple[bytes, int]]) -> list[list[int]]:
    found = await room.coordinator.list_producers(logs)
    return [[each.producer_id for each in of_log] for of_log in found if isinstance(of_log, list)]
