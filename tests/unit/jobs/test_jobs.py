"""Jobs against a real coordinator and a real store, with the time in the test's hand."""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import AsyncIterator

import pytest

from sealing import TIME_MS, Batch, Log, seal
from skylog.clock import SystemEntropy
from skylog.coordinator.base import COMMIT_DEADLINE_MS, Coordinator, SegmentCommit
from skylog.coordinator.open import open_coordinator
from skylog.core import CommitResult
from skylog.errors import Unavailable
from skylog.jobs.loop import Ticker
from skylog.jobs.purge import DeleteSegments, ExpireProducers, PurgeRows
from skylog.jobs.standard import standard_jobs
from skylog.jobs.sweep import ORPHAN_AGE_MS, SweepOrphans
from skylog.model import NewTopic, Trim
from skylog.storage.base import ObjectInfo, ObjectStore
from skylog.storage.keys import SEGMENT_SHARDS, SegmentKey
from skylog.storage.open import open_store

TOPIC = bytes(range(16))


class SteppedClock:
    """A clock that moves when told; sleepers wake in order of their time."""

    def __init__(self) -> None:
        self.ms = TIME_MS
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = 0
        self._asleep = asyncio.Event()

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1000

    async def sleep(self, seconds: float) -> None:
        self._count += 1
        self._asleep.set()
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.ms + round(seconds * 1000), self._count, woken))
        await woken

    async def advance(self, ms: int) -> None:
        """Move on, letting each sleeper run until it sleeps again."""
        end = self.ms + ms
        while True:
            await self._settle()
            if not self._sleepers or self._sleepers[0][0] > end:
                break
            self.ms, _, woken = heapq.heappop(self._sleepers)
            if not woken.cancelled():
                woken.set_result(None)
                await self._settle(self._count + 1)
        self.ms = end

    async def _settle(self, count: int = 1) -> None:
        while self._count < count:
            self._asleep.clear()
            await self._asleep.wait()


class Place:
    """A coordinator with one topic, a store, and a broker that stores and commits."""

    def __init__(self) -> None:
        self.clock = SteppedClock()
        self.store: ObjectStore = open_store("memory:")
        self.coordinator: Coordinator = open_coordinator("sqlite::memory:", self.clock, SystemEntropy())
        self.epoch = 0

    async def open(self) -> None:
        await self.store.open()
        await self.coordinator.open()
        self.epoch = await self.coordinator.register_broker(1)
        await self.coordinator.create_topics([NewTopic(TOPIC, "t", 1)])

    async def put(self) -> str:
        key = SegmentKey(self.clock.ms, 1, self.epoch, SystemEntropy().random_bytes(16)).build()
        await self.store.put(key, b"segment")
        return key

    async def commit(self, key: str, batch: Batch | None = None) -> CommitResult:
        sealed = seal([batch or Batch(Log(TOPIC))])
        created_ms = SegmentKey.parse(key).created_ms
        (result,) = await self.coordinator.commit_segments(
            [SegmentCommit(key, sealed.size, created_ms, 1, self.epoch, sealed)]
        )
        assert isinstance(result, CommitResult), result
        return result

    async def keys(self) -> set[str]:
        return {found.key async for found in self.store.list()}


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    place = Place()
    await place.open()
    yield place
    await place.coordinator.close()
    await place.store.close()


async def sweep(place: Place) -> None:
    job = SweepOrphans(place.coordinator, place.store, place.clock)
    while await job.step():
        pass


async def test_a_deleted_topic_takes_its_objects_along_after_the_grace(place: Place) -> None:
    key = await place.put()
    await place.commit(key)
    await place.coordinator.delete_topics([TOPIC])
    purge, delete = PurgeRows(place.coordinator), DeleteSegments(place.coordinator, place.store, 1000)
    assert await purge.step()
    assert not await purge.step()
    place.clock.ms += 999
    assert not await delete.step()
    assert await place.keys() == {key}
    place.clock.ms += 1
    await delete.step()
    assert await place.keys() == set()
    assert await place.coordinator.known_segments([key]) == [False]


