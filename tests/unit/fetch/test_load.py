"""What comes damaged from the store is read again once; what is damaged there is never delivered."""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable

import pytest

from fetching import Reading, fetched
from producing import LOG, Line, answered, line
from sealing import TIME_MS, Batch, Log, seal
from skylog.clock import SystemClock
from skylog.config import KIB, FetchConfig
from skylog.core import LogPositions
from skylog.errors import Corrupt
from skylog.fetch.load import SegmentLoader, segment_loader
from skylog.model import ExtentRef
from skylog.storage.base import Buffer
from skylog.storage.blocks import TAIL, Block, Window
from skylog.storage.cache import BlockCache, CacheLimits
from skylog.storage.keys import SegmentKey
from skylog.storage.memory import MemoryStore
from skylog.wire.codes import ErrorCode
from virtual import VirtualClock, in_virtual_time

KEY = "segments/0/1"
DATA = bytes(seal([Batch(Log(bytes(16)), records=9)]).data)
WHOLE = Window(KEY, len(DATA), 0, len(DATA))
IN_BATCH = 40 + 61 + 3
"""A place behind the segment's header, in the records of its first batch."""


def damaged(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]


class Noisy(MemoryStore):
    """A store whose first answers come changed."""

    def __init__(self, change: Callable[[bytes], bytes], answers: int) -> None:
        super().__init__(SystemClock())
        self.gets = 0
        self._change = change
        self._answers = answers

    async def get(self, key: str) -> bytes:
        return self._answer(await super().get(key))

    async def get_range(self, key: str, position: int, size: int) -> bytes:
        return self._answer(await super().get_range(key, position, size))

    def _answer(self, data: bytes) -> bytes:
        self.gets += 1
        return self._change(data) if self.gets <= self._answers else data


async def load(store: Noisy, window: Window = WHOLE) -> Block:
    await store.put(KEY, DATA)
    return await segment_loader(FetchConfig(), store, lambda _: store)(window, TAIL)


