"""Finding extents: memory, what left it and what is not sorted yet make one log, whatever was asked."""

from __future__ import annotations

import asyncio
from collections import defaultdict

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from sealing import TIME_MS, Batch, Log, seal
from skylog.clock import SystemEntropy
from skylog.coordinator.base import SegmentCommit
from skylog.coordinator.sqlite import MEMORY, SqliteCoordinator
from skylog.core import CommitResult, LogPositions
from skylog.model import NewTopic, OffsetAnswer, OffsetQuery

LOGS = [Log(bytes([topic]) * 16, partition) for topic, partition in ((1, 0), (1, 1), (2, 0))]
ONE = len(Batch(LOGS[0]).build())
SIZES = [0, 1, ONE, ONE + 1, 2 * ONE, 2 * ONE + 1, 200, 1 << 40]


class StillClock:
    """It is always the same time."""

    def now_ms(self) -> int:
        return TIME_MS

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody sleeps here")


class Finding(RuleBasedStateMachine):
    """A coordinator with room for four extents in memory against plain lists."""

    @initialize(extents_max=st.integers(0, 6), arrivals_max=st.integers(1, 5), step_extents=st.integers(1, 3))
    def start(self, extents_max: int, arrivals_max: int, step_extents: int) -> None:
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr("skylog.coordinator.sqlite.coordinator.ARRIVALS_MAX", arrivals_max)
        self.patch.setattr("skylog.coordinator.sqlite.folding.STEP_EXTENTS", step_extents)
        self.runner = asyncio.Runner()
        self.coordinator = SqliteCoordinator(MEMORY, StillClock(), SystemEntropy(), extents_max=extents_max)
        self.runner.run(self._open())
        self.extents: dict[Log, list[tuple[int, int, str, int]]] = defaultdict(list)
        self.times: dict[Log, list[tuple[int, int]]] = defaultdict(list)
        self.segments = 0

    async def _open(self) -> None:
        await self.coordinator.open()
        self.epoch = await self.coordinator.register_broker(1)
        for topic_id in {log.topic_id for log in LOGS}:
            await self.coordinator.create_topics([NewTopic(topic_id, topic_id.hex(), 2)])

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.runner.run(self.coordinator.close())
            self.runner.close()
            self.patch.undo()

    @rule(
        wishes=st.lists(
            st.tuples(st.sampled_from(LOGS), st.integers(1, 3), st.integers(0, 30)), min_size=1, max_size=5
        )
    )
    def commit(self, wishes: list[tuple[Log, int, int]]) -> None:
        batches = [Batch(log, records, TIME_MS + time) for log, records, time in wishes]
        sealed = seal(batches)
        key = f"s{self.segments}"
        self.segments += 1
        commit = SegmentCommit(key, sealed.size, TIME_MS, 1, self.epoch, sealed)
        (result,) = self.runner.run(self.coordinator.commit_segments([commit]))
        assert isinstance(result, CommitResult)
        assert result.rejected == 0
        for log in {batch.log for batch in batches}:
            own = [batch for batch in batches if batch.log == log]
            base = self._end(log)
            last = base + sum(batch.records for batch in own) - 1
            size = sum(len(batch.build()) for batch in own)
            self.extents[log].append((base, last, key, size))
            self.times[log].append((base, max(batch.timestamp_ms for batch in own)))

    def _end(self, log: Log) -> int:
        return self.extents[log][-1][1] + 1 if self.extents[log] else 0

    @rule(
        wanted=st.lists(
            st.tuples(st.sampled_from(LOGS), st.integers(-1, 40), st.sampled_from(SIZES)),
            max_size=5,
        ),
        extents_max=st.sampled_from([1, 3, 1000]),
    )
    def find(self, wanted: list[tuple[Log, int, int]], extents_max: int) -> None:
        rows = [(log.topic_id, log.partition, offset, bytes_max) for log, offset, bytes_max in wanted]
        located = self.runner.run(self.coordinator.find_extents(LogPositions(rows), extents_max))
        assert located.bounds() == [(0, self._end(log)) for log, _, _ in wanted]
        expected: list[tuple[int, int, int, str, int]] = []
        for place, (log, offset, bytes_max) in enumerate(wanted):
            found = self._expected(log, offset, bytes_max, max(1, extents_max - len(expected)))
            expected += [(place, *extent) for extent in found]
        assert [(*row[:4], row[5]) for row in located.extents()] == expected

    def _expected(self, log: Log, offset: int, bytes_max: int, room: int) -> list[tuple[int, int, str, int]]:
        found: list[tuple[int, int, str, int]] = []
        if not 0 <= offset < self._end(log):
            return found
        for extent in self.extents[log]:
            full = found and sum(other[3] for other in found) >= bytes_max
            if extent[1] >= offset and len(found) < room and not full:
                found.append(extent)
        return found

    @rule(log=st.sampled_from(LOGS), time=st.integers(-1, 31))
    def find_time(self, log: Log, time: int) -> None:
        query = OffsetQuery(log.topic_id, log.partition, TIME_MS + time)
        (answer,) = self.runner.run(self.coordinator.list_offsets([query]))
        assert isinstance(answer, OffsetAnswer)
        later = [base for base, largest in self.times[log] if largest >= TIME_MS + time]
        assert answer.offset == (later[0] if later else -1)

    @rule(topic_id=st.sampled_from(sorted({log.topic_id for log in LOGS})))
    def replace_topic(self, topic_id: bytes) -> None:
        async def replace() -> None:
            await self.coordinator.delete_topics([topic_id])
            while await self.coordinator.purge(3):
                pass
            await self.coordinator.create_topics([NewTopic(topic_id, topic_id.hex(), 2)])

        self.runner.run(replace())
        for log in LOGS:
            if log.topic_id == topic_id:
                self.extents[log], self.times[log] = [], []

    @rule()
    def references_are_counted(self) -> None:
        alive = {extent[2] for extents in self.extents.values() for extent in extents}
        deletable = self.runner.run(self.coordinator.deletable_segments(0, 10_000))
        assert {segment.key for segment in deletable} == {f"s{n}" for n in range(self.segments)} - alive


Finding.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestFinding = Finding.TestCase