async def test_deleted_records_take_their_objects_along_after_the_grace(place: Place) -> None:
    first, second = await place.put(), await place.put()
    await place.commit(first, Batch(Log(TOPIC), 10))
    await place.commit(second, Batch(Log(TOPIC), 10))
    assert await place.coordinator.delete_records([Trim(TOPIC, 0, 15)]) == [15]
    purge, delete = PurgeRows(place.coordinator), DeleteSegments(place.coordinator, place.store, 1000)
    assert await purge.step()
    assert not await purge.step()
    await delete.step()
    assert await place.keys() == {first, second}
    place.clock.ms += 1000
    await delete.step()
    assert await place.keys() == {second}, "the start lies in it"


async def test_objects_in_use_stay(place: Place) -> None:
    key = await place.put()
    await place.commit(key)
    place.clock.ms += 10 * ORPHAN_AGE_MS
    await DeleteSegments(place.coordinator, place.store).step()
    await sweep(place)
    assert await place.keys() == {key}


async def test_a_delete_that_was_interrupted_is_done_again(place: Place) -> None:
    key = await place.put()
    await place.commit(key)
    await place.coordinator.delete_topics([TOPIC])
    await PurgeRows(place.coordinator).step()
    await place.store.delete([key])
    await DeleteSegments(place.coordinator, place.store, 0).step()
    assert await place.coordinator.known_segments([key]) == [False]


