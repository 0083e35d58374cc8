"""Segments at hand: from the cache, or by a GET, verified before anything of them is served."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from skylog.core import FetchPlan, segment_summary, verify_batches, verify_segment
from skylog.errors import Corrupt, InvalidRequest, SkylogError, Unavailable
from skylog.storage.blocks import Block, Part, Reader, Window
from skylog.storage.keys import created_ms

if TYPE_CHECKING:
    from skylog.clock import Clock
    from skylog.config import FetchConfig
    from skylog.model import ExtentRef
    from skylog.storage.base import Buffer, ObjectStore
    from skylog.storage.cache import BlockCache, Loader

log = logging.getLogger("skylog.fetch")

SEGMENT_ID = slice(20, 36)
"""Where in a segment its identity stands (docs/formats/segment.md)."""
READS_MAX = 2
"""Of bytes that contradict themselves: what was changed on its way is right the second time."""


def segment_loader(
    config: FetchConfig, tail: ObjectStore, cold_for: Callable[[Hashable], ObjectStore]
) -> Loader:
    """Return what the cache calls for what it lacks: 1 GET, 2 if what comes is wrong.

    Of a whole segment every checksum is verified. A part says too little of itself for that: its batches are
    verified when they are served. A segment that is wrong twice, but not in what it says of itself, is passed
    on as not verified and not kept, so that batches which are sound can still be read, each verified by
    itself. A GET that the store never answers is given up, or it would keep its place for ever.

    Raises `Corrupt`, with what is wrong, where, expected, found.
    """

    async def read(window: Window, reader: Reader) -> Buffer:
        store = cold_for(reader.stream) if reader.is_cold else tail
        if window.is_whole:
            return await store.get(window.key)
        return await store.get_range(window.key, window.position, window.size)

    async def load(window: Window, reader: Reader) -> Block:
        for reads in range(1, READS_MAX + 1):
            async with _time_limit(config, window.key):
                data = await read(window, reader)
            try:
                return await _checked(window, data)
            except Corrupt as error:
                if reads < READS_MAX:
                    _warn(window, error)
                damage = error
        if not window.is_whole or not _explains_itself(window, data):
            raise damage
        log.error("cannot read segment %s: %s", window.key, damage)
        return Block(data, window.position, is_verified=False, is_kept=False)

    return load


async def _checked(window: Window, data: Buffer) -> Block:
    if len(data) != window.size:
        raise Corrupt(f"expected {window.size} bytes from position {window.position}, found {len(data)}")
    if window.is_whole:
        _check_identity(window, data)
        await asyncio.to_thread(verify_segment, data)
    return Block(data, window.position, is_verified=window.is_whole)


def _check_identity(window: Window, data: Buffer) -> None:
    """Refuse another object's bytes, however sound: a segment carries the identity that its key ends with."""
    found = bytes(data[SEGMENT_ID]).hex()
    if created_ms(window.key) is not None and not window.key.endswith(found):
        raise Corrupt(f"segment_id at position {SEGMENT_ID.start}: expected the key's, found {found}")


def _explains_itself(window: Window, data: Buffer) -> bool:
    """Tell whether header, index and identity hold, so that only batches can be wrong."""
    try:
        _check_identity(window, data)
        segment_summary(bytes(data))
    except Corrupt:
        return False
    return len(data) == window.size


def _warn(window: Window, error: Corrupt) -> None:
    log.warning("segment %s came damaged and is read again: %s", window.key, error)


