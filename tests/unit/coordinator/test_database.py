"""The SQLite file: who may use it, and jobs that share a transaction."""

from __future__ import annotations

import asyncio
import sqlite3
import struct
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from skylog.clock import SystemClock, SystemEntropy
from skylog.coordinator.migrations import load_migrations
from skylog.coordinator.open import open_coordinator
from skylog.coordinator.sqlite.database import MEMORY, Database
from skylog.errors import Conflict, Corrupt, InvalidConfig, NotFound, Unavailable

TOPIC = bytes(range(16))


@pytest.fixture(params=["memory", "file"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """One that works on the event loop, and one that works on a thread."""
    database = Database(MEMORY if request.param == "memory" else str(tmp_path / "database"))
    await database.open()
    await database.run(lambda connection: connection.execute("CREATE TABLE t (x INTEGER UNIQUE)"))
    yield database
    await database.close()


def insert(value: int) -> object:
    return lambda connection: connection.execute("INSERT INTO t VALUES (?)", (value,))


def rows(connection: sqlite3.Connection) -> list[int]:
    return [value for (value,) in connection.execute("SELECT x FROM t ORDER BY x")]


async def test_a_second_broker_is_told_what_to_do(tmp_path: Path) -> None:
    first, second = Database(str(tmp_path / "c.db")), Database(str(tmp_path / "c.db"))
    await first.open()
    with pytest.raises(Conflict, match="another broker is using it; stop that one, or give this one its own"):
        await second.open()
    await first.close()
    third = Database(str(tmp_path / "c.db"))
    await third.open()
    await third.close()


async def test_a_file_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE precious (x)")
    other.close()
    with pytest.raises(InvalidConfig, match="of another program"):
        await Database(str(path)).open()
    with sqlite3.connect(path) as other:
        assert [name for (name,) in other.execute("SELECT name FROM sqlite_schema")] == ["precious"]
    other.close()


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_text("this is a letter, not a database " * 100)
    with pytest.raises(Corrupt, match="restore the file"):
        await Database(str(path)).open()


async def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    database = Database(str(path))
    await database.open()
    await database.close()
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 999")
    newer.close()
    with pytest.raises(InvalidConfig, match="its schema is version 999"):
        await Database(str(path)).open()


async def test_a_path_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InvalidConfig, match="cannot be opened"):
        await Database(str(tmp_path / "file" / "c.db")).open()


async def test_a_broken_migration_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.db"
    steps = load_migrations("sqlite")
    broken = type(steps[0])(len(steps) + 1, "broken.sql", "CREATE TABLE half (x); CREATE TABLE topics (x);")
    with monkeypatch.context() as patch:
        patch.setattr("skylog.coordinator.sqlite.database.load_migrations", lambda _: [*steps, broken])
        with pytest.raises(InvalidConfig, match="topics already exists"):
            await Database(str(path)).open()
    database = Database(str(path))
    await database.open()
    names = await database.run(lambda c: {name for (name,) in c.execute("SELECT name FROM sqlite_schema")})
    assert "topics" in names
    assert "half" not in names
    await database.close()


async def test_power_loss_settings_hold(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "c.db"))
    await database.open()
    for name, value in (("journal_mode", "wal"), ("synchronous", 2), ("locking_mode", "exclusive")):
        found = await database.run(lambda c, name=name: c.execute(f"PRAGMA {name}").fetchone())
        assert found == (value,)
    await database.close()


