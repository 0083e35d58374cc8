"""Objects that no commit ever told of: their broker stored them and died, or never learned the outcome.

An object is an orphan when the coordinator does not know it and never will: it is older than several commit
deadlines, so a commit of it would be refused. What is older than the cluster itself is left alone, as are
names that are not ours: with a new database over an old store nothing is lost.

A step costs 1 LIST, 1 query and at most 1 DELETE.
"""

from __future__ import annotations

import logging
from itertools import takewhile

from skylog.clock import Clock
from skylog.coordinator.base import COMMIT_DEADLINE_MS, Coordinator
from skylog.errors import InvalidRequest
from skylog.storage.base import ObjectStore
from skylog.storage.keys import SEGMENT_SHARDS, SegmentKey
from skylog.storage.wrapping import Pages

log = logging.getLogger("skylog.jobs")

ORPHAN_AGE_MS = 3 * COMMIT_DEADLINE_MS


class SweepOrphans:
    """Walks the store, shard after shard, a page a step; each shard in one listing."""

    interval_seconds = 3_600.0

    def __init__(self, coordinator: Coordinator, store: ObjectStore, clock: Clock) -> None:
        self._coordinator = coordinator
        self._store = store
        self._clock = clock
        self._shard = 0
        self._pages: Pages | None = None

    def __repr__(self) -> str:
        return f"<SweepOrphans at {SEGMENT_SHARDS[self._shard]}>"

    async def step(self) -> bool:
        """Look at one page; more is to do until the last shard is through.

        A failure begins its shard anew.
        """
        pages, self._pages = self._pages or Pages(self._store, SEGMENT_SHARDS[self._shard], ""), None
        page = [found.key for found in await pages.read()]
        before_ms = self._clock.now_ms() - ORPHAN_AGE_MS
        old = list(takewhile(lambda key: _is_old(key, before_ms), page))
        await self._remove_unknown([key for key in old if self._is_ours(key)])
        if page and len(old) == len(page):
            self._pages = pages
            return True
        self._shard = (self._shard + 1) % len(SEGMENT_SHARDS)
        return self._shard != 0

    def _is_ours(self, key: str) -> bool:
        created_ms = _created_ms(key)
        return created_ms is not None and created_ms >= self._coordinator.created_ms

    async def _remove_unknown(self, keys: list[str]) -> None:
        if not keys:
            return
        known = await self._coordinator.known_segments(keys)
        orphans = [key for key, is_known in zip(keys, known, strict=True) if not is_known]
        if orphans:
            await self._store.delete(orphans)
            log.warning(
                "deleted %d objects that were never committed, the first %s", len(orphans), orphans[0]
            )


def _is_old(key: str, before_ms: int) -> bool:
    """Tell whether a name is none that is too young; below a shard they sort by time."""
    created_ms = _created_ms(key)
    return created_ms is None or created_ms < before_ms


def _created_ms(key: str) -> int | None:
    try:
        return SegmentKey.parse(key).created_ms
    except InvalidRequest:
        return None