class SegmentLoader:
    """Loads what a plan wants, all at once, within the time that one fetch may take."""

    def __init__(self, config: FetchConfig, cache: BlockCache, clock: Clock) -> None:
        self._config = config
        self._cache = cache
        self._clock = clock

    def is_cold(self, key: str) -> bool:
        """Tell whether a segment lies behind the tail: old by its name, or not younger than one let go of.

        At a high rate the cache holds seconds of the tail. A consumer that falls behind those is read ahead
        for like any other; as one at the tail it would lose each segment again before it is through with it.
        """
        created = created_ms(key)
        aged_ms = self._clock.now_ms() - self._config.tail_age_ms_max
        return created is not None and (created < aged_ms or created <= self._cache.tail_start_ms)

    async def load(self, plan: FetchPlan, stream: Hashable = None) -> list[Part | None]:
        """Return what the plan wants of each segment, None for one that could not be had (the log says why).

        Parameters
        ----------
        stream
            Who reads; readers behind the tail take turns.
        """
        windows = plan.windows
        parts = [self._cache.peek(window) for window in windows]
        if None in parts:
            wanted = [Window(*window) for window in windows]
            loads = (self._part(window, stream) for window in wanted)
            parts = await asyncio.gather(*loads)
        if all(part is None or part[2] for part in parts):
            return parts
        return await self._checked(plan, [Window(*window) for window in windows], parts, stream)

    async def extent(self, extent: ExtentRef) -> tuple[Buffer, int]:
        """Return the bytes around an extent, verified, and the extent's place in them: 0 or 1 GET.

        Raises what the store raises, `Corrupt`, or `Unavailable` in time.
        """
        window = Window(extent.key, extent.object_size, extent.position, extent.size)
        for _ in range(READS_MAX):
            data, position, is_verified = await self._get(window, None)
            start = extent.position - position
            try:
                if not is_verified:
                    part = memoryview(data)[start : start + extent.size]
                    await asyncio.to_thread(verify_batches, part, records=False)
                return data, start
            except Corrupt as error:
                self._cache.drop(window)
                _warn(window, error)
                damage = error
        raise Corrupt(f"{window.key}, extent at position {extent.position}: {damage}") from damage

    async def _part(self, window: Window, stream: Hashable) -> Part | None:
        try:
            return await self._get(window, stream)
        except SkylogError as error:
            log.error("cannot read segment %s: %s", window.key, error)
            return None

    async def _get(self, window: Window, stream: Hashable) -> Part:
        part = self._cache.peek(window)
        if part is not None:
            return part
        _check_window(window)
        async with _time_limit(self._config, window.key):
            return await self._cache.get(window, Reader(stream, self.is_cold(window.key)))

    async def _checked(
        self, plan: FetchPlan, windows: Sequence[Window], parts: list[Part | None], stream: Hashable
    ) -> list[Part | None]:
        """Verify the batches that will be served; what is wrong is forgotten and read once more.

        What is wrong then too stays among the parts as not verified: the answer leaves out what is not sound.
        """
        flaws = await asyncio.to_thread(plan.find_flaws, parts)
        parts_only = [(index, what) for index, what in flaws if not self._is_read_twice(windows[index])]
        if parts_only:
            await self._reread(windows, parts, parts_only, stream)
            for index, what in await asyncio.to_thread(plan.find_flaws, parts):
                log.error("cannot read segment %s: %s", windows[index].key, what)
                self._cache.drop(windows[index])
        return parts

    def _is_read_twice(self, window: Window) -> bool:
        """Tell whether the loader has verified it, in vain, and said so."""
        return window.object_size <= self._config.cache_block_bytes

    async def _reread(
        self,
        windows: Sequence[Window],
        parts: list[Part | None],
        flaws: Sequence[tuple[int, str]],
        stream: Hashable,
    ) -> None:
        for index, what in flaws:
            self._cache.drop(windows[index])
            _warn(windows[index], Corrupt(what))
        again = await asyncio.gather(*(self._part(windows[index], stream) for index, _ in flaws))
        for (index, _), part in zip(flaws, again, strict=True):
            parts[index] = part


def _check_window(window: Window) -> None:
    """Refuse what no object has: an index that contradicts itself must not become a range of any size."""
    end = window.position + window.size
    if window.position < 0 or window.size < 1 or end > window.object_size:
        raise InvalidRequest(f"{window.key}: bytes {window.position} to {end} of {window.object_size}")


@asynccontextmanager
async def _time_limit(config: FetchConfig, key: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(config.load_ms_max / 1000):
            yield
    except TimeoutError as error:
        raise Unavailable(f"{key}: not read within {config.load_ms_max} ms") from error
