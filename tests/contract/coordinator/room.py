"""A coordinator on its own clock, and short words for what the tests do with it."""

from __future__ import annotations

from collections.abc import Callable

from sealing import TIME_MS, Batch, Log, seal
from skylog.coordinator.base import Coordinator, SegmentCommit
from skylog.core import CommitResult, Located, LogPositions
from skylog.errors import SkylogError
from skylog.model import (
    EARLIEST,
    LATEST,
    NewTopic,
    OffsetAnswer,
    OffsetQuery,
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


def idempotent(topic_id: bytes, sequence: int, records: int = 1, epoch: int = 0) -> Batch:
    return Batch(Log(topic_id), records, producer_id=7, epoch=epoch, sequence=sequence)


async def purge_all(room: Room, limit: int = 100) -> int:
    calls = 0
    while removed := await room.coordinator.purge(limit):
        assert removed <= limit
        calls += 1
    return calls
