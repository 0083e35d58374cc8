"""A database that cannot grow: commits fail as unknown, nothing of them is visible, and later ones go on."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sealing import Batch, Log, seal
from skylog.clock import SystemClock, SystemEntropy
from skylog.coordinator.base import SegmentCommit
from skylog.coordinator.sqlite import SqliteCoordinator
from skylog.core import CommitResult, LogPositions
from skylog.errors import Unavailable
from skylog.model import LATEST, NewTopic, OffsetAnswer, OffsetQuery

TOPIC = bytes(range(16))


class Full:
    """A coordinator whose file has a limit."""

    def __init__(self, coordinator: SqliteCoordinator, epoch: int) -> None:
        self.coordinator = coordinator
        self.epoch = epoch
        self.number = 0

    async def limit(self, pages: int) -> None:
        def set_limit(connection: sqlite3.Connection) -> None:
            (present,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {present + pages}")

        await self.coordinator._database.run(set_limit)

    async def commit(self) -> CommitResult:
        sealed = seal([Batch(Log(TOPIC), producer_id=7, epoch=0, sequence=self.number)])
        key = f"segment-{self.number}-{'x' * 2_000}"
        commit = SegmentCommit(key, sealed.size, SystemClock().now_ms(), 1, self.epoch, sealed)
        (result,) = await self.coordinator.commit_segments([commit])
        assert isinstance(result, CommitResult)
        self.number += result.appended
        return result

    async def commit_until_full(self) -> None:
        for _ in range(100):
            await self.commit()

    async def end(self) -> int:
        (answer,) = await self.coordinator.list_offsets([OffsetQuery(TOPIC, 0, LATEST)])
        assert isinstance(answer, OffsetAnswer)
        return answer.offset


@pytest.fixture
async def full(tmp_path: Path) -> AsyncIterator[Full]:
    coordinator = SqliteCoordinator(str(tmp_path / "c.db"), SystemClock(), SystemEntropy())
    await coordinator.open()
    await coordinator.create_topics([NewTopic(TOPIC, "t", 1)])
    yield Full(coordinator, await coordinator.register_broker(1))
    await coordinator.close()


async def test_a_full_disk_fails_commits_and_leaves_no_gap(full: Full) -> None:
    await full.limit(3)
    with pytest.raises(Unavailable, match="full"):
        await full.commit_until_full()
    taken = full.number
    assert 0 < taken < 100
    assert await full.end() == taken
    with pytest.raises(Unavailable, match="full"):
        await full.commit()
    await full.limit(1_000)
    assert (await full.commit()).batches() == [("appended", taken)]
    located = await full.coordinator.find_extents(LogPositions([(TOPIC, 0, 0, 1 << 40)]), 1_000)
    assert [row[1] for row in located.extents()] == list(range(taken + 1))
