"""The cluster's identity, the epochs that fence brokers, and calls that ask for nothing."""

from __future__ import annotations

import re

from sealing import Batch, Log, seal
from skylog.coordinator.base import SegmentCommit
from skylog.core import CommitResult
from skylog.errors import Conflict, Fenced, SkylogError
from skylog.model import (
    GroupRecord,
)

from .room import ALL, A, Room


async def test_the_cluster_has_an_id(room: Room) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", room.coordinator.cluster_id)


async def test_the_cluster_id_and_all_else_outlive_a_restart(durable: Room) -> None:
    before = durable.coordinator.cluster_id
    assert durable.coordinator.created_ms == durable.clock.ms
    durable.clock.ms += 1000
    await durable.create(A, 3)
    await durable.commit(Batch(Log(A, 2), 5))
    await durable.coordinator.save_group(GroupRecord("g", "consumer", 4))
    await durable.restart()
    assert durable.coordinator.cluster_id == before
    assert durable.coordinator.created_ms == durable.clock.ms - 1000
    assert [topic.partitions for topic in await durable.coordinator.list_topics()] == [3]
    assert await durable.bounds(A, 2) == (0, 5)
    assert (await durable.find((A, 2, 3, ALL))).extents()[0][1:3] == (0, 4)
    assert await durable.coordinator.list_groups() == [GroupRecord("g", "consumer", 4)]


async def test_a_new_broker_epoch_fences_the_old_one(room: Room) -> None:
    await room.create(A)
    late = room.segment(Batch(Log(A)))
    assert await room.coordinator.register_broker(1) > room.epoch
    assert await room.coordinator.register_broker(2) >= 1
    (outcome,) = await room.coordinator.commit_segments([late])
    assert isinstance(outcome, Fenced)
    assert await room.bounds(A) == (0, 0)
    assert await room.coordinator.known_segments([late.key]) == [False]


async def test_an_unknown_broker_is_fenced(room: Room) -> None:
    sealed = seal([Batch(Log(A))])
    commit = SegmentCommit("key", sealed.size, room.clock.ms, 9, 1, sealed)
    (outcome,) = await room.coordinator.commit_segments([commit])
    assert isinstance(outcome, Fenced)


async def test_a_segment_that_waited_too_long_is_refused(room: Room) -> None:
    await room.create(A)
    late = room.segment(Batch(Log(A)))
    room.clock.ms += 3_600_000
    fresh = room.segment(Batch(Log(A)))
    refused, taken = await room.coordinator.commit_segments([late, fresh])
    assert isinstance(refused, Conflict)
    assert isinstance(taken, CommitResult)
    assert await room.coordinator.known_segments([late.key, fresh.key]) == [False, True]


async def test_empty_calls_are_answered(room: Room) -> None:
    answers: list[list[object] | list[SkylogError | None]] = [
        list(await room.coordinator.create_topics([])),
        list(await room.coordinator.commit_segments([])),
        list(await room.coordinator.list_offsets([])),
        list(await room.coordinator.fetch_offsets("g", [])),
        list(await room.coordinator.delete_groups([])),
        list(await room.coordinator.known_segments([])),
    ]
    assert answers == [[]] * 6
    assert len(await room.find()) == 0
