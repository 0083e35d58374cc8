"""kill -9 in the middle of commits and deletions: what was acknowledged holds, and nothing else is lost."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from sealing import Batch, Log, seal
from skylog.clock import SystemClock
from skylog.coordinator.base import SegmentCommit
from skylog.coordinator.open import open_coordinator
from skylog.core import CommitResult, LogPositions
from skylog.model import NewTopic, Trim

TOPIC = bytes(range(16))
PARTITIONS = 3
COMMITS = 40
TRIMS = 60


async def commit_for_ever(path: str, start: int) -> None:
    """Run in a process of its own: commit segment after segment, print the number of each that is durable."""
    coordinator = open_coordinator(f"sqlite://{path}", SystemClock())
    await coordinator.open()
    if not await coordinator.list_topics():
        await coordinator.create_topics([NewTopic(TOPIC, "t", PARTITIONS)])
    epoch = await coordinator.register_broker(1)
    number = start
    while True:
        batches = [
            Batch(Log(TOPIC, partition), 2, producer_id=5, epoch=0, sequence=2 * number)
            for partition in range(PARTITIONS)
        ]
        sealed = seal(batches)
        commit = SegmentCommit(f"s{number}", sealed.size, SystemClock().now_ms(), 1, epoch, sealed)
        (result,) = await coordinator.commit_segments([commit])
        assert isinstance(result, CommitResult)
        assert result.rejected == 0
        print(number, flush=True)
        number += 1


async def trim_for_ever(path: str, start: int) -> None:
    """Run in a process of its own: commit, delete records and purge at once; print each start that holds."""
    coordinator = open_coordinator(f"sqlite://{path}", SystemClock())
    await coordinator.open()
    if not await coordinator.list_topics():
        await coordinator.create_topics([NewTopic(TOPIC, "t", PARTITIONS)])
    epoch = await coordinator.register_broker(1)
    offset = start
    while True:
        sealed = seal([Batch(Log(TOPIC, partition), 2) for partition in range(PARTITIONS)])
        commits = [
            SegmentCommit(f"s{2 * offset + number}", sealed.size, SystemClock().now_ms(), 1, epoch, sealed)
            for number in range(2)
        ]
        trims = [Trim(TOPIC, partition, offset) for partition in range(PARTITIONS)]
        _, starts, *_ = await asyncio.gather(
            coordinator.commit_segments(commits),
            coordinator.delete_records(trims),
            coordinator.purge(2),
            coordinator.purge(1),
        )
        assert starts == [offset] * PARTITIONS
        print(offset, flush=True)
        offset += 3


def run_and_kill(path: Path, start: int, work: str = "commit_for_ever", steps: int = COMMITS) -> int:
    """Return the last number that the process had acknowledged when it was killed."""
    here = Path(__file__).parent
    code = (
        f"import asyncio, sys; sys.path[:0] = [{str(here)!r}, {str(here.parents[1])!r}]\n"
        f"from test_crash import {work}\n"
        f"asyncio.run({work}({str(path)!r}, {start}))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    last = start - 1
    for line in process.stdout:
        last = int(line)
        if last >= start + steps:
            process.kill()
    process.wait()
    assert last >= start + steps, "the process ended by itself"
    return last


@pytest.mark.parametrize("rounds", [3])
async def test_killed_while_committing(tmp_path: Path, rounds: int) -> None:
    path = tmp_path / "coordinator.db"
    start = 0
    for _ in range(rounds):
        acknowledged = run_and_kill(path, start)
        start = await check(path, acknowledged)


async def check(path: Path, acknowledged: int) -> int:
    """Look at what a crash left; return the number of the next commit."""
    coordinator = open_coordinator(f"sqlite://{path}", SystemClock())
    await coordinator.open()
    positions = LogPositions([(TOPIC, partition, 0, 1 << 40) for partition in range(PARTITIONS)])
    located = await coordinator.find_extents(positions, 100_000)
    ends = located.bounds()
    assert len(set(ends)) == 1, "a segment was committed in part"
    assert ends[0] is not None
    commits = ends[0][1] // 2
    assert commits >= acknowledged + 1
    extents = located.extents()
    for partition in range(PARTITIONS):
        found = [(base, last, key) for place, base, last, key, *_ in extents if place == partition]
        assert found == [(2 * n, 2 * n + 1, f"s{n}") for n in range(commits)]
    keys = [f"s{number}" for number in range(commits + 1)]
    assert await coordinator.known_segments(keys) == [True] * commits + [False]
    await coordinator.close()
    return commits


@pytest.mark.parametrize("rounds", [3])
async def test_killed_while_deleting_records(tmp_path: Path, rounds: int) -> None:
    path = tmp_path / "coordinator.db"
    start = 0
    for _ in range(rounds):
        acknowledged = run_and_kill(path, start, "trim_for_ever", TRIMS)
        start = await check_starts(path, acknowledged)
        check_counts(path)
        await purge_all(path)
        check_counts(path)


async def check_starts(path: Path, acknowledged: int) -> int:
    """Look at what a crash left of logs; return where the next deletion goes on."""
    coordinator = open_coordinator(f"sqlite://{path}", SystemClock())
    await coordinator.open()
    positions = LogPositions([(TOPIC, partition, acknowledged, 1 << 40) for partition in range(PARTITIONS)])
    (start, end), *others = (await coordinator.find_extents(positions, 100_000)).bounds()
    assert others == [(start, end)] * (PARTITIONS - 1), "records of a request were deleted in part"
    assert start in (acknowledged, acknowledged + 3), "it is the old start, or the new one"
    positions = LogPositions([(TOPIC, partition, start, 1 << 40) for partition in range(PARTITIONS)])
    extents = (await coordinator.find_extents(positions, 100_000)).extents()
    for partition in range(PARTITIONS):
        found = [(base, last) for place, base, last, *_ in extents if place == partition]
        assert found == [(base, base + 1) for base in range(start // 2 * 2, end, 2)], "a record was lost"
    await coordinator.close()
    return int(start) + 3


async def purge_all(path: Path) -> None:
    coordinator = open_coordinator(f"sqlite://{path}", SystemClock())
    await coordinator.open()
    while await coordinator.purge(100):
        pass
    await coordinator.close()
    with sqlite3.connect(path) as connection:
        left = "SELECT count(*) FROM extents JOIN logs USING (log_no) WHERE last_offset < log_start_offset"
        assert connection.execute(left).fetchone() == (0,)
    connection.close()


def check_counts(path: Path) -> None:
    """Compare what segments and logs say of their extents with the extents, all of them folded."""
    with sqlite3.connect(path) as connection:
        wrong_counts = """
            SELECT s.key FROM segments AS s LEFT JOIN extents AS e USING (segment_no) GROUP BY s.segment_no
            HAVING s.extents != count(e.segment_no) OR (s.extents = 0) != (s.deletable_ms IS NOT NULL)
        """
        assert connection.execute(wrong_counts).fetchall() == []
        wrong_sizes = """
            SELECT l.log_no FROM logs AS l LEFT JOIN extents AS e USING (log_no) GROUP BY l.log_no
            HAVING l.size != coalesce(sum(e.size), 0)
        """
        assert connection.execute(wrong_sizes).fetchall() == []
    connection.close()
