"""The growth bench measures what it fills in bulk: it must be what commits leave."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from sealing import Batch, Log, seal
from skylog.clock import SystemClock, SystemEntropy
from skylog.coordinator.base import SegmentCommit
from skylog.coordinator.sqlite import SqliteCoordinator
from skylog.model import NewTopic

LONG, WIDE = b"l" * 16, b"w" * 16
SEGMENTS = 7
TABLES = {
    "logs": """
        SELECT log_no, log_start_offset, next_offset, running_max_timestamp, last_append_ms FROM logs
        ORDER BY log_no""",
    "segments": "SELECT segment_no, key, created_ms, extents, deletable_ms FROM segments ORDER BY segment_no",
    "extents": """
        SELECT log_no, base_offset, last_offset, segment_no, max_timestamp, running_max_timestamp,
        append_time_ms FROM extents ORDER BY log_no, base_offset""",
    "arrivals": "SELECT * FROM arrivals",
}
"""All but the bytes, which real batches have others of."""


class SetClock(SystemClock):
    """Shows the time that it is told."""

    time_ms = 0

    def now_ms(self) -> int:
        return self.time_ms


@pytest.fixture
def filling(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3] / "benches/growth"))
    yield import_module("filling")
    del sys.modules["filling"]


def test_a_filled_file_holds_what_commits_leave(filling: Any, tmp_path: Path) -> None:
    committed, filled = tmp_path / "committed.db", tmp_path / "filled.db"
    asyncio.run(_commit(filling, committed, SEGMENTS))
    asyncio.run(_commit(filling, filled, 0))
    plan = filling.Filling(1, range(2, 5))
    plan.fill(filled, 0, 2)
    plan.fill(filled, 2, SEGMENTS)
    assert _rows(filled) == _rows(committed)


async def _commit(filling: Any, path: Path, segments: int) -> None:
    clock = SetClock()
    coordinator = SqliteCoordinator(str(path), clock, SystemEntropy())
    await coordinator.open()
    await coordinator.create_topics([NewTopic(LONG, "long", 1), NewTopic(WIDE, "wide", 3)])
    epoch = await coordinator.register_broker(1)
    for number in range(segments):
        time_ms = filling.created_ms(number)
        clock.time_ms = time_ms
        logs = Log(LONG), Log(WIDE, number % 3)
        sealed = seal([Batch(log, filling.RECORDS, time_ms) for log in logs])
        commit = SegmentCommit(filling.key_of(number), sealed.size, time_ms, 1, epoch, sealed)
        await coordinator.commit_segments([commit])
    await coordinator.close()
    # Opening folds what arrived.
    await _open_and_close(path, clock)


async def _open_and_close(path: Path, clock: SetClock) -> None:
    coordinator = SqliteCoordinator(str(path), clock, SystemEntropy())
    await coordinator.open()
    await coordinator.close()


def _rows(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    with sqlite3.connect(path) as connection:
        rows = {table: connection.execute(query).fetchall() for table, query in TABLES.items()}
    connection.close()
    return rows