async def test_a_job_that_fails_takes_no_other_with_it(database: Database) -> None:
    def half(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO t VALUES (100)")
        raise NotFound("nothing there")

    outcomes = await asyncio.gather(
        *(database.run(job) for job in (insert(1), insert(2), half, insert(2), insert(3))),
        return_exceptions=True,
    )
    assert [type(outcome).__name__ for outcome in outcomes] == [
        "Cursor",
        "Cursor",
        "NotFound",
        "Unavailable",
        "Cursor",
    ]
    assert await database.run(rows) == [1, 2, 3]


async def test_results_are_published_in_order_even_when_nobody_waits(database: Database) -> None:
    published: list[int] = []
    jobs = [database.submit(lambda _, number=number: number, published.append) for number in range(10)]
    jobs[3].cancel()
    await asyncio.wait(jobs)
    assert published == list(range(10))


async def test_a_failing_publication_reaches_its_caller(database: Database) -> None:
    def refuse(_: object) -> None:
        raise NotFound("no")

    with pytest.raises(NotFound):
        await database.submit(insert(1), refuse)
    assert await database.run(rows) == [1]


async def test_a_lost_transaction_fails_all_its_jobs(database: Database) -> None:
    await database.run(insert(1))

    def lose(connection: sqlite3.Connection) -> None:
        connection.execute("ROLLBACK")
        raise sqlite3.OperationalError("disk full")

    first = asyncio.ensure_future(database.run(lambda _: None))
    outcomes = await asyncio.gather(
        database.run(insert(2)), database.run(lose), database.run(insert(3)), return_exceptions=True
    )
    await first
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 3
    assert await database.run(rows) == [1]


async def test_only_a_disk_is_waited_for_on_a_thread(
    database: Database, request: pytest.FixtureRequest
) -> None:
    on_loop = await database.run(lambda _: threading.current_thread() is threading.main_thread())
    assert on_loop == ("memory" in request.node.name)


async def test_on_the_loop_no_job_runs_before_its_callers_turn_is_over() -> None:
    database = Database(MEMORY)
    await database.open()
    done: list[int] = []
    jobs = [
        database.submit(lambda _, number=number: done.append(number), lambda _: None) for number in range(3)
    ]
    assert done == []
    await database.close()
    assert done == [0, 1, 2]
    assert all(job.done() for job in jobs)


async def test_closing_finishes_what_was_given(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "c.db"))
    await database.open()
    await database.run(lambda connection: connection.execute("CREATE TABLE t (x INTEGER UNIQUE)"))
    jobs = [asyncio.ensure_future(database.run(insert(number))) for number in range(200)]
    await asyncio.sleep(0)  # noqa: TID251
    await database.close()
    assert all(job.exception() is None for job in jobs)
    with pytest.raises(Unavailable, match="closed"):
        await database.run(rows)
    database = Database(str(tmp_path / "c.db"))
    await database.open()
    assert len(await database.run(rows)) == 200
    await database.close()


async def test_a_file_of_the_first_schema_learns_the_sizes_of_its_logs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.db"
    with monkeypatch.context() as patch:
        first = load_migrations("sqlite")[:1]
        patch.setattr("skylog.coordinator.sqlite.database.load_migrations", lambda _: first)
        database = Database(str(path))
        await database.open()
        await database.run(_fill_first_schema)
        await database.close()
    for _ in range(2):
        coordinator = open_coordinator(f"sqlite://{path}", SystemClock(), SystemEntropy())
        await coordinator.open()
        assert await coordinator.log_sizes([(TOPIC, index) for index in range(4)]) == [1_500, 0, 700, None]
        await coordinator.close()


def _fill_first_schema(connection: sqlite3.Connection) -> None:
    """Three logs with extents that are sorted, unsorted, and both."""
    connection.execute("INSERT INTO topics (topic_id, name, partitions) VALUES (?, 't', 3)", (TOPIC,))
    logs = "INSERT INTO logs (topic_no, partition, next_offset) VALUES (1, 0, 30), (1, 1, 0), (1, 2, 10)"
    connection.execute(logs)
    connection.execute("INSERT INTO segments (key, size, created_ms, extents) VALUES ('s', 9999, 0, 4)")
    for base_offset, size in ((0, 400), (10, 600)):
        row = (1, base_offset, base_offset + 9, 1, 0, size, 0, 0, -1)
        connection.execute("INSERT INTO extents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    arrived = [(1, 10, 19, 0, 600, 0, 0, -1), (1, 20, 29, 0, 500, 0, 0, -1), (3, 0, 9, 0, 700, 0, 0, -1)]
    packed = b"".join(struct.pack("<8q", *row) for row in arrived)
    connection.execute("INSERT INTO arrivals (segment_no, extents) VALUES (1, ?)", (packed,))
