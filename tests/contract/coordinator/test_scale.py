"""Cost: a million extents, statistics gathered, and every way to look one up is a descent."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sealing import Batch, Log, seal
from skylog.clock import SystemClock, SystemEntropy
from skylog.coordinator.base import SegmentCommit
from skylog.coordinator.sqlite import MEMORY, SqliteCoordinator
from skylog.coordinator.sqlite.extents import FIND
from skylog.coordinator.sqlite.objects import DELETED_LOG, DELETED_OFFSETS
from skylog.coordinator.sqlite.times import HOLDER, REACHING
from skylog.coordinator.sqlite.trims import BELOW_START, NEXT_TIMES
from skylog.core import CommitResult, LogPositions
from skylog.model import (
    HIGH_WATERMARK,
    MAX_TIMESTAMP,
    CommittedOffset,
    GroupRecord,
    NewTopic,
    OffsetAnswer,
    OffsetQuery,
    Trim,
)

TOPIC = bytes(range(16))
LOGS = 1_000
EACH = 1_000
FILL = """
    WITH RECURSIVE n (i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < 1000000)
    INSERT INTO extents SELECT i / 1000 + 1, i % 1000 * 10, i % 1000 * 10 + 9, i % 1000 + 1, 64, 1000,
        i % 1000 * 10, i % 1000 * 10, -1 FROM n
"""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of 1,000 logs with 1,000 extents each."""
    path = tmp_path_factory.mktemp("scale") / "coordinator.db"
    _create(path)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(FILL)
        connection.execute("UPDATE logs SET next_offset = 10000, running_max_timestamp = 9990")
        connection.executemany(
            "INSERT INTO segments (key, size, created_ms, extents) VALUES (?, 1000000, 0, 1000)",
            [(f"segments/{number}",) for number in range(1, EACH + 1)],
        )
        connection.execute("ANALYZE")
    connection.close()
    return path


def _create(path: Path) -> None:
    async def create() -> None:
        coordinator = SqliteCoordinator(str(path), SystemClock(), SystemEntropy())
        await coordinator.open()
        await coordinator.create_topics([NewTopic(TOPIC, "big", LOGS)])
        await coordinator.close()

    asyncio.run(create())


@pytest.fixture
async def big(filled: Path) -> AsyncIterator[SqliteCoordinator]:
    coordinator = SqliteCoordinator(str(filled), SystemClock(), SystemEntropy())
    await coordinator.open()
    yield coordinator
    await coordinator.close()


@pytest.fixture
async def fresh() -> AsyncIterator[SqliteCoordinator]:
    """A coordinator without statistics, as most are."""
    coordinator = SqliteCoordinator(MEMORY, SystemClock(), SystemEntropy())
    await coordinator.open()
    yield coordinator
    await coordinator.close()


async def explain(coordinator: SqliteCoordinator, query: str) -> list[str]:
    names = (
        *("log_no", "high_watermark", "offset", "extents_max", "timestamp_ms", "log_start_offset"),
        *("first_offset", "running_max", "base_offset", "limit", "rows"),
    )
    values = dict.fromkeys(names, 1)
    rows = await coordinator._database.run(
        lambda connection: connection.execute("EXPLAIN QUERY PLAN " + query, values).fetchall()
    )
    return [row[3].rstrip(" 0123456789") if "SUBQUERY" in row[3] else row[3] for row in rows]


class Meter:
    """Counts the instructions of SQLite's machine while it is held."""

    def __init__(self, coordinator: SqliteCoordinator) -> None:
        self._connection = coordinator._database._connection
        self.steps = 0

    def __enter__(self) -> Meter:
        assert self._connection is not None
        self._connection.set_progress_handler(self._count, 100)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._connection is not None
        self._connection.set_progress_handler(None, 0)

    def _count(self) -> int:
        self.steps += 100
        return 0


