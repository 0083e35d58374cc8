"""Segments in the log: metadata alone, in the embedded coordinator's file."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "tests"))

from brokers import starts
from figures import FLAT, LINEAR, Curve, Measure, Sample, Setting, Step, percentiles, timed
from filling import RECORDS, Filling, created_ms, key_of

from sealing import Batch, Log, seal
from skylog.clock import SystemClock, SystemEntropy
from skylog.coordinator.base import SegmentCommit
from skylog.coordinator.sqlite import SqliteCoordinator
from skylog.core import LogPositions
from skylog.loop import new_event_loop
from skylog.model import NewTopic, OffsetQuery

LONG, WIDE = b"l" * 16, b"w" * 16
WIDE_PARTITIONS = 100
PURGE_ROWS = 500
PURGE_STEPS_MAX = 100
SWEPT = 1_000
COMMIT_PARTITIONS = 64
COMMITS = {False: 300, True: 150}
FETCH_BYTES = 1 << 20

Call = Callable[[], Awaitable[object]]


def run(setting: Setting, steps: Sequence[int]) -> Iterator[Step]:
    """Fill one file further and further; measure a copy of it at each step."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        grown = setting.directory / "segments"
        grown.mkdir()
        filling = runner.run(_create(grown / "coordinator.db"))
        before = 0
        for n in steps:
            filling.fill(grown / "coordinator.db", before, n)
            before = n
            copy = setting.directory / "segments-copy"
            shutil.copytree(grown, copy)
            calls = _Calls(setting, copy / "coordinator.db", n)
            yield Step(n, _size(copy) | starts(copy, "long") | runner.run(calls.measure()))
            shutil.rmtree(copy)


async def _create(path: Path) -> Filling:
    coordinator = await _open(path)
    await coordinator.create_topics([NewTopic(LONG, "long", 1), NewTopic(WIDE, "wide", WIDE_PARTITIONS)])
    await coordinator.close()
    return Filling(1, range(2, 2 + WIDE_PARTITIONS))


async def _open(path: Path) -> SqliteCoordinator:
    coordinator = SqliteCoordinator(str(path), SystemClock(), SystemEntropy())
    await coordinator.open()
    return coordinator


def _size(data: Path) -> dict[str, float]:
    return {"database": sum(file.stat().st_size for file in data.iterdir()) / (1 << 20)}


class _Calls:
    """The coordinator's calls, each repeated."""

    def __init__(self, setting: Setting, path: Path, n: int) -> None:
        self._setting = setting
        self._path = path
        self._n = n

    async def measure(self) -> dict[str, float]:
        self._coordinator = await _open(self._path)
        self._epoch = await self._coordinator.register_broker(1)
        try:
            return {
                **await self._reads(),
                **await self._commit_many(),
                **await self._sample("sweep of 1,000 names", self._sweep),
                **await self._delete(),
            }
        finally:
            await self._coordinator.close()

    async def _reads(self) -> dict[str, float]:
        values: dict[str, float] = {}
        end = RECORDS * self._n
        places = {"head": 0, "middle": end // 2, "tail": end - 1}
        for where, offset in places.items():
            positions = LogPositions([(LONG, 0, offset, FETCH_BYTES)])
            query = [OffsetQuery(LONG, 0, created_ms(offset // RECORDS))]
            values |= await self._sample(
                f"find_extents, {where}",
                lambda positions=positions: self._coordinator.find_extents(positions, 4096),
            )
            values |= await self._sample(
                f"list_offsets, {where}", lambda query=query: self._coordinator.list_offsets(query)
            )
        return values

    async def _sample(self, what: str, call: Call) -> dict[str, float]:
        times: list[float] = []
        await call()
        deadline, before_s = time.perf_counter() + self._setting.seconds / 2, time.process_time()
        while len(times) < 5 or time.perf_counter() < deadline:
            times.append(await _milliseconds(call()))
        return _told(what, times, time.process_time() - before_s)

    async def _commit_many(self) -> dict[str, float]:
        """Commit what was sealed before; the extents of some hundred commits are sorted in between."""
        commits = [self._sealed(number) for number in range(COMMITS[self._setting.quick])]
        before_s = time.process_time()
        times = [await _milliseconds(self._coordinator.commit_segments([commit])) for commit in commits]
        values = _told(f"commit of {COMMIT_PARTITIONS} partitions", times, time.process_time() - before_s)
        return values | {f"commit of {COMMIT_PARTITIONS} partitions, longest": max(times)}

    def _sealed(self, number: int) -> SegmentCommit:
        sealed = seal([Batch(Log(WIDE, partition)) for partition in range(COMMIT_PARTITIONS)])
        return SegmentCommit(f"c-{number}", sealed.size, SystemClock().now_ms(), 1, self._epoch, sealed)

    async def _sweep(self) -> None:
        step = max(1, self._n // SWEPT)
        known = await self._coordinator.known_segments([key_of(n) for n in range(0, self._n, step)][:SWEPT])
        assert all(known)

    async def _delete(self) -> dict[str, float]:
        before_s, began = time.process_time(), time.perf_counter()
        await self._coordinator.delete_topics([LONG])
        deleted_s, deleted_cpu_s = time.perf_counter() - began, time.process_time() - before_s
        times, before_s = [], time.process_time()
        for _ in range(min(PURGE_STEPS_MAX, max(1, self._n // PURGE_ROWS))):
            times.append(await _milliseconds(self._coordinator.purge(PURGE_ROWS)))
        purged = _told("purge of 500 rows", times, time.process_time() - before_s)
        return purged | {"delete_topics, CPU": 1e6 * deleted_cpu_s, "delete_topics, time": 1e3 * deleted_s}


async def _milliseconds(call: Awaitable[object]) -> float:
    began = time.perf_counter()
    await call
    return 1e3 * (time.perf_counter() - began)


def _told(what: str, times_ms: Sequence[float], cpu_s: float) -> dict[str, float]:
    return Sample(1e6 * cpu_s / len(times_ms), *percentiles(times_ms)).named(what)


CURVE = Curve(
    name="segments",
    title="Segments in the log",
    counted="segments",
    measures=[
        Measure("start", "ms", FLAT),
        Measure("start, CPU", "ms", FLAT, charted=True),
        Measure("resident after the start", "MiB", FLAT, charted=True),
        Measure("database", "MiB", LINEAR, charted=True),
        *(
            measure
            for where in ("head", "middle", "tail")
            for measure in timed(f"find_extents, {where}", charted=where == "middle")
        ),
        *(
            measure
            for where in ("head", "middle", "tail")
            for measure in timed(f"list_offsets, {where}", charted=where == "middle")
        ),
        *timed(f"commit of {COMMIT_PARTITIONS} partitions"),
        Measure(f"commit of {COMMIT_PARTITIONS} partitions, longest", "ms", None),
        *timed("sweep of 1,000 names", charted=False),
        Measure("delete_topics, CPU", "µs", FLAT, charted=True),
        Measure("delete_topics, time", "ms", None),
        *timed("purge of 500 rows"),
    ],
    steps=(1, 1_000, 10_000, 100_000, 1_000_000),
    quick_steps=(1_000, 100_000),
    run=run,
)
