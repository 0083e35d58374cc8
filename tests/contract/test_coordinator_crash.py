"""kill -9 in the middle of commits: what was acknowledged is there, and offsets have no gaps."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sealing import Batch, Log, seal
from skylog.clock import SystemClock
from skylog.coordinator.base import SegmentCommit
from skylog.coordinator.open import open_coordinator
from skylog.core import CommitResult, LogPositions
from skylog.model import NewTopic

TOPIC = bytes(range(16))
PARTITIONS = 3
COMMITS = 40


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


def run_and_kill(path: Path, start: int) -> int:
    """Return the number of the last commit that the process had acknowledged when it was killed."""
    here = Path(__file__).parent
    code = (
        f"import asyncio, sys; sys.path[:0] = [{str(here)!r}, {str(here.parent)!r}]\n"
        f"from test_coordinator_crash import commit_for_ever\n"
        f"asyncio.run(commit_for_ever({str(path)!r}, {start}))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    last = start - 1
    for line in process.stdout:
        last = int(line)
        if last >= start + COMMITS:
            process.kill()
    process.wait()
    assert last >= start + COMMITS, "the process ended by itself"
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
