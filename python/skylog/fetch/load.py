"""Segments at hand: from the cache, or by one GET each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from skylog.core import verify_segment
from skylog.errors import Corrupt, SkylogError, Unavailable

if TYPE_CHECKING:
    from skylog.config import FetchConfig
    from skylog.storage.base import ObjectStore
    from skylog.storage.cache import SegmentCache

log = logging.getLogger("skylog.fetch")


def segment_loader(config: FetchConfig, store: ObjectStore) -> Callable[[str], Awaitable[bytes]]:
    """Return what the cache calls for a segment it lacks: 1 GET, then every checksum is verified.

    Bytes that contradict themselves never reach the cache: they are read once more, for they may have been
    damaged on their way; then `Corrupt`, with key, position, expected, found. A GET that the store never
    answers is given up, or it would keep its place among the loads for ever.
    """

    async def read(key: str) -> bytes:
        async with _time_limit(config, key):
            data = await store.get(key)
        await asyncio.to_thread(verify_segment, data)
        return data

    async def load(key: str) -> bytes:
        try:
            return await read(key)
        except Corrupt as error:
            log.warning("segment %s came damaged and is read again: %s", key, error)
        return await read(key)

    return load


class SegmentLoader:
    """Loads the segments of a plan, all at once, within the time that one fetch may take."""

    def __init__(self, config: FetchConfig, cache: SegmentCache) -> None:
        self._config = config
        self._cache = cache

    async def load(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return each segment, or None for one that could not be had (the log says why)."""
        cached = [self._cache.peek(key) for key in keys]
        if None not in cached:
            return cached
        return await asyncio.gather(
            *(
                self._load(key) if data is None else _ready(data)
                for key, data in zip(keys, cached, strict=True)
            )
        )

    async def one(self, key: str) -> bytes:
        """Return one segment. Raises what the store raises, `Corrupt`, or `Unavailable` in time."""
        async with _time_limit(self._config, key):
            return await self._cache.get(key)

    async def _load(self, key: str) -> bytes | None:
        try:
            return await self.one(key)
        except SkylogError as error:
            log.error("cannot read segment %s: %s", key, error)
            return None


@asynccontextmanager
async def _time_limit(config: FetchConfig, key: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(config.load_ms_max / 1000):
            yield
    except TimeoutError as error:
        raise Unavailable(f"{key}: not read within {config.load_ms_max} ms") from error


async def _ready(data: bytes) -> bytes:
    return data
