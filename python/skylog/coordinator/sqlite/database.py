"""One connection, one job after another; jobs that wait together share a transaction and its fsync."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from skylog.coordinator.migrations import load_migrations
from skylog.coordinator.sqlite.worker import OnLoop, OnThread, Worker
from skylog.errors import Conflict, Corrupt, InvalidConfig, Unavailable

log = logging.getLogger("skylog.coordinator")

MEMORY = ":memory:"
JOBS_TOGETHER_MAX = 64
SQLITE_MIN = (3, 35, 0)
APPLICATION_ID = 0x736B796C
"""Says in the file's header that it is ours ("skyl")."""

# The lock comes first: with it SQLite needs no shared memory, and no second broker gets in. A commit returns
# when the write-ahead log is on the disk.
SETTINGS = (
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA wal_autocheckpoint = 10000",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA cache_size = -32768",
    "PRAGMA temp_store = MEMORY",
)

T = TypeVar("T")
R = TypeVar("R")
Work: TypeAlias = Callable[[sqlite3.Connection], T]


@dataclass(slots=True)
class _Job:
    work: Work[Any]
    publish: Callable[[Any], Any]
    answer: asyncio.Future[Any]


class Database:
    """A SQLite file, on a thread of its own, or memory, on the event loop itself.

    Parameters
    ----------
    path
        An absolute path, or ``:memory:``.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._worker: Worker = OnLoop() if path == MEMORY else OnThread()
        self._waiting: deque[_Job] = deque()
        self._running: asyncio.Future[Any] | None = None
        self._connection: sqlite3.Connection | None = None
        self._closed = False

    def __repr__(self) -> str:
        state = "closed" if self._closed else "running" if self._running else "idle"
        return f"<Database {self._path} {state}, {len(self._waiting)} jobs waiting>"

    @property
    def closed(self) -> bool:
        """Whether no more jobs are taken."""
        return self._closed

    async def open(self) -> None:
        """Take the file for this process alone and bring its schema up to date.

        Raises
        ------
        Conflict
            When another process has it.
        InvalidConfig
            When it cannot be opened, is not ours, or is newer than this program.
        """
        self._connection = await self._worker.call(_connect, self._path)

    async def close(self) -> None:
        """Finish the jobs that were given, then release the file."""
        self._closed = True
        while self._running is not None:
            await asyncio.wait([self._running])
        if self._connection is not None:
            await self._worker.call(self._connection.close)
            self._connection = None
        self._worker.close()

    def submit(self, work: Work[T], publish: Callable[[T], R]) -> asyncio.Future[R]:
        """Run `work` in a transaction; when that is durable, `publish` what it returned, on the event loop.

        Jobs are done and published in the order of submission, also those that nobody waits for any more. The
        future fails with what `work` or `publish` raised, or with `Unavailable` when the database failed.
        """
        if self._closed or self._connection is None:
            raise Unavailable("the coordinator is closed")
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Job(work, publish, answer))
        if self._running is None:
            self._start()
        return answer

    async def run(self, work: Work[T]) -> T:
        """Run `work` in a transaction and return what it returned once that is durable."""
        return await self.submit(work, _same)

    def _start(self) -> None:
        jobs = [self._waiting.popleft() for _ in range(min(len(self._waiting), JOBS_TOGETHER_MAX))]
        self._running = self._worker.call(self._transact, jobs)
        self._running.add_done_callback(lambda done: self._finish(jobs, done))

    def _finish(self, jobs: list[_Job], done: asyncio.Future[list[Any]]) -> None:
        failure = done.exception()
        outcomes = done.result() if failure is None else [failure] * len(jobs)
        self._running = None
        if self._waiting:
            self._start()
        for job, outcome in zip(jobs, outcomes, strict=True):
            _settle(job, outcome)

    def _transact(self, jobs: list[_Job]) -> list[Any]:
        connection = self._connection
        assert connection is not None
        try:
            connection.execute("BEGIN IMMEDIATE")
            outcomes = [_attempt(connection, job.work) for job in jobs]
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            log.error("%s: %s", self._path, error)
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            return [Unavailable(f"coordinator {self._path}: {error}")] * len(jobs)
        return outcomes


def _same(value: T) -> T:
    return value


def _attempt(connection: sqlite3.Connection, work: Work[Any]) -> Any:
    """Do one job; its failure undoes itself only, unless the database gave up the whole transaction."""
    connection.execute("SAVEPOINT job")
    try:
        outcome = work(connection)
    except Exception as error:
        if not connection.in_transaction:
            raise sqlite3.OperationalError(f"the transaction was lost: {error}") from error
        connection.execute("ROLLBACK TO job")
        outcome = error
        if isinstance(error, sqlite3.Error):
            outcome = Unavailable(f"coordinator: {error}")
    connection.execute("RELEASE job")
    return outcome


def _settle(job: _Job, outcome: Any) -> None:
    try:
        if isinstance(outcome, BaseException):
            raise outcome
        value = job.publish(outcome)
    except Exception as error:  # noqa: BLE001
        if not job.answer.cancelled():
            job.answer.set_exception(error)
    else:
        if not job.answer.cancelled():
            job.answer.set_result(value)


def _connect(path: str) -> sqlite3.Connection:
    if sqlite3.sqlite_version_info < SQLITE_MIN:
        raise InvalidConfig(
            f"SQLite: expected 3.35 or newer, found {sqlite3.sqlite_version}: use a Python built with it"
        )
    try:
        if path != MEMORY:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            path, timeout=0, isolation_level=None, check_same_thread=False, cached_statements=256
        )
    except (OSError, sqlite3.Error) as error:
        raise InvalidConfig(f"coordinator {path}: cannot be opened: {error}") from error
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: str) -> None:
    try:
        for setting in SETTINGS:
            connection.execute(setting)
        connection.execute("BEGIN IMMEDIATE")
        _migrate(connection, path)
        connection.execute("COMMIT")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise InvalidConfig(f"coordinator {path}: cannot be used: {error}") from error
        raise Conflict(
            f"coordinator {path}: another broker is using it; stop that one, or give this one its own "
            "--data directory"
        ) from error
    except sqlite3.DatabaseError as error:
        raise Corrupt(
            f"coordinator {path}: {error}; restore the file from a copy, or start with a new --data directory"
        ) from error


def _migrate(connection: sqlite3.Connection, path: str) -> None:
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if owner != APPLICATION_ID and tables:
        raise InvalidConfig(f"coordinator {path}: a SQLite file of another program; name a new file")
    migrations = load_migrations("sqlite")
    if version > len(migrations):
        raise InvalidConfig(
            f"coordinator {path}: its schema is version {version}, this skylog knows {len(migrations)}: "
            "it was used by a newer skylog, install that one"
        )
    for migration in migrations[version:]:
        for statement in _statements(migration.sql):
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {len(migrations)}")


def _statements(script: str) -> list[str]:
    """Split a script; `executescript` would end the transaction that makes a migration all or nothing."""
    found, start = [], 0
    for end in (place + 1 for place, letter in enumerate(script) if letter == ";"):
        if sqlite3.complete_statement(script[start:end]):
            found.append(script[start:end])
            start = end
    return found
