"""What every `Coordinator` holds to. A new one joins by adding itself to `COORDINATORS`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from sealing import TIME_MS, Batch, Log, seal
from skylog.clock import SystemEntropy
from skylog.coordinator.base import Coordinator, SegmentCommit
from skylog.coordinator.open import open_coordinator
from skylog.core import CommitResult, Located, LogPositions
from skylog.errors import Conflict, Fenced, NotFound, SkylogError
from skylog.model import (
    EARLIEST,
    HIGH_WATERMARK,
    LATEST,
    MAX_TIMESTAMP,
    ActiveProducer,
    CommittedOffset,
    ConfigChange,
    GroupRecord,
    NewTopic,
    OffsetAnswer,
    OffsetQuery,
    StoredSegment,
    Topic,
    Trim,
)

ALL = 1 << 40
A, B, C = (bytes([number]) * 16 for number in (1, 2, 3))


class ManualClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.ms = TIME_MS

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1000

    async def sleep(self, seconds: float) -> None:
        self.ms += int(seconds * 1000)


def _memory(path: Path, clock: ManualClock) -> Coordinator:
    return open_coordinator("sqlite::memory:", clock, SystemEntropy())


def _file(path: Path, clock: ManualClock) -> Coordinator:
    return open_coordinator(f"sqlite://{path}/below/coordinator.db", clock, SystemEntropy())


COORDINATORS: dict[str, Callable[[Path, ManualClock], Coordinator]] = {
    "sqlite memory": _memory,
    "sqlite file": _file,
}
DURABLE = {"sqlite file": _file}


class Room:
    """A coordinator with a broker, and short words for what the tests do."""

    def __init__(self, build: Callable[[], Coordinator], clock: ManualClock) -> None:
        self.build = build
        self.clock = clock
        self.coordinator = build()
        self.epoch = 0
        self.segments = 0

    async def start(self) -> None:
        await self.coordinator.open()
        self.epoch = await self.coordinator.register_broker(1)

    async def restart(self) -> None:
        await self.coordinator.close()
        self.coordinator = self.build()
        await self.start()

    async def create(self, topic_id: bytes, partitions: int = 1) -> Topic:
        (topic,) = await self.coordinator.create_topics([NewTopic(topic_id, Log(topic_id).topic, partitions)])
        assert isinstance(topic, Topic), topic
        return topic

    def segment(self, *batches: Batch, key: str = "", log_append_time: bool = False) -> SegmentCommit:
        self.segments += 1
        sealed = seal(batches, log_append_time=log_append_time)
        name = key or f"segment-{self.segments}"
        return SegmentCommit(name, sealed.size, self.clock.ms, 1, self.epoch, sealed)

    async def commit(self, *batches: Batch, key: str = "", log_append_time: bool = False) -> CommitResult:
        segment = self.segment(*batches, key=key, log_append_time=log_append_time)
        (result,) = await self.coordinator.commit_segments([segment])
        assert isinstance(result, CommitResult), result
        return result

    async def find(self, *positions: tuple[bytes, int, int, int], extents_max: int = 1000) -> Located:
        return await self.coordinator.find_extents(LogPositions(positions), extents_max)

    async def offset(self, topic_id: bytes, time_ms: int, partition: int = 0) -> OffsetAnswer:
        (answer,) = await self.coordinator.list_offsets([OffsetQuery(topic_id, partition, time_ms)])
        assert isinstance(answer, OffsetAnswer), answer
        return answer

    async def trim(self, topic_id: bytes, offset: int, partition: int = 0) -> int | SkylogError:
        (outcome,) = await self.coordinator.delete_records([Trim(topic_id, partition, offset)])
        return outcome

    async def bounds(self, topic_id: bytes, partition: int = 0) -> tuple[int, int]:
        earliest = await self.offset(topic_id, EARLIEST, partition)
        return earliest.offset, (await self.offset(topic_id, LATEST, partition)).offset


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=COORDINATORS.values(), ids=COORDINATORS.keys())
async def room(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Room]:
    room = Room(lambda: request.param(tmp_path, clock), clock)
    await room.start()
    yield room
    await room.coordinator.close()


@pytest.fixture(params=DURABLE.values(), ids=DURABLE.keys())
async def durable(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Room]:
    room = Room(lambda: request.param(tmp_path, clock), clock)
    await room.start()
    yield room
    await room.coordinator.close()


def idempotent(topic_id: bytes, sequence: int, records: int = 1, epoch: int = 0) -> Batch:
    return Batch(Log(topic_id), records, producer_id=7, epoch=epoch, sequence=sequence)


# The cluster.


async def test_the_cluster_has_an_id(room: Room) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", room.coordinator.cluster_id)


async def test_the_cluster_id_and_all_else_outlive_a_restart(durable: Room) -> None:
    before = durable.coordinator.cluster_id
    assert durable.coordinator.created_ms == durable.clock.ms
    durable.clock.ms += 1000
    await durable.create(A, 3)
    await durable.commit(Batch(Log(A, 2), 5))
    await durable.coordinator.save_group(GroupRecord("g", "consumer", 4))
    await durable.restart()
    assert durable.coordinator.cluster_id == before
    assert durable.coordinator.created_ms == durable.clock.ms - 1000
    assert [topic.partitions for topic in await durable.coordinator.list_topics()] == [3]
    assert await durable.bounds(A, 2) == (0, 5)
    assert (await durable.find((A, 2, 3, ALL))).extents()[0][1:3] == (0, 4)
    assert await durable.coordinator.list_groups() == [GroupRecord("g", "consumer", 4)]


async def test_a_new_broker_epoch_fences_the_old_one(room: Room) -> None:
    await room.create(A)
    late = room.segment(Batch(Log(A)))
    assert await room.coordinator.register_broker(1) > room.epoch
    assert await room.coordinator.register_broker(2) >= 1
    (outcome,) = await room.coordinator.commit_segments([late])
    assert isinstance(outcome, Fenced)
    assert await room.bounds(A) == (0, 0)
    assert await room.coordinator.known_segments([late.key]) == [False]


async def test_an_unknown_broker_is_fenced(room: Room) -> None:
    sealed = seal([Batch(Log(A))])
    commit = SegmentCommit("key", sealed.size, room.clock.ms, 9, 1, sealed)
    (outcome,) = await room.coordinator.commit_segments([commit])
    assert isinstance(outcome, Fenced)


async def test_a_segment_that_waited_too_long_is_refused(room: Room) -> None:
    await room.create(A)
    late = room.segment(Batch(Log(A)))
    room.clock.ms += 3_600_000
    fresh = room.segment(Batch(Log(A)))
    refused, taken = await room.coordinator.commit_segments([late, fresh])
    assert isinstance(refused, Conflict)
    assert isinstance(taken, CommitResult)
    assert await room.coordinator.known_segments([late.key, fresh.key]) == [False, True]


# The catalog.


async def test_topics_are_listed_by_name_with_their_configs(room: Room) -> None:
    wishes = [NewTopic(A, "b", 2, {"retention.ms": "5"}), NewTopic(B, "a", 1)]
    created = await room.coordinator.create_topics(wishes)
    assert created == [Topic(A, "b", 2, {"retention.ms": "5"}), Topic(B, "a", 1)]
    assert await room.coordinator.list_topics() == [Topic(B, "a", 1), Topic(A, "b", 2, {"retention.ms": "5"})]


async def test_a_name_or_an_id_is_taken_once(room: Room) -> None:
    wishes = [NewTopic(A, "a", 1), NewTopic(B, "a", 1), NewTopic(A, "c", 1), NewTopic(C, "d", 1)]
    first, same_name, same_id, other = await room.coordinator.create_topics(wishes)
    assert isinstance(first, Topic)
    assert isinstance(same_name, Conflict)
    assert isinstance(same_id, Conflict)
    assert isinstance(other, Topic)


async def test_partitions_grow_and_never_shrink(room: Room) -> None:
    await room.create(A, 2)
    await room.commit(Batch(Log(A, 1), 4))
    (grown,) = await room.coordinator.create_partitions({A: 4})
    assert isinstance(grown, Topic)
    assert grown.partitions == 4
    same, unknown = await room.coordinator.create_partitions({A: 4, B: 9})
    assert isinstance(same, Conflict)
    assert isinstance(unknown, NotFound)
    assert await room.bounds(A, 1) == (0, 4)
    assert (await room.commit(Batch(Log(A, 3)))).appended == 1


async def test_configs_are_set_and_removed(room: Room) -> None:
    topic = await room.create(A)
    changes = [
        ConfigChange("topic", topic.name, {"a": "1", "b": "2"}),
        ConfigChange("topic", topic.name, {"a": None, "b": "3"}),
        ConfigChange("topic", "nobody", {"a": "1"}),
        ConfigChange("broker", "", {"x": "1"}),
        ConfigChange("broker", "1", {"y": "2"}),
    ]
    outcomes = await room.coordinator.alter_configs(changes)
    assert [type(outcome) for outcome in outcomes] == [
        type(None),
        type(None),
        NotFound,
        type(None),
        type(None),
    ]
    assert [topic.configs for topic in await room.coordinator.list_topics()] == [{"b": "3"}]
    assert await room.coordinator.load_configs("broker") == {"": {"x": "1"}, "1": {"y": "2"}}
    assert await room.coordinator.load_configs("group") == {}


async def test_configs_of_any_name_are_kept_and_nothing_is_left_of_one_without_values(room: Room) -> None:
    names = ['[["client-id", null], ["user", "ä\\n%\'"]]', "x" * 32_767, " ", "Quota", "quota"]
    changes = [ConfigChange("client-quota", name, {"rate": str(n)}) for n, name in enumerate(names)]
    assert await room.coordinator.alter_configs(changes) == [None] * len(names)
    kept = {name: {"rate": str(n)} for n, name in enumerate(names)}
    assert await room.coordinator.load_configs("client-quota") == kept
    await room.coordinator.alter_configs(
        [ConfigChange("client-quota", name, {"rate": None}) for name in names]
    )
    assert await room.coordinator.load_configs("client-quota") == {}


async def test_a_deleted_topic_is_gone_at_once(room: Room) -> None:
    topic = await room.create(A)
    await room.coordinator.alter_configs([ConfigChange("topic", topic.name, {"a": "1"})])
    await room.commit(Batch(Log(A), 3))
    await room.coordinator.commit_offsets("g", [CommittedOffset(A, 0, 2)])
    deleted, unknown = await room.coordinator.delete_topics([A, B])
    assert deleted is None
    assert isinstance(unknown, NotFound)
    assert await room.coordinator.list_topics() == []
    assert (await room.find((A, 0, 0, ALL))).bounds() == [None]
    (answer,) = await room.coordinator.list_offsets([OffsetQuery(A, 0, LATEST)])
    assert isinstance(answer, NotFound)
    assert await room.coordinator.fetch_offsets("g", None) == []


async def test_the_name_of_a_deleted_topic_is_free_and_its_successor_empty(room: Room) -> None:
    topic = await room.create(A)
    await room.commit(Batch(Log(A), 3))
    await room.coordinator.alter_configs([ConfigChange("topic", topic.name, {"a": "1"})])
    await room.coordinator.delete_topics([A])
    (again,) = await room.coordinator.create_topics([NewTopic(B, topic.name, 1)])
    assert again == Topic(B, topic.name, 1)
    assert await room.bounds(B) == (0, 0)


async def test_commits_to_a_deleted_topic_touch_nobody_else(room: Room) -> None:
    await room.create(A)
    await room.create(B)
    segment = room.segment(Batch(Log(A)), Batch(Log(B)))
    await room.coordinator.delete_topics([A])
    (result,) = await room.coordinator.commit_segments([segment])
    assert isinstance(result, CommitResult)
    assert (result.appended, result.rejected) == (1, 1)
    assert await room.bounds(B) == (0, 1)


async def test_a_commit_that_races_with_a_deletion_is_all_or_nothing_for_the_log(room: Room) -> None:
    await room.create(A)
    segments = [room.segment(Batch(Log(A))), room.segment(Batch(Log(A)))]
    _, deleted, (result,) = await asyncio.gather(
        room.coordinator.commit_segments(segments[:1]),
        room.coordinator.delete_topics([A]),
        room.coordinator.commit_segments(segments[1:]),
    )
    assert deleted == [None]
    assert isinstance(result, CommitResult)
    assert result.rejected == 1
    assert (await room.find((A, 0, 0, ALL))).bounds() == [None]


# Offsets and idempotence.


async def test_offsets_are_gapless_over_segments(room: Room) -> None:
    await room.create(A, 2)
    first = await room.commit(Batch(Log(A, 0), 3), Batch(Log(A, 1), 2), Batch(Log(A, 0), 1))
    second = await room.commit(Batch(Log(A, 1), 5))
    assert first.batches() == [("appended", 0), ("appended", 3), ("appended", 0)]
    assert second.batches() == [("appended", 2)]
    located = await room.find((A, 0, 0, ALL), (A, 1, 0, ALL))
    assert located.bounds() == [(0, 4), (0, 7)]
    assert [row[:4] for row in located.extents()] == [
        (0, 0, 3, "segment-1"),
        (1, 0, 1, "segment-1"),
        (1, 2, 6, "segment-2"),
    ]


async def test_segments_of_one_call_see_each_other(room: Room) -> None:
    await room.create(A)
    segments = [room.segment(idempotent(A, number)) for number in (0, 1, 1, 3)]
    results = await room.coordinator.commit_segments(segments)
    assert [result.batches() for result in results if isinstance(result, CommitResult)] == [
        [("appended", 0)],
        [("appended", 1)],
        [("duplicate", 1)],
        [("out_of_order_sequence", -1)],
    ]


async def test_batches_of_one_segment_see_each_other(room: Room) -> None:
    await room.create(A)
    result = await room.commit(*(idempotent(A, number) for number in (0, 0, 1, 5, 2)))
    assert [outcome for outcome, _ in result.batches()] == [
        "appended",
        "duplicate",
        "appended",
        "out_of_order_sequence",
        "appended",
    ]
    extents = (await room.find((A, 0, 0, ALL))).extents()
    assert [(base, last) for _, base, last, *_ in extents] == [(0, 0), (1, 1), (2, 2)]


async def test_concurrent_commits_stay_in_order(room: Room) -> None:
    await room.create(A)
    segments = [room.segment(idempotent(A, number)) for number in range(50)]
    results = await asyncio.gather(*(room.coordinator.commit_segments([one]) for one in segments))
    outcomes = [result.batches() for (result,) in results if isinstance(result, CommitResult)]
    assert outcomes == [[("appended", number)] for number in range(50)]


async def test_duplicates_are_known_after_a_restart(durable: Room) -> None:
    await durable.create(A)
    for number in range(7):
        await durable.commit(idempotent(A, number))
    await durable.restart()
    assert (await durable.commit(idempotent(A, 2))).batches() == [("duplicate", 2)]
    assert (await durable.commit(idempotent(A, 1))).batches() == [("out_of_order_sequence", -1)]
    assert (await durable.commit(idempotent(A, 7))).batches() == [("appended", 7)]


async def test_producers_are_told_apart_by_log(room: Room) -> None:
    await room.create(A)
    await room.create(B)
    await room.commit(idempotent(A, 0), idempotent(B, 0))
    result = await room.commit(idempotent(B, 0), idempotent(A, 1))
    assert result.batches() == [("duplicate", 0), ("appended", 1)]


async def test_an_older_epoch_of_a_producer_is_refused(room: Room) -> None:
    await room.create(A)
    await room.commit(idempotent(A, 0, epoch=1))
    result = await room.commit(
        idempotent(A, 1, epoch=0), idempotent(A, 1, epoch=2), idempotent(A, 0, epoch=2)
    )
    assert [outcome for outcome, _ in result.batches()] == [
        "invalid_producer_epoch",
        "out_of_order_sequence",
        "appended",
    ]


async def test_idle_producers_are_forgotten(room: Room) -> None:
    await room.create(A)
    await room.create(B)
    await room.commit(idempotent(A, 0))
    room.clock.ms += 1000
    await room.commit(idempotent(B, 0))
    assert await room.coordinator.expire_producers(1001, 10) == 0
    room.clock.ms += 500
    assert await room.coordinator.expire_producers(1000, 10) == 1
    result = await room.commit(idempotent(A, 40), idempotent(B, 40))
    assert [outcome for outcome, _ in result.batches()] == ["appended", "out_of_order_sequence"]


async def test_expiry_keeps_to_its_limit(room: Room) -> None:
    await room.create(A, 5)
    await room.commit(*(Batch(Log(A, p), producer_id=p, epoch=0, sequence=0) for p in range(5)))
    room.clock.ms += 10
    assert [await room.coordinator.expire_producers(5, 2) for _ in range(4)] == [2, 2, 1, 0]


async def test_producer_ids_are_given_once(room: Room) -> None:
    blocks = await asyncio.gather(*(room.coordinator.allocate_producer_ids(300) for _ in range(10)))
    given = sorted(first + number for first in blocks for number in range(300))
    assert len(set(given)) == 3000


async def test_producer_ids_are_given_once_over_restarts(durable: Room) -> None:
    before = await durable.coordinator.allocate_producer_ids(5)
    await durable.restart()
    assert await durable.coordinator.allocate_producer_ids(1) >= before + 5


async def test_producers_are_listed_with_what_is_remembered(room: Room) -> None:
    await room.create(A, 2)
    await room.create(B)
    for producer_id, epoch, sequence, records in ((9, 0, 0, 5), (7, 3, 0, 2), (9, 0, 5, 4), (7, 4, 0, 1)):
        room.clock.ms += 10
        await room.commit(Batch(Log(A, 1), records, TIME_MS, producer_id, epoch, sequence))
    await room.commit(Batch(Log(B), 3, TIME_MS, 8, 0, 2**31 - 2), Batch(Log(A)))
    now = room.clock.ms
    found = await room.coordinator.list_producers([(B, 0), (A, 0), (A, 2), (A, 1), (C, 0), (B, 0)])
    ofs_b = [ActiveProducer(8, 0, 0, now)]
    assert [found[0], found[1], found[3], found[5]] == [
        ofs_b,
        [],
        [ActiveProducer(7, 4, 0, now), ActiveProducer(9, 0, 8, now - 10)],
        ofs_b,
    ]
    assert [type(found[place]) for place in (2, 4)] == [NotFound, NotFound]
    await room.coordinator.delete_topics([B])
    (gone,) = await room.coordinator.list_producers([(B, 0)])
    assert isinstance(gone, NotFound)
    assert await room.coordinator.list_producers([]) == []


async def test_producers_are_listed_in_bounded_parts(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skylog.coordinator.sqlite.listing.PRODUCERS_TOGETHER", 3)
    monkeypatch.setattr("skylog.coordinator.sqlite.listing.PRODUCER_LOGS_TOGETHER", 2)
    await room.create(A, 7)
    counts = [3, 0, 1, 0, 0, 8, 2]
    for partition, count in enumerate(counts):
        batches = [Batch(Log(A, partition), 1, TIME_MS, each, 0, 0) for each in range(count)]
        await room.commit(*batches, Batch(Log(A, partition)))
    logs = [(A, partition) for partition in range(7)]
    assert await listed(room, logs) == [list(range(count)) for count in counts]
    monkeypatch.setattr("skylog.coordinator.sqlite.listing.PRODUCERS_MAX", 10)
    assert await listed(room, logs) == [[0, 1, 2], [], [0], [], [], [0, 1, 2, 3, 4, 5], []]


async def listed(room: Room, logs: list[tuple[bytes, int]]) -> list[list[int]]:
    found = await room.coordinator.list_producers(logs)
    return [[each.producer_id for each in of_log] for of_log in found if isinstance(of_log, list)]


# Times.


async def test_append_time_never_goes_back(room: Room) -> None:
    await room.create(A)
    await room.commit(Batch(Log(A)), log_append_time=True)
    before = room.clock.ms
    room.clock.ms -= 5000
    result = await room.commit(Batch(Log(A)), log_append_time=True)
    assert result.append_time_ms == before - 5000
    times = [row[6] for row in (await room.find((A, 0, 0, ALL))).extents()]
    assert times == [before, before]


async def test_records_keep_their_own_times(room: Room) -> None:
    await room.create(A)
    await room.commit(Batch(Log(A)))
    assert [row[6] for row in (await room.find((A, 0, 0, ALL))).extents()] == [-1]


async def test_offsets_by_time_name_the_extent(room: Room) -> None:
    await room.create(A)
    for time in (100, 300, 200, 400):
        await room.commit(Batch(Log(A), 2, TIME_MS + time))
    found = {}
    for time in (0, 100, 101, 300, 301, 400):
        answer = await room.offset(A, TIME_MS + time)
        assert answer.extent is not None
        found[time] = answer.extent.base_offset
    assert found == {0: 0, 100: 0, 101: 2, 300: 2, 301: 6, 400: 6}
    assert await room.offset(A, TIME_MS + 401) == OffsetAnswer(-1)


async def test_an_extent_says_where_to_read(room: Room) -> None:
    await room.create(A)
    await room.create(B)
    await room.commit(Batch(Log(B)), Batch(Log(A), 3, TIME_MS + 9), key="the-key")
    extent = (await room.offset(A, TIME_MS)).extent
    assert extent is not None
    (row,) = (await room.find((A, 0, 0, ALL))).extents()
    assert (extent.base_offset, extent.last_offset, extent.key) == row[1:4] == (0, 2, "the-key")
    assert (extent.position, extent.size, extent.append_time_ms) == row[4:]


async def test_max_timestamp_finds_its_extent(room: Room) -> None:
    await room.create(A)
    assert await room.offset(A, MAX_TIMESTAMP) == OffsetAnswer(-1)
    for time in (100, 300, 200, 300):
        await room.commit(Batch(Log(A), 1, TIME_MS + time))
    extent = (await room.offset(A, MAX_TIMESTAMP)).extent
    assert extent is not None
    assert extent.base_offset == 1


async def test_offset_queries_keep_their_order(room: Room) -> None:
    await room.create(A, 2)
    await room.commit(Batch(Log(A, 1), 4, TIME_MS))
    queries = [
        OffsetQuery(A, 1, LATEST),
        OffsetQuery(A, 1, TIME_MS),
        OffsetQuery(A, 2, LATEST),
        OffsetQuery(A, 0, TIME_MS),
        OffsetQuery(A, 1, EARLIEST),
    ]
    latest, timed, unknown, empty, earliest = await room.coordinator.list_offsets(queries)
    assert latest == OffsetAnswer(4)
    assert isinstance(timed, OffsetAnswer)
    assert timed.extent is not None
    assert isinstance(unknown, NotFound)
    assert empty == OffsetAnswer(-1)
    assert earliest == OffsetAnswer(0)


# Finding extents.


async def test_limits_stop_the_search(durable: Room) -> None:
    await durable.create(A)
    for _ in range(6):
        await durable.commit(Batch(Log(A), 10))
    for _ in range(2):
        size = (await durable.find((A, 0, 0, ALL))).extents()[0][5]
        bases = {}
        for bytes_max in (0, 1, size, size + 1, 3 * size):
            located = await durable.find((A, 0, 15, bytes_max))
            bases[bytes_max] = [row[1] for row in located.extents()]
        assert bases == {0: [10], 1: [10], size: [10], size + 1: [10, 20], 3 * size: [10, 20, 30]}
        located = await durable.find((A, 0, 0, ALL), (A, 0, 30, ALL), extents_max=4)
        assert [row[:2] for row in located.extents()] == [(0, 0), (0, 10), (0, 20), (0, 30), (1, 30)]
        await durable.restart()


async def test_old_and_new_extents_make_one_log(durable: Room) -> None:
    await durable.create(A, 2)
    await durable.commit(Batch(Log(A), 10))
    await durable.restart()
    await durable.commit(Batch(Log(A), 10), Batch(Log(A, 1), 1))
    located = await durable.find(
        (A, 0, 5, ALL), (A, 1, 0, ALL), (A, 0, 12, ALL), (A, 0, 20, ALL), (B, 0, 0, ALL)
    )
    assert located.bounds() == [(0, 20), (0, 1), (0, 20), (0, 20), None]
    assert [row[:4] for row in located.extents()] == [
        (0, 0, 9, "segment-1"),
        (0, 10, 19, "segment-2"),
        (1, 0, 0, "segment-2"),
        (2, 10, 19, "segment-2"),
    ]


async def test_beyond_the_bounds_is_nothing(room: Room) -> None:
    await room.create(A)
    await room.commit(Batch(Log(A), 3))
    located = await room.find((A, 0, 3, ALL), (A, 0, 4, ALL), (A, 0, -1, ALL))
    assert located.bounds() == [(0, 3)] * 3
    assert located.extents() == []


# Sizes.


async def test_sizes_are_those_of_extents(room: Room) -> None:
    await room.create(A, 3)
    await room.create(B)
    await room.commit(Batch(Log(A), 3), Batch(Log(A, 1), 9), Batch(Log(A), 5))
    await room.commit(Batch(Log(A), 2))
    logs = [(A, 1), (C, 0), (A, 0), (A, 3), (B, 0), (A, 1)]
    one, _, zero, *_ = expected = await extent_bytes(room, logs)
    assert one is not None
    assert zero is not None
    assert 0 < one < zero
    assert expected[3:] == [None, 0, one]
    for _ in range(2):
        assert await room.coordinator.log_sizes(logs) == expected
        await room.find((A, 0, 0, ALL))
    await room.coordinator.delete_topics([A])
    assert await room.coordinator.log_sizes(logs) == [None, None, None, None, 0, None]
    assert await room.coordinator.log_sizes([]) == []


async def extent_bytes(room: Room, logs: list[tuple[bytes, int]]) -> list[int | None]:
    """Return the bytes of all extents from the start of each log on."""
    bounds = (await room.find(*((*log, 0, ALL) for log in logs))).bounds()
    located = await room.find(
        *((*log, found[0] if found else 0, ALL) for log, found in zip(logs, bounds, strict=True))
    )
    sizes = [None if found is None else 0 for found in located.bounds()]
    for place, _, _, _, _, size, _ in located.extents():
        sizes[place] = (sizes[place] or 0) + size
    return sizes


async def test_sizes_count_once_whatever_happens(durable: Room) -> None:
    await durable.create(A, 2)
    for _ in range(5):
        await durable.commit(Batch(Log(A), 10), Batch(Log(A, 1), 10))
    logs = [(A, 0), (A, 1)]
    whole = await durable.coordinator.log_sizes(logs)
    for start in (10, 25, 30):
        await durable.trim(A, start)
        await purge_all(durable, 1)
        await durable.restart()
        sizes = await durable.coordinator.log_sizes(logs)
        assert sizes == await extent_bytes(durable, logs)
        assert sizes[1] == whole[1]
    await durable.trim(A, HIGH_WATERMARK)
    await purge_all(durable)
    assert await durable.coordinator.log_sizes(logs) == [0, whole[1]]


# Deleting records.


async def test_a_trimmed_log_starts_where_it_was_told_to(room: Room) -> None:
    await room.create(A, 2)
    for _ in range(3):
        await room.commit(Batch(Log(A), 10), Batch(Log(A, 1), 10))
    assert await room.trim(A, 15) == 15
    assert await room.bounds(A) == (15, 30)
    assert await room.bounds(A, 1) == (0, 30)
    located = await room.find((A, 0, 14, ALL), (A, 0, 15, ALL), (A, 1, 0, ALL))
    assert located.bounds() == [(15, 30), (15, 30), (0, 30)]
    assert [row[:2] for row in located.extents()] == [(1, 10), (1, 20), (2, 0), (2, 10), (2, 20)]


async def test_a_log_never_starts_earlier_again(room: Room) -> None:
    await room.create(A)
    await room.commit(Batch(Log(A), 10))
    assert [await room.trim(A, offset) for offset in (6, 3, 6, 0, 7)] == [6, 6, 6, 6, 7]
    assert await room.bounds(A) == (7, 10)


async def test_all_records_can_be_deleted(room: Room) -> None:
    await room.create(A)
    assert await room.trim(A, HIGH_WATERMARK) == 0
    await room.commit(Batch(Log(A), 10))
    assert await room.trim(A, HIGH_WATERMARK) == 10
    assert await room.bounds(A) == (10, 10)
    assert (await room.find((A, 0, 10, ALL))).extents() == []
    assert (await room.commit(Batch(Log(A), 1))).batches() == [("appended", 10)]
    assert [row[1:3] for row in (await room.find((A, 0, 10, ALL))).extents()] == [(10, 10)]


async def test_a_log_is_not_trimmed_beyond_its_bounds(room: Room) -> None:
    await room.create(A)
    await room.commit(Batch(Log(A), 10))
    trims = [Trim(A, 0, 11), Trim(A, 0, -2), Trim(A, 1, 0), Trim(B, 0, 0), Trim(A, 0, 10)]
    outcomes = await room.coordinator.delete_records(trims)
    assert [type(outcome) for outcome in outcomes] == [Conflict, Conflict, NotFound, NotFound, int]
    assert await room.bounds(A) == (10, 10)


async def test_a_deleted_topic_is_not_trimmed(room: Room) -> None:
    await room.create(A)
    await room.commit(Batch(Log(A), 10))
    _, (outcome,) = await asyncio.gather(
        room.coordinator.delete_topics([A]), room.coordinator.delete_records([Trim(A, 0, 5)])
    )
    assert isinstance(outcome, NotFound)
    await purge_all(room)
    assert await room.coordinator.list_topics() == []


async def test_a_commit_names_the_start_of_a_trimmed_log(room: Room) -> None:
    await room.create(A)
    await room.commit(Batch(Log(A), 10))
    segment = room.segment(Batch(Log(A)))
    _, (result,) = await asyncio.gather(
        room.coordinator.delete_records([Trim(A, 0, 4)]), room.coordinator.commit_segments([segment])
    )
    assert isinstance(result, CommitResult)
    (answer,) = segment.sealed.answer(result)
    assert answer is not None
    assert answer.endswith((10).to_bytes(8) + (-1).to_bytes(8, signed=True) + (4).to_bytes(8) + bytes(4))


async def test_the_start_of_a_log_outlives_a_restart(durable: Room) -> None:
    await durable.create(A)
    for _ in range(3):
        await durable.commit(Batch(Log(A), 10))
    await durable.trim(A, 12)
    for _ in range(2):
        await durable.restart()
        assert await durable.bounds(A) == (12, 30)
        located = await durable.find((A, 0, 0, ALL), (A, 0, 12, ALL))
        assert [row[:2] for row in located.extents()] == [(1, 10), (1, 20)]
        await purge_all(durable)


async def test_what_lies_below_the_start_is_purged_in_bounded_steps(room: Room) -> None:
    await room.create(A)
    await room.create(B)
    for number in range(9):
        await room.commit(Batch(Log(A), 10), key=f"a{number}")
    await room.commit(Batch(Log(A), 10), Batch(Log(B), 10), key="both")
    await room.trim(A, 95)
    assert await room.coordinator.deletable_segments(0, 100) == []
    assert await purge_all(room, 4) == 3
    deletable = {segment.key for segment in await room.coordinator.deletable_segments(0, 100)}
    assert deletable == {f"a{number}" for number in range(9)}
    await room.trim(A, HIGH_WATERMARK)
    await purge_all(room)
    assert len(await room.coordinator.deletable_segments(0, 100)) == 9, "the other log needs the last one"
    await room.trim(B, HIGH_WATERMARK)
    await purge_all(room)
    assert len(await room.coordinator.deletable_segments(0, 100)) == 10


async def test_removals_at_the_same_time_count_every_extent_once(room: Room) -> None:
    await room.create(A, 4)
    await room.create(B)
    for number in range(20):
        batches = [Batch(Log(A, partition), 5) for partition in range(4)]
        await room.commit(*batches, Batch(Log(B), 5), key=f"s{number}")
    trims = [
        room.coordinator.delete_records([Trim(A, partition, offset) for partition in range(4)])
        for offset in range(0, 100, 7)
    ]
    await asyncio.gather(
        *trims, room.coordinator.delete_topics([B]), *(room.coordinator.purge(3) for _ in range(40))
    )
    await purge_all(room)
    assert await room.bounds(A, 3) == (98, 100)
    deletable = {segment.key for segment in await room.coordinator.deletable_segments(0, 100)}
    assert deletable == {f"s{number}" for number in range(19)}
    await room.coordinator.delete_topics([A])
    await purge_all(room)
    assert len(await room.coordinator.deletable_segments(0, 100)) == 20


async def test_records_deleted_during_a_read_are_not_passed_over_in_silence(durable: Room) -> None:
    await durable.create(A)
    for _ in range(3):
        await durable.commit(Batch(Log(A), 10))
    await durable.restart()
    _, _, located = await asyncio.gather(
        durable.coordinator.delete_records([Trim(A, 0, 25)]),
        durable.coordinator.purge(100),
        durable.find((A, 0, 0, ALL)),
    )
    assert located.bounds() == [(25, 30)], "a reader at 0 learns that it is out of range"


async def test_times_are_those_of_records_that_are_left(room: Room) -> None:
    await room.create(A)
    for time in (500, 100, 900, 200, 300):
        await room.commit(Batch(Log(A), 2, TIME_MS + time))
    for _ in range(2):
        await room.trim(A, 6)
        assert await found_at(room, 100, 201, 301, 900) == [(6, 6), (8, 8), None, None]
        assert await found_at(room, None) == [(8, 8)]
        await purge_all(room)
    await room.commit(Batch(Log(A), 1, TIME_MS + 250))
    await room.commit(Batch(Log(A), 1, TIME_MS + 400))
    assert await found_at(room, 201, 301, None) == [(8, 8), (11, 11), (11, 11)]
    await room.trim(A, HIGH_WATERMARK)
    assert await found_at(room, 0, None) == [None, None]
    await purge_all(room)
    assert await found_at(room, 0, None) == [None, None]
    await room.commit(Batch(Log(A), 1, TIME_MS))
    assert await found_at(room, 0, None) == [(12, 12), (12, 12)]


async def found_at(room: Room, *times: int | None) -> list[tuple[int, int] | None]:
    """Return, for times after TIME_MS (None is the highest), the first offset that counts and its extent."""
    answers = [await room.offset(A, MAX_TIMESTAMP if time is None else TIME_MS + time) for time in times]
    return [each.extent and (each.offset, each.extent.base_offset) for each in answers]


async def test_in_an_extent_that_is_cut_offsets_count_from_the_start(room: Room) -> None:
    await room.create(A)
    await room.commit(Batch(Log(A), 10, TIME_MS + 9))
    await room.commit(Batch(Log(A), 10, TIME_MS + 5))
    await room.trim(A, 4)
    assert await found_at(room, 0, 6, None) == [(4, 0)] * 3
    query = OffsetQuery(A, 0, TIME_MS, first_offset=10)
    queries = [query, OffsetQuery(A, 0, MAX_TIMESTAMP, 10), OffsetQuery(A, 0, TIME_MS + 6, 10)]
    answers = await room.coordinator.list_offsets(queries)
    assert [answer.offset for answer in answers if isinstance(answer, OffsetAnswer)] == [10, 10, -1]


@pytest.mark.parametrize("rows", [1, 2, 10_000])
@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_times_are_found_at_every_step_of_a_purge(
    room: Room, limit: int, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skylog.coordinator.sqlite.times.ROWS_TOGETHER", rows)
    await room.create(A)
    times = [50, 900, 40, 30, 60, 20, 80, 70, 10, 90]
    for time in times:
        await room.commit(Batch(Log(A), 1, TIME_MS + time))
    for start in (1, 2, 4, 7):
        await room.trim(A, start)
        for _ in range(3):
            await expect_times(room, times, start)
            await room.coordinator.purge(limit)
        times.append(55 + start)
        await room.commit(Batch(Log(A), 1, TIME_MS + times[-1]))
    await purge_all(room, limit)
    await expect_times(room, times, 7)


async def expect_times(room: Room, times: list[int], start: int) -> None:
    left = range(start, len(times))
    for needle in (0, *sorted(times)):
        first = next(((at, at) for at in left if times[at] >= needle), None)
        assert await found_at(room, needle) == [first], (needle, start)
    highest = max(left, key=times.__getitem__)
    assert await found_at(room, None) == [(highest, highest)]


# Groups.


async def test_group_offsets_come_back(room: Room) -> None:
    await room.create(A, 2)
    offsets = [
        CommittedOffset(A, 0, 5, 0, "note", 77),
        CommittedOffset(A, 1, 6),
        CommittedOffset(A, 2, 7),
        CommittedOffset(B, 0, 8),
    ]
    outcomes = await room.coordinator.commit_offsets("g", offsets)
    assert [type(outcome) for outcome in outcomes] == [type(None), type(None), NotFound, NotFound]
    fetched = await room.coordinator.fetch_offsets("g", [(A, 1), (B, 0), (A, 0)])
    assert fetched == [CommittedOffset(A, 1, 6, committed_ms=room.clock.ms), None, offsets[0]]
    assert len(await room.coordinator.fetch_offsets("g", None)) == 2
    assert await room.coordinator.fetch_offsets("other", None) == []


async def test_offsets_in_a_deleted_topic_are_gone_at_once_and_purged_in_bounded_steps(room: Room) -> None:
    """A topic that many groups read once held up every commit until all of their offsets were deleted."""
    await room.create(A, 50)
    await room.create(B)
    groups = [f"g{number}" for number in range(4)]
    for group in groups:
        offsets = [*(CommittedOffset(A, partition, 5) for partition in range(50)), CommittedOffset(B, 0, 1)]
        assert await room.coordinator.commit_offsets(group, offsets) == [None] * 51
    await room.coordinator.delete_topics([A])
    for group in groups:
        left = await room.coordinator.fetch_offsets(group, None)
        assert [offset and offset.topic_id for offset in left] == [B]
        assert await room.coordinator.fetch_offsets(group, [(A, 0)]) == [None]
    steps = []
    while removed := await room.coordinator.purge(30):
        steps.append(removed)
    assert max(steps) <= 30
    assert sum(steps) == 50 + len(groups) * 50, "logs and offsets"


async def test_a_later_offset_replaces_the_first(room: Room) -> None:
    await room.create(A)
    await room.coordinator.commit_offsets("g", [CommittedOffset(A, 0, 5)])
    await room.coordinator.commit_offsets("g", [CommittedOffset(A, 0, 3, metadata="back")])
    (found,) = await room.coordinator.fetch_offsets("g", None)
    assert found is not None
    assert (found.offset, found.metadata) == (3, "back")


async def test_committing_offsets_makes_a_group_and_keeps_one(room: Room) -> None:
    await room.create(A)
    await room.coordinator.save_group(GroupRecord("known", "consumer", 3))
    for group in ("known", "new"):
        await room.coordinator.commit_offsets(group, [CommittedOffset(A, 0, 1)])
    assert await room.coordinator.list_groups() == [
        GroupRecord("known", "consumer", 3),
        GroupRecord("new", ""),
    ]


async def test_offsets_can_be_deleted(room: Room) -> None:
    await room.create(A, 2)
    await room.coordinator.commit_offsets("g", [CommittedOffset(A, 0, 5), CommittedOffset(A, 1, 6)])
    await room.coordinator.delete_offsets("g", [(A, 0), (B, 0)])
    found = await room.coordinator.fetch_offsets("g", None)
    assert [offset and offset.partition for offset in found] == [1]


async def test_deleted_groups_leave_no_offsets(room: Room) -> None:
    await room.create(A)
    await room.coordinator.commit_offsets("g", [CommittedOffset(A, 0, 5)])
    gone, unknown = await room.coordinator.delete_groups(["g", "nobody"])
    assert gone is None
    assert isinstance(unknown, NotFound)
    assert await room.coordinator.list_groups() == []
    assert await room.coordinator.fetch_offsets("g", [(A, 0)]) == [None]


async def test_groups_are_found_in_the_order_asked(room: Room) -> None:
    for group_id in ("b", "a", "c"):
        await room.coordinator.save_group(GroupRecord(group_id, "consumer"))
    a, b = GroupRecord("a", "consumer"), GroupRecord("b", "consumer")
    assert await room.coordinator.find_groups(["b", "nobody", "a", "b"]) == [b, None, a, b]
    assert await room.coordinator.find_groups([]) == []


async def test_offsets_of_a_partition_asked_twice_come_twice(room: Room) -> None:
    await room.create(A, 2)
    await room.coordinator.commit_offsets("g", [CommittedOffset(A, 1, 6)])
    fetched = await room.coordinator.fetch_offsets("g", [(A, 1), (A, 0), (A, 1), (A, -1)])
    assert [offset and offset.offset for offset in fetched] == [6, None, 6, None]


async def test_groups_are_replaced_and_listed(room: Room) -> None:
    for record in (GroupRecord("b", "x"), GroupRecord("a", "y", 2), GroupRecord("b", "consumer", 9)):
        await room.coordinator.save_group(record)
    assert await room.coordinator.list_groups() == [GroupRecord("a", "y", 2), GroupRecord("b", "consumer", 9)]


# The life of objects.


async def test_a_segment_lives_as_long_as_one_extent(room: Room) -> None:
    await room.create(A)
    await room.create(B)
    await room.commit(Batch(Log(A)), Batch(Log(B)), key="both")
    await room.commit(Batch(Log(A)), key="one")
    assert await room.coordinator.purge(100) == 0
    await room.coordinator.delete_topics([A])
    await purge_all(room)
    assert [segment.key for segment in await room.coordinator.deletable_segments(0, 10)] == ["one"]
    await room.coordinator.delete_topics([B])
    await purge_all(room)
    assert {segment.key for segment in await room.coordinator.deletable_segments(0, 10)} == {"one", "both"}


async def purge_all(room: Room, limit: int = 100) -> int:
    calls = 0
    while removed := await room.coordinator.purge(limit):
        assert removed <= limit
        calls += 1
    return calls


async def test_purging_goes_in_bounded_steps(room: Room) -> None:
    await room.create(A, 3)
    for _ in range(5):
        await room.commit(*(Batch(Log(A, p)) for p in range(3)))
    await room.coordinator.delete_topics([A])
    assert await purge_all(room, 4) == 5
    assert len(await room.coordinator.deletable_segments(0, 100)) == 5


async def test_nothing_of_a_deleted_topic_is_left(room: Room) -> None:
    await room.create(A)
    await room.commit(idempotent(A, 0))
    await room.coordinator.delete_topics([A])
    await purge_all(room)
    await room.create(A)
    assert await room.bounds(A) == (0, 0)
    assert (await room.commit(idempotent(A, 9))).batches() == [("appended", 0)]


async def test_a_segment_with_a_split_run_is_counted_right(room: Room) -> None:
    await room.create(A)
    await room.create(B)
    result = await room.commit(*(idempotent(A, number) for number in (0, 5, 1)), Batch(Log(B)))
    assert result.rejected == 1
    await room.coordinator.delete_topics([A])
    await purge_all(room)
    assert await room.coordinator.deletable_segments(0, 10) == []
    await room.coordinator.delete_topics([B])
    await purge_all(room)
    assert len(await room.coordinator.deletable_segments(0, 10)) == 1


async def test_grace_runs_from_the_last_reference(room: Room) -> None:
    await room.create(A)
    await room.commit(Batch(Log(A)), key="k")
    created_ms, size = room.clock.ms, room.segment(Batch(Log(A))).size
    room.clock.ms += 10_000
    await room.coordinator.delete_topics([A])
    await purge_all(room)
    assert await room.coordinator.deletable_segments(500, 10) == []
    room.clock.ms += 500
    assert await room.coordinator.deletable_segments(500, 10) == [StoredSegment("k", size, created_ms)]


async def test_a_segment_of_which_nothing_was_taken_is_deletable(room: Room) -> None:
    await room.create(A)
    await room.commit(idempotent(A, 0), key="first")
    await room.commit(idempotent(A, 0), key="again")
    assert [segment.key for segment in await room.coordinator.deletable_segments(0, 10)] == ["again"]


async def test_the_same_key_again_never_loses_its_extents(room: Room) -> None:
    await room.create(A)
    await room.commit(idempotent(A, 0), key="same")
    result = await room.commit(idempotent(A, 0), key="same")
    assert result.batches() == [("duplicate", 0)]
    assert await room.coordinator.deletable_segments(0, 10) == []
    await room.coordinator.delete_topics([A])
    await purge_all(room)
    assert [segment.key for segment in await room.coordinator.deletable_segments(0, 10)] == ["same"]


async def test_forgetting_spares_segments_in_use(room: Room) -> None:
    await room.create(A)
    await room.commit(idempotent(A, 0), key="used")
    await room.commit(idempotent(A, 0), key="unused")
    assert await room.coordinator.known_segments(["used", "unused", "never"]) == [True, True, False]
    await room.coordinator.forget_segments(["used", "unused", "never"])
    assert await room.coordinator.known_segments(["used", "unused"]) == [True, False]
    assert len((await room.find((A, 0, 0, ALL))).extents()) == 1


async def test_empty_calls_are_answered(room: Room) -> None:
    answers: list[list[object] | list[SkylogError | None]] = [
        list(await room.coordinator.create_topics([])),
        list(await room.coordinator.commit_segments([])),
        list(await room.coordinator.list_offsets([])),
        list(await room.coordinator.fetch_offsets("g", [])),
        list(await room.coordinator.delete_groups([])),
        list(await room.coordinator.known_segments([])),
    ]
    assert answers == [[]] * 6
    assert len(await room.find()) == 0
