"""Objects that no commit ever told of: their broker stored them and died, or never learned the outcome.

An object is an orphan when the coordinator does not know it and never will: it is older than several commit
deadlines, so a commit of it would be refused. What is older than the cluster itself is left alone, as are
names that are not ours: with a new database over an old store nothing is lost.
"""

from __future__ import annotations

import logging

from skylog.clock import Clock
from skylog.coordinator.base import COMMIT_DEADLINE_MS, Coordinator
from skylog.errors import InvalidRequest
from skylog.storage.base import ObjectStore
from skylog.storage.keys import SEGMENT_SHARDS, SegmentKey

log = logging.getLogger("skylog.jobs")

PAGE = 1_000
"""Objects per step: 1 LIST, 1 query, at most 1 DELETE."""
ORPHAN_AGE_MS = 3 * COMMIT_DEADLINE_MS


class SweepOrphans:
    """Walks the store, shard after shard, a page a step."""

    interval_seconds = 3_600.0

    def __init__(self, coordinator: Coordinator, store: ObjectStore, clock: Clock) -> None:
        self._coordinator = coordinator
        self._store = store
        self._clock = clock
        self._shard = 0
        self._after = ""

    def __repr__(self) -> str:
        return f"<SweepOrphans at {SEGMENT_SHARDS[self._shard]} after {self._after!r}>"

    async def step(self) -> bool:
        """Look at one page; more is to do until the last shard is through."""
        candidates, last = await self._read_page()
        await self._remove_unknown(candidates)
        if last:
            self._after = last
            return True
        self._after = ""
        self._shard = (self._shard + 1) % len(SEGMENT_SHARDS)
        return self._shard != 0

    async def _read_page(self) -> tuple[list[str], str]:
        """Return keys old enough to be orphans, and where to go on; "" at the end of the shard's old ones."""
        before_ms = self._clock.now_ms() - ORPHAN_AGE_MS
        candidates: list[str] = []
        seen = 0
        async for found in self._store.list(SEGMENT_SHARDS[self._shard], self._after):
            created_ms = _created_ms(found.key)
            if created_ms is not None and created_ms >= before_ms:
                break
            seen += 1
            if created_ms is not None and created_ms >= self._coordinator.created_ms:
                candidates.append(found.key)
            if seen == PAGE:
                return candidates, found.key
        return candidates, ""

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


def _created_ms(key: str) -> int | None:
    try:
        return SegmentKey.parse(key).created_ms
    except InvalidRequest:
        return None