CHANGES = {
    "trailer": lambda data: damaged(data, len(data) - 1),
    "header": lambda data: damaged(data, 20),
    "batch": lambda data: damaged(data, IN_BATCH),
    "cut": lambda data: data[:-1],
    "nothing": lambda data: data[:0],
    "too much": lambda data: data + b"x",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_a_segment_that_was_damaged_on_its_way_is_read_again(
    caplog: pytest.LogCaptureFixture, change: Callable[[bytes], bytes]
) -> None:
    store = Noisy(change, 1)
    with caplog.at_level(logging.WARNING, "skylog.fetch"):
        assert await load(store) == Block(DATA, 0, is_verified=True)
    assert store.gets == 2
    assert KEY in caplog.text
    assert "position" in caplog.text


@pytest.mark.parametrize("name", ["trailer", "header", "cut", "too much"])
async def test_a_segment_that_does_not_explain_itself_is_corrupt_after_two_gets(name: str) -> None:
    store = Noisy(CHANGES[name], 2)
    with pytest.raises(Corrupt, match="position"):
        await load(store)
    assert store.gets == 2


async def test_a_segment_with_a_damaged_batch_is_told_and_neither_verified_nor_kept(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = Noisy(CHANGES["batch"], 2)
    block = await load(store)
    assert (block.is_verified, block.is_kept, store.gets) == (False, False, 2)
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert KEY in record.getMessage()
    assert "position 40" in record.getMessage()


async def test_a_part_that_is_cut_is_read_again_and_then_corrupt() -> None:
    part = Window(KEY, len(DATA), 10, 50)
    assert (await load(Noisy(CHANGES["cut"], 1), part)).data == DATA[10:60]
    with pytest.raises(Corrupt, match="expected 50 bytes from position 10, found 49"):
        await load(Noisy(CHANGES["cut"], 2), part)


async def test_another_segments_bytes_are_corrupt_however_sound() -> None:
    store = MemoryStore(SystemClock())
    key = "segments/7/1763899999123-1-42-7d0c0000000000000000000000000000"
    await store.put(key, DATA)
    with pytest.raises(Corrupt, match="segment_id at position 20"):
        await segment_loader(FetchConfig(), store, lambda _: store)(
            Window(key, len(DATA), 0, len(DATA)), TAIL
        )


# Through a fetch.

OTHER = Log(bytes(range(16)), partition=1)
LARGE = 40_000
SMALL_BLOCKS = FetchConfig(cache_bytes_max=0, cache_block_bytes=64 * KIB)
WHOLE_SEGMENTS = FetchConfig(cache_bytes_max=0)


class Tampered:
    """A line whose store holds one segment of several batches, and can be made to hold a damaged one."""

    def __init__(self, built: Line, key: str, good: bytes) -> None:
        self.built = built
        self.key = key
        self.good = good
        self.reading = Reading(built)

    async def damage(self, position: int) -> None:
        await self.built.store.inner.put(self.key, damaged(self.good, position))

    async def mend(self) -> None:
        await self.built.store.inner.put(self.key, self.good)

    async def fetch(self, offset: int = 0) -> tuple[int, bytes]:
        reply = self.reading.fetch(offset)
        await answered([reply])
        found = fetched(reply)
        return found.error_code, found.records


async def tampered(built: Line) -> Tampered:
    """Produce five batches in one segment, 200 KB in all."""
    batches = [Batch(LOG, records=LARGE // 8, timestamp_ms=TIME_MS + number) for number in range(5)]
    await answered([built.produce(batch) for batch in batches])
    keys = await built.stored()
    good = [await built.store.inner.get(key) for key in keys]
    (largest,) = [
        (key, data) for key, data in zip(keys, good, strict=True) if len(data) == max(map(len, good))
    ]
    return Tampered(built, *largest)


@pytest.mark.parametrize("config", [WHOLE_SEGMENTS, SMALL_BLOCKS], ids=["whole", "blocks"])
@in_virtual_time
async def test_a_damaged_batch_is_never_delivered_and_those_before_it_are(config: FetchConfig) -> None:
    async with line(fetch_config=config, put_rate_per_second=0.001, put_burst=1) as built:
        held = await tampered(built)
        bases, sizes = batch_places(held.good)
        assert len(bases) >= 3, "the batches did not travel together"
        start = (await first_offset(built, held.key)) or 0
        whole = (await held.fetch(start))[1]
        await held.damage(bases[2] + sizes[2] - 1)
        code, records = await held.fetch(start)
        assert code == 0
        assert records == whole[: sum(sizes[:2])]
        code, records = await held.fetch(start + 2 * (LARGE // 8))
        assert (code, records) == (ErrorCode.KAFKA_STORAGE_ERROR, b"")
        await held.mend()
        assert await held.fetch(start) == (0, whole)


async def first_offset(built: Line, key: str) -> int | None:
    found = await built.coordinator.find_extents(
        LogPositions([(LOG.topic_id, LOG.partition, 0, 1 << 30)]), 100
    )
    return next((row[1] for row in found.extents() if row[3] == key), None)


def batch_places(segment: bytes) -> tuple[list[int], list[int]]:
    """Return positions and sizes of a segment's batches, by their own lengths."""
    positions, sizes, position = [], [], 40
    while segment[position + 16] == 2 and len(positions) < 5:
        size = 12 + struct.unpack_from(">i", segment, position + 8)[0]
        if not 61 <= size <= len(segment) - position:
            break
        positions.append(position)
        sizes.append(size)
        position += size
    return positions, sizes


class Once(Noisy):
    """Damages the first answer at a place of the object."""

    def __init__(self, place: int) -> None:
        super().__init__(lambda data: data, 0)
        self._place = place

    async def get_range(self, key: str, position: int, size: int) -> bytes:
        data = await super().get_range(key, position, size)
        inside = position <= self._place < position + size and self.gets == 1
        return damaged(data, self._place - position) if inside else data


async def test_a_part_damaged_on_its_way_is_found_when_it_is_searched_and_read_again() -> None:
    batches = [Batch(Log(bytes(16)), records=9000), Batch(Log(bytes(16)), records=9000)]
    segment = bytes(seal(batches).data)
    positions, sizes = batch_places(segment)
    assert len(segment) > 2 * 64 * KIB
    config = FetchConfig(cache_block_bytes=64 * KIB)
    for place, gets in ((positions[1] + 100, 2), (positions[0] + 100, 1)):
        store = Once(place)
        await store.put(KEY, segment)
        cache = BlockCache(
            segment_loader(config, store, lambda _, store=store: store), CacheLimits.of(config)
        )
        loader = SegmentLoader(config, cache, VirtualClock())
        extent = ExtentRef(KEY, positions[1], sizes[1], 0, 8999, -1, len(segment))
        data, start = await loader.extent(extent)
        assert bytes(data[start : start + sizes[1]]) == segment[positions[1] : positions[1] + sizes[1]]
        assert store.gets == gets


async def test_a_store_may_answer_with_any_read_only_buffer() -> None:
    class Views(MemoryStore):
        async def get(self, key: str) -> Buffer:  # type: ignore[override]
            return memoryview(await super().get(key))

    store = Views(SystemClock())
    await store.put(KEY, DATA)
    block = await segment_loader(FetchConfig(), store, lambda _: store)(WHOLE, TAIL)
    assert isinstance(block.data, memoryview)
    assert block.data == DATA


def test_a_young_segment_that_had_to_leave_the_cache_lies_behind_the_tail() -> None:
    clock = SystemClock()
    store = MemoryStore(clock)
    limits = CacheLimits(bytes_max=200, cold_bytes=100, block_bytes=100, loads_bytes_max=100)
    cache = BlockCache(segment_loader(FetchConfig(), store, lambda _: store), limits)
    loader = SegmentLoader(FetchConfig(), cache, clock)
    keys = [SegmentKey(clock.now_ms() + number, 1, 1, bytes(16)).build() for number in range(4)]
    for key in keys:
        cache.put(key, bytes(100))
    assert [loader.is_cold(key) for key in keys] == [True, True, False, False]
