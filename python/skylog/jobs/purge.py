"""What is deleted leaves extents, extents leave segments, segments leave objects: each in its turn."""

from __future__ import annotations

import logging

from skylog.coordinator.base import Coordinator
from skylog.storage.base import ObjectStore

log = logging.getLogger("skylog.jobs")

ROWS_PER_STEP = 500
"""Some 10 ms of the coordinator, in which commits wait."""
SEGMENTS_PER_STEP = 1_000
"""As many as one DELETE of an object store takes."""
GRACE_MS = 600_000
"""Longer than any coordinate is kept in memory and any read runs."""
PRODUCER_IDLE_MS = 86_400_000
"""Kafka: producer.id.expiration.ms."""


class PurgeRows:
    """Takes apart what deleted topics and records left in the coordinator."""

    interval_seconds = 5.0

    def __init__(self, coordinator: Coordinator) -> None:
        self._coordinator = coordinator

    def __repr__(self) -> str:
        return "<PurgeRows>"

    async def step(self) -> bool:
        """Remove some rows."""
        return await self._coordinator.purge(ROWS_PER_STEP) > 0


class DeleteSegments:
    """Deletes objects that nothing has referred to for the grace time: 1 DELETE for up to 1,000.

    The object goes first, its row after: a crash between the two deletes it again, which is no error.
    """

    interval_seconds = 60.0

    def __init__(self, coordinator: Coordinator, store: ObjectStore, grace_ms: int = GRACE_MS) -> None:
        self._coordinator = coordinator
        self._store = store
        self._grace_ms = grace_ms

    def __repr__(self) -> str:
        return f"<DeleteSegments after {self._grace_ms} ms>"

    async def step(self) -> bool:
        """Delete some objects."""
        segments = await self._coordinator.deletable_segments(self._grace_ms, SEGMENTS_PER_STEP)
        keys = [segment.key for segment in segments]
        if not keys:
            return False
        await self._store.delete(keys)
        await self._coordinator.forget_segments(keys)
        log.info("deleted %d segments of %d bytes", len(keys), sum(segment.size for segment in segments))
        return len(keys) == SEGMENTS_PER_STEP


class ExpireProducers:
    """Forgets producers that were silent for a day."""

    interval_seconds = 60.0

    def __init__(self, coordinator: Coordinator, idle_ms: int = PRODUCER_IDLE_MS) -> None:
        self._coordinator = coordinator
        self._idle_ms = idle_ms

    def __repr__(self) -> str:
        return f"<ExpireProducers after {self._idle_ms} ms>"

    async def step(self) -> bool:
        """Look at a piece of the table."""
        return await self._coordinator.expire_producers(self._idle_ms, ROWS_PER_STEP) == ROWS_PER_STEP
