"""Figures of the embedded coordinator: milliseconds of one call, on a durable file.

    python benches/python/bench_coordinator.py
    python benches/python/bench_coordinator.py --rounds 50 --extents 200000 --directory /var/tmp

Prints median, 99th percentile and maximum, and CPU time per call, all threads and folds included (with a busy
loop that is the loop's). The slowest commits wait for a fold of 8,192 extents.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from sealing import Batch, Log, seal
from skylog.clock import SystemClock, SystemEntropy
from skylog.coordinator.base import SegmentCommit
from skylog.coordinator.sqlite import SqliteCoordinator
from skylog.core import LogPositions
from skylog.model import NewTopic, OffsetQuery

TOPIC = bytes(range(16))
FILL = """
    WITH RECURSIVE n (i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :extents)
    INSERT INTO extents SELECT i / :each + 1, i % :each * 10, i % :each * 10 + 9, i % :each + 1, 64, 1000,
        i % :each * 10, i % :each * 10, -1 FROM n
"""


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(dir=options.directory) as directory:
        asyncio.run(_bench(Path(directory) / "coordinator.db", options))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100, help="calls of each kind")
    parser.add_argument("--extents", type=int, default=1_000_000, help="extents in the database")
    parser.add_argument("--directory", help="where the database lies")
    return parser.parse_args()


async def _bench(path: Path, options: argparse.Namespace) -> None:
    coordinator = await _open(path)
    epoch = await coordinator.register_broker(1)
    started = time.perf_counter()
    await coordinator.create_topics([NewTopic(TOPIC, "bench", 10_000)])
    print(f"create_topics, 10,000 partitions   {1e3 * (time.perf_counter() - started):8.2f} ms")
    await coordinator.close()
    await asyncio.to_thread(_fill, path, options.extents)
    started = time.perf_counter()
    coordinator = await _open(path)
    print(f"open, 10,000 logs                  {1e3 * (time.perf_counter() - started):8.2f} ms")
    await _bench_reads(coordinator, options)
    for partitions in (1, 100, 1_000):
        commits = _commits(partitions, options.rounds, epoch)
        await _report(f"commit, {partitions} partitions", [_commit(coordinator, one) for one in commits])
    stop = asyncio.create_task(_busy())
    commits = _commits(100, options.rounds, epoch, options.rounds)
    await _report("commit, 100 partitions, busy loop", [_commit(coordinator, one) for one in commits])
    stop.cancel()
    await coordinator.close()


async def _open(path: Path) -> SqliteCoordinator:
    coordinator = SqliteCoordinator(str(path), SystemClock(), SystemEntropy())
    await coordinator.open()
    return coordinator


def _fill(path: Path, extents: int) -> None:
    each = extents // 1_000
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(FILL, {"extents": extents, "each": each})
        connection.execute("UPDATE logs SET next_offset = ? WHERE log_no <= 1000", (each * 10,))
        connection.execute("UPDATE logs SET running_max_timestamp = ? WHERE log_no <= 1000", (each * 10,))
        connection.executemany(
            "INSERT INTO segments (key, size, created_ms, extents) VALUES (?, 1000000, 0, 1000)",
            [(f"segments/{number}",) for number in range(each)],
        )
        connection.execute("ANALYZE")
    connection.close()
    os.sync()


async def _bench_reads(coordinator: SqliteCoordinator, options: argparse.Namespace) -> None:
    end = options.extents // 1_000 * 10
    tail = LogPositions([(TOPIC, partition, end, 1 << 20) for partition in range(64)])
    await _report("find_extents, 64 at the tail", [lambda: coordinator.find_extents(tail, 4096)] * 1000)
    for where, offset in (("start", 0), ("middle", end // 2), ("end", end - 1)):
        one = LogPositions([(TOPIC, 500, offset, 10_000)])
        await _report(
            f"find_extents, 1 at the {where}",
            [lambda one=one: coordinator.find_extents(one, 4096)] * options.rounds,
        )
        query = [OffsetQuery(TOPIC, 500, offset)]
        await _report(
            f"list_offsets by time, {where}",
            [lambda query=query: coordinator.list_offsets(query)] * options.rounds,
        )


def _commits(partitions: int, rounds: int, epoch: int, start: int = 0) -> list[SegmentCommit]:
    now_ms = SystemClock().now_ms()
    commits = []
    for number in range(start, start + rounds):
        sealed = seal(
            [
                Batch(Log(TOPIC, partition), producer_id=partitions, epoch=0, sequence=number)
                for partition in range(partitions)
            ]
        )
        commits.append(SegmentCommit(f"c{partitions}-{number}", sealed.size, now_ms, 1, epoch, sealed))
    return commits


def _commit(coordinator: SqliteCoordinator, commit: SegmentCommit) -> Callable[[], Awaitable[object]]:
    async def run() -> None:
        (result,) = await coordinator.commit_segments([commit])
        assert getattr(result, "rejected", 1) == 0, result

    return run


async def _busy() -> None:
    """Hold the interpreter as a loaded broker does: short callbacks without a pause."""
    while True:
        sum(range(2_000))
        await asyncio.sleep(0)  # noqa: TID251


async def _report(name: str, calls: list[Callable[[], Awaitable[object]]]) -> None:
    times = []
    cpu_started = time.process_time()
    for call in calls:
        started = time.perf_counter()
        await call()
        times.append(1e3 * (time.perf_counter() - started))
    cpu = 1e3 * (time.process_time() - cpu_started) / len(calls)
    worst = statistics.quantiles(times, n=100)[98]
    middle, longest = statistics.median(times), max(times)
    print(f"{name:34} {middle:8.3f} ms   p99 {worst:8.3f}   max {longest:8.3f}   CPU {cpu:7.3f}")


if __name__ == "__main__":
    main()