@pytest.mark.parametrize("offset", [0, 4_995, 9_999])
async def test_finding_costs_the_same_everywhere(big: SqliteCoordinator, offset: int) -> None:
    with Meter(big) as meter:
        located = await big.find_extents(LogPositions([(TOPIC, 499, offset, 3_000)]), 100)
    bases = [row[1] for row in located.extents()]
    first = offset // 10 * 10
    assert bases == [base for base in (first, first + 10, first + 20) if base < 10_000]
    assert meter.steps <= 2_000


@pytest.mark.parametrize("time", [1, 4_995, 9_990, MAX_TIMESTAMP, 9_991])
async def test_times_cost_the_same_everywhere(big: SqliteCoordinator, time: int) -> None:
    with Meter(big) as meter:
        (answer,) = await big.list_offsets([OffsetQuery(TOPIC, 999, time)])
    expected = {1: 10, 4_995: 5_000, 9_990: 9_990, MAX_TIMESTAMP: 9_990, 9_991: -1}
    assert isinstance(answer, OffsetAnswer)
    assert answer.offset == expected[time]
    assert meter.steps <= 2_000


async def test_a_commit_reads_and_writes_only_its_own_rows(big: SqliteCoordinator) -> None:
    epoch = await big.register_broker(1)
    for size, steps_max in ((1, 2_000), (100, 60_000)):
        sealed = seal([Batch(Log(TOPIC, p), producer_id=size, epoch=0, sequence=0) for p in range(size)])
        commit = SegmentCommit(f"key-{size}", sealed.size, SystemClock().now_ms(), 1, epoch, sealed)
        with Meter(big) as meter:
            (result,) = await big.commit_segments([commit])
        assert isinstance(result, CommitResult)
        assert result.appended == size
        assert meter.steps <= steps_max


@pytest.mark.parametrize(
    ("query", "plan"),
    [
        (
            FIND,
            [
                "SEARCH extents USING PRIMARY KEY (log_no=? AND base_offset>? AND base_offset<?)",
                "SCALAR SUBQUERY",
                "SEARCH extents USING PRIMARY KEY (log_no=? AND base_offset<?)",
            ],
        ),
        (
            REACHING,
            [
                "CO-ROUTINE (subquery-1)",
                "SEARCH extents USING INDEX extents_by_time"
                " (log_no=? AND (running_max_timestamp,base_offset)>(?,?))",
                "SCAN (subquery-1)",
            ],
        ),
        (HOLDER, ["SEARCH extents USING PRIMARY KEY (log_no=? AND base_offset<?)"]),
        (BELOW_START, ["SEARCH extents USING PRIMARY KEY (log_no=? AND base_offset<?)"]),
        (NEXT_TIMES, ["SEARCH extents USING PRIMARY KEY (log_no=? AND base_offset>?)"]),
    ],
)
async def test_plans_are_descents(
    big: SqliteCoordinator, fresh: SqliteCoordinator, query: str, plan: list[str]
) -> None:
    assert await explain(big, query) == plan
    assert await explain(fresh, query) == plan


async def test_choosing_what_to_purge_sorts_nothing(big: SqliteCoordinator, fresh: SqliteCoordinator) -> None:
    for coordinator in (big, fresh):
        assert [step.split(" (")[0] for step in await explain(coordinator, DELETED_LOG)] == [
            "SEARCH t USING COVERING INDEX topics_deleted",
            "SEARCH l USING COVERING INDEX sqlite_autoindex_logs_1",
        ]
        offsets = DELETED_OFFSETS.replace("?", ":extents_max")
        assert [step.split(" (")[0] for step in await explain(coordinator, offsets)] == [
            "SEARCH t USING COVERING INDEX topics_deleted",
            "SEARCH o USING COVERING INDEX group_offsets_by_topic",
        ]