async def test_a_store_that_fails_keeps_the_rows(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    key = await place.put()
    await place.commit(key)
    await place.coordinator.delete_topics([TOPIC])
    await PurgeRows(place.coordinator).step()

    async def fail(keys: object) -> None:
        raise Unavailable("no store")

    with monkeypatch.context() as patch:
        patch.setattr(place.store, "delete", fail)
        with pytest.raises(Unavailable):
            await DeleteSegments(place.coordinator, place.store, 0).step()
    assert await place.coordinator.known_segments([key]) == [True]


async def test_orphans_go_when_no_commit_can_save_them(place: Place) -> None:
    orphan, committed = await place.put(), await place.put()
    await place.commit(committed)
    place.clock.ms += ORPHAN_AGE_MS
    await sweep(place)
    assert await place.keys() == {orphan, committed}, "not old enough"
    place.clock.ms += 1
    young = await place.put()
    await sweep(place)
    assert await place.keys() == {committed, young}


async def test_an_object_that_waits_for_its_commit_stays(place: Place) -> None:
    key = await place.put()
    place.clock.ms += COMMIT_DEADLINE_MS
    await sweep(place)
    assert (await place.commit(key)).appended == 1
    assert await place.keys() == {key}


async def test_what_is_older_than_the_cluster_is_not_ours(place: Place) -> None:
    place.clock.ms -= 1
    foreign = await place.put()
    place.clock.ms += 1
    ours = await place.put()
    place.clock.ms += 2 * ORPHAN_AGE_MS
    await sweep(place)
    assert await place.keys() == {foreign}, ours


async def test_names_that_are_not_ours_stay(place: Place) -> None:
    for name in ("segments/0/readme", "segments/a/0-1-1-a", "other/thing"):
        await place.store.put(name, b"?")
    orphan = await place.put()
    place.clock.ms += 2 * ORPHAN_AGE_MS
    await sweep(place)
    assert orphan not in await place.keys()
    assert len(await place.keys()) == 3


async def test_a_sweep_goes_page_by_page(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skylog.storage.wrapping.PAGE_OBJECTS", 2)
    kept = [await place.put() for _ in range(10)]
    for key in kept:
        await place.commit(key)
    for _ in range(30):
        await place.put()
    place.clock.ms += 2 * ORPHAN_AGE_MS
    await sweep(place)
    assert await place.keys() == set(kept)


async def test_a_sweep_lists_each_shard_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A listing for each page reads a directory again and again: the square of its files."""
    monkeypatch.setattr("skylog.storage.wrapping.PAGE_OBJECTS", 2)
    for _ in range(100):
        await place.put()
    place.clock.ms += 2 * ORPHAN_AGE_MS
    listed, list_store = [], place.store.list

    def count(prefix: str = "", start_after: str = "") -> AsyncIterator[ObjectInfo]:
        listed.append(prefix)
        return list_store(prefix, start_after)

    monkeypatch.setattr(place.store, "list", count)
    await sweep(place)
    assert listed == list(SEGMENT_SHARDS)
    assert await place.keys() == set()


async def test_a_sweep_that_failed_looks_at_the_same_objects_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await place.put()
    place.clock.ms += 2 * ORPHAN_AGE_MS
    job = SweepOrphans(place.coordinator, place.store, place.clock)

    async def fail(keys: object) -> None:
        raise Unavailable("no store")

    async def to_the_end() -> None:
        while await job.step():
            pass

    with monkeypatch.context() as patch:
        patch.setattr(place.store, "delete", fail)
        with pytest.raises(Unavailable):
            await to_the_end()
    await to_the_end()
    assert await place.keys() == set()


async def test_silent_producers_are_forgotten(place: Place) -> None:
    batch = Batch(Log(TOPIC), producer_id=7, epoch=0, sequence=0)
    await place.commit(await place.put(), batch)
    place.clock.ms += 1000
    await ExpireProducers(place.coordinator, 1000).step()
    assert (await place.commit(await place.put(), batch)).duplicates == 1
    place.clock.ms += 1
    await ExpireProducers(place.coordinator, 1000).step()
    assert (await place.commit(await place.put(), batch)).appended == 1


class Counted:
    """A job that says what the test tells it to."""

    def __init__(self, interval_seconds: float, *outcomes: bool | Exception) -> None:
        self.interval_seconds = interval_seconds
        self.outcomes = list(outcomes)
        self.steps: list[float] = []
        self.clock = SteppedClock()

    async def step(self) -> bool:
        self.steps.append((self.clock.ms - TIME_MS) / 1000)
        outcome = self.outcomes.pop(0) if self.outcomes else False
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


async def run(*jobs: Counted, ms: int) -> None:
    clock = SteppedClock()
    for job in jobs:
        job.clock = clock
    ticker = Ticker(jobs, clock)
    ticker.start()
    await clock.advance(ms)
    await ticker.close()


async def test_jobs_run_at_their_intervals() -> None:
    fast, slow = Counted(2.0), Counted(5.0)
    await run(fast, slow, ms=11_000)
    assert fast.steps == [2, 4, 6, 8, 10]
    assert slow.steps == [5, 10]


async def test_a_job_with_more_to_do_goes_on_at_once() -> None:
    busy, other = Counted(10.0, True, True, False), Counted(10.02)
    await run(busy, other, ms=10_300)
    assert busy.steps == pytest.approx([10, 10.05, 10.1])
    assert other.steps == pytest.approx([10.02])


async def test_a_failing_job_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    failing, other = Counted(2.0, Unavailable("no database"), ValueError("a bug")), Counted(2.0)
    with caplog.at_level(logging.WARNING, "skylog.jobs"):
        await run(failing, other, ms=6_000)
    assert failing.steps == other.steps == [2, 4, 6]
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR"]
    assert "no database" in caplog.text


async def test_the_standard_jobs_clean_up_by_themselves(place: Place) -> None:
    key = await place.put()
    await place.commit(key)
    await place.put()
    await place.coordinator.delete_topics([TOPIC])
    ticker = Ticker(standard_jobs(place.coordinator, place.store, place.clock), place.clock)
    ticker.start()
    await place.clock.advance(2 * 3_600_000)
    await ticker.close()
    assert await place.keys() == set()


async def test_closing_twice_and_without_a_start_is_fine(place: Place) -> None:
    ticker = Ticker(standard_jobs(place.coordinator, place.store, place.clock), place.clock)
    await ticker.close()
    ticker.start()
    await ticker.close()
    await ticker.close()
