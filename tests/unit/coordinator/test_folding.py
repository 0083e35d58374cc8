"""What commits left is sorted in steps, and nothing is sorted twice or comes back."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator

import pytest

from sealing import Batch, Log, seal
from skylog.clock import SystemClock, SystemEntropy
from skylog.coordinator.base import SegmentCommit
from skylog.coordinator.migrations import load_migrations
from skylog.coordinator.sqlite import MEMORY, SqliteCoordinator
from skylog.coordinator.sqlite.coordinator import ARRIVALS_MAX
from skylog.coordinator.sqlite.folding import ROW, STEP_EXTENTS, arrived_bytes, fold, fold_step, uncover
from skylog.core import LogPositions
from skylog.model import NewTopic

TOPIC = bytes(range(16))
LOGS = 1_000
SEGMENTS = 4


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """A database in which four commits of 1,000 logs arrived."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for migration in load_migrations("sqlite"):
        connection.executescript(migration.sql)
    for turn in range(SEGMENTS):
        arrive(connection, turn)
    yield connection
    connection.close()


def arrive(connection: sqlite3.Connection, turn: int) -> None:
    packed = b"".join(ROW.pack(log_no, turn, turn, 64, 100, 0, 0, -1) for log_no in range(LOGS))
    connection.execute("INSERT INTO arrivals (segment_no, extents) VALUES (?, ?)", (turn, packed))


def extents(connection: sqlite3.Connection) -> list[tuple[int, int, int]]:
    return connection.execute(
        "SELECT log_no, base_offset, segment_no FROM extents ORDER BY log_no, base_offset"
    ).fetchall()


def all_extents(segments: int = SEGMENTS) -> list[tuple[int, int, int]]:
    return [(log_no, turn, turn) for log_no in range(LOGS) for turn in range(segments)]


def sizes(connection: sqlite3.Connection) -> set[int]:
    return {size for (size,) in connection.execute("SELECT size FROM logs")}


def arrived(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM arrivals").fetchone()[0])


def test_each_step_moves_a_bounded_part_in_the_order_of_keys(connection: sqlite3.Connection) -> None:
    run, counts = fold_step(connection, None), []
    while run is not None:
        run = fold_step(connection, run)
        counts.append(len(extents(connection)))
        assert extents(connection) == all_extents()[: counts[-1]]
    assert counts == [1_024, 2_048, 3_072, 4_000, 4_000], "the last one forgets the arrivals"
    assert arrived(connection) == 0


def test_what_arrives_during_a_run_waits_for_the_next(connection: sqlite3.Connection) -> None:
    run = fold_step(connection, None)
    arrive(connection, SEGMENTS)
    while run is not None:
        run = fold_step(connection, run)
    assert (len(extents(connection)), arrived(connection)) == (4_000, 1)
    fold(connection)
    assert extents(connection) == all_extents(SEGMENTS + 1)


def test_a_run_that_a_crash_cut_short_is_folded_at_the_start(connection: sqlite3.Connection) -> None:
    fold_step(connection, fold_step(connection, fold_step(connection, None)))
    fold(connection)
    assert extents(connection) == all_extents()
    assert arrived(connection) == 0


def test_a_step_that_was_rolled_back_is_made_up_for(connection: sqlite3.Connection) -> None:
    run = fold_step(connection, None)
    connection.execute("BEGIN")
    fold_step(connection, run)
    connection.execute("ROLLBACK")
    run = fold_step(connection, None)
    while run is not None:
        run = fold_step(connection, run)
    assert extents(connection) == all_extents()


def test_what_was_removed_during_a_run_does_not_come_back(connection: sqlite3.Connection) -> None:
    run = fold_step(connection, fold_step(connection, None))
    fold(connection)
    connection.execute("DELETE FROM extents")
    assert fold_step(connection, run) is None
    assert extents(connection) == []


def test_a_reader_uncovers_just_its_logs_where_much_arrived(connection: sqlite3.Connection) -> None:
    uncover(connection, {7, 500})
    assert extents(connection) == [(log_no, turn, turn) for log_no in (7, 500) for turn in range(SEGMENTS)]
    assert arrived(connection) == SEGMENTS
    fold(connection)
    assert extents(connection) == all_extents()


def test_a_reader_folds_all_where_little_arrived(connection: sqlite3.Connection) -> None:
    fold(connection)
    arrive(connection, SEGMENTS)
    uncover(connection, {7})
    assert extents(connection) == all_extents(SEGMENTS + 1)
    assert arrived(connection) == 0


def _step_by_step(connection: sqlite3.Connection) -> None:
    run = fold_step(connection, None)
    while run is not None:
        run = fold_step(connection, run)


def _cut_short(connection: sqlite3.Connection) -> None:
    fold_step(connection, fold_step(connection, None))
    fold(connection)


def _uncovered_first(connection: sqlite3.Connection) -> None:
    uncover(connection, {7, 500})
    _step_by_step(connection)


@pytest.mark.parametrize("way", [fold, _step_by_step, _cut_short, _uncovered_first])
def test_bytes_are_counted_once_whatever_way_extents_go(
    connection: sqlite3.Connection, way: Callable[[sqlite3.Connection], object]
) -> None:
    logs = [(log_no, log_no) for log_no in range(LOGS)]
    connection.executemany("INSERT INTO logs (log_no, topic_no, partition) VALUES (?, 1, ?)", logs)
    way(connection)
    way(connection)
    assert sizes(connection) == {100 * SEGMENTS}
    arrive(connection, SEGMENTS)
    assert arrived_bytes(connection) == dict.fromkeys(range(LOGS), 100)
    way(connection)
    assert sizes(connection) == {100 * (SEGMENTS + 1)}


async def test_no_transaction_behind_commits_sorts_more_than_a_step() -> None:
    """A commit once waited for 8,192 extents to be sorted, 60 to 200 ms."""
    coordinator = SqliteCoordinator(MEMORY, SystemClock(), SystemEntropy())
    await coordinator.open()
    await coordinator.create_topics([NewTopic(TOPIC, "wide", LOGS)])
    epoch = await coordinator.register_broker(1)
    moved = _record_moves(coordinator)
    sealed = seal([Batch(Log(TOPIC, partition)) for partition in range(LOGS)])
    for number in range(ARRIVALS_MAX // LOGS + 1):
        now_ms = SystemClock().now_ms()
        await coordinator.commit_segments(
            [SegmentCommit(f"s{number}", sealed.size, now_ms, 1, epoch, sealed)]
        )
    await _until_folded(coordinator)
    assert sum(moved) == (ARRIVALS_MAX // LOGS + 1) * LOGS
    assert max(moved) <= STEP_EXTENTS
    await coordinator.close()


def _record_moves(coordinator: SqliteCoordinator) -> list[int]:
    """Return a list that grows by the extents that each transaction sorts."""
    database, moved = coordinator._database, []
    transact = database._transact

    def count() -> int:
        assert database._connection is not None
        return int(database._connection.execute("SELECT count(*) FROM extents").fetchone()[0])

    def counted(jobs: list[object]) -> list[object]:
        before = count()
        outcomes = transact(jobs)
        moved.append(count() - before)
        return outcomes

    database._transact = counted
    return moved


async def _until_folded(coordinator: SqliteCoordinator) -> None:
    while coordinator._is_folding:
        await coordinator.list_groups()
    # And a cold read sees it all, wherever it lies.
    located = await coordinator._find_in_database(LogPositions([(TOPIC, 5, 0, 1 << 30)]), 100)
    assert [row[1] for row in located.extents()] == list(range(ARRIVALS_MAX // LOGS + 1))