async def test_a_few_of_a_groups_offsets_do_not_cost_all_of_them(fresh: SqliteCoordinator) -> None:
    """Each of many consumers asks for its own partitions; together they once read the square of all."""
    await fresh.create_topics([NewTopic(TOPIC, "wide", 10_000)])
    offsets = [CommittedOffset(TOPIC, partition, 7) for partition in range(10_000)]
    await fresh.commit_offsets("g", offsets)
    with Meter(fresh) as meter:
        found = await fresh.fetch_offsets("g", [(TOPIC, partition) for partition in (0, 5_000, 9_999)])
    assert [offset and offset.offset for offset in found] == [7, 7, 7]
    assert meter.steps <= 1_000


async def test_finding_a_group_does_not_cost_all_groups(fresh: SqliteCoordinator) -> None:
    """DescribeGroups of one once read all, 10 ms of CPU where 10,000 were stored."""
    connection = fresh._database._connection
    assert connection is not None
    connection.executemany("INSERT INTO groups VALUES (?, '', 0)", [(f"g{n}",) for n in range(10_000)])
    with Meter(fresh) as meter:
        assert await fresh.find_groups(["g77"]) == [GroupRecord("g77", "")]
    assert meter.steps <= 1_000


@pytest.mark.parametrize(("partition", "offset"), [(700, 5), (701, 4_995), (702, HIGH_WATERMARK)])
async def test_deleting_records_costs_the_same_however_many(
    big: SqliteCoordinator, partition: int, offset: int
) -> None:
    with Meter(big) as meter:
        (start,) = await big.delete_records([Trim(TOPIC, partition, offset)])
    assert start == (10_000 if offset == HIGH_WATERMARK else offset)
    assert meter.steps <= 2_000


async def test_deleting_records_of_many_partitions_costs_a_descent_each(big: SqliteCoordinator) -> None:
    trims = [Trim(TOPIC, partition, 5_000) for partition in range(100, 600)]
    with Meter(big) as meter:
        assert await big.delete_records(trims) == [5_000] * 500
    assert meter.steps <= 500 * 150


async def test_times_cost_the_same_while_half_a_log_waits_to_be_purged(big: SqliteCoordinator) -> None:
    await big.delete_records([Trim(TOPIC, 800, 5_005)])
    for time, offset in ((0, 5_005), (5_000, 5_005), (5_010, 5_010), (9_990, 9_990), (MAX_TIMESTAMP, 9_990)):
        with Meter(big) as meter:
            (answer,) = await big.list_offsets([OffsetQuery(TOPIC, 800, time)])
        assert isinstance(answer, OffsetAnswer)
        assert answer.offset == offset
        assert meter.steps <= 2_000


async def test_times_that_only_deleted_records_reach_are_looked_for_in_bounded_steps(
    big: SqliteCoordinator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skylog.coordinator.sqlite.times.ROWS_TOGETHER", 100)
    (log_no,) = big._index.log_numbers([(TOPIC, 801)])
    connection = big._database._connection
    assert connection is not None
    connection.execute("UPDATE extents SET running_max_timestamp = 10000 WHERE log_no = ?", (log_no,))
    connection.execute("UPDATE logs SET running_max_timestamp = 10000 WHERE log_no = ?", (log_no,))
    await big.delete_records([Trim(TOPIC, 801, 15)])
    steps, run = [], big._database.run

    async def metered(work: Any) -> Any:
        with Meter(big) as meter:
            outcome = await run(work)
        steps.append(meter.steps)
        return outcome

    monkeypatch.setattr(big._database, "run", metered)
    for time, offset in ((5_000, 5_000), (9_991, -1), (MAX_TIMESTAMP, 9_990)):
        (answer,) = await big.list_offsets([OffsetQuery(TOPIC, 801, time)])
        assert isinstance(answer, OffsetAnswer)
        assert answer.offset == offset
    assert len(steps) > 20
    assert max(steps) <= 100 * 100


async def test_a_step_of_a_purge_touches_so_many_rows_and_no_more(big: SqliteCoordinator) -> None:
    await big.delete_records([Trim(TOPIC, 900, HIGH_WATERMARK)])
    for _ in range(10):
        with Meter(big) as meter:
            assert 0 < await big.purge(100) <= 100
        assert meter.steps <= 100 * 150
