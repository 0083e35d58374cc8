"""The produce pipeline: buffered, sealed, stored, committed, answered.

Three things bound it: the gate (unanswered bytes), `uploads_max` (segments under way) and the PUT budget.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from skylog.core import ProduceRequest, SegmentBuilder
from skylog.loop import stop_tasks
from skylog.produce.upload import Upload
from skylog.storage.keys import SegmentKey

if TYPE_CHECKING:
    from skylog.clock import Clock, Entropy
    from skylog.config import ProduceConfig
    from skylog.produce.budget import PutBudget
    from skylog.produce.commit import CommitQueue
    from skylog.produce.upload import Uploader
    from skylog.wire.exchange import Gate, Reply

log = logging.getLogger("skylog.produce")


@dataclass(slots=True)
class OpenSegment:
    """A buffer that is not sealed yet: requests in order of arrival, and who waits for them."""

    opened_at: float
    builder: SegmentBuilder = field(default_factory=SegmentBuilder)
    replies: list[Reply] = field(default_factory=list)
    bytes_held: int = 0


class ProducePipeline:
    """One buffer for all partitions of the broker, sealed by size and by the PUT budget."""

    def __init__(
        self,
        *,
        config: ProduceConfig,
        clock: Clock,
        entropy: Entropy,
        gate: Gate,
        budget: PutBudget,
        uploader: Uploader,
        broker_id: int,
        broker_epoch: int,
    ) -> None:
        self._config = config
        self._clock = clock
        self._entropy = entropy
        self._gate = gate
        self._budget = budget
        self._uploader = uploader
        self._broker_id = broker_id
        self._broker_epoch = broker_epoch
        self._open: deque[OpenSegment] = deque()
        self._uploads: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._look: asyncio.Handle | None = None
        self._look_later: asyncio.TimerHandle | None = None
        self._draining = False
        self._commits: CommitQueue

    def __repr__(self) -> str:
        return (
            f"<ProducePipeline {len(self._open)} open, {len(self._uploads)} uploads, {self._gate!r},"
            f" {self._budget!r}>"
        )

    def attach(self, commits: CommitQueue) -> None:
        """Say where sealed segments go to be committed."""
        self._commits = commits

    @property
    def idle(self) -> bool:
        """Whether nothing is buffered, under way or unanswered."""
        return not self._open and not self._uploads and not len(self._commits) and not self._gate.bytes_held

    def append(self, request: ProduceRequest, reply: Reply) -> None:
        """Put a checked request into the order; `reply` is used after its commit."""
        if not self._open or self._open[-1].builder.size >= self._config.segment_bytes_target:
            self._open.append(OpenSegment(self._clock.monotonic()))
        last = self._open[-1]
        last.builder.append(request)
        last.replies.append(reply)
        last.bytes_held += request.held_bytes
        self._gate.take(request.held_bytes)
        if self._look is None:
            # After this turn of the loop, so that what arrives together travels together.
            self._look = self._loop.call_soon(self._consider)

    def flush(self) -> None:
        """Seal from now on whatever is there, without regard to the budget (the broker goes down)."""
        self._draining = True
        self._consider()

    async def close(self) -> None:
        """Give up what is still there; it stays without an answer."""
        self._open.clear()
        for timer in (self._look, self._look_later):
            if timer is not None:
                timer.cancel()
        await stop_tasks(self._uploads)
        await self._commits.close()

    def answered(self, upload: Upload) -> None:
        """Take note that all requests of a segment have their answers."""
        self._gate.give(upload.bytes_held)
        self._consider()

    def _consider(self) -> None:
        self._look = None
        while self._open and len(self._uploads) < self._config.uploads_max:
            now = self._clock.monotonic()
            head = self._open[0]
            if not self._is_full(head):
                wait_s = self._budget.wait_s(now, head.opened_at, awaited=self._gate.rhythm.awaited)
                if wait_s > 0:
                    self._consider_in(wait_s)
                    return
                self._budget.spend(now)
            self._try_seal(self._open.popleft())

    def _is_full(self, segment: OpenSegment) -> bool:
        return self._draining or segment.builder.size >= self._config.segment_bytes_target

    def _consider_in(self, seconds: float) -> None:
        if self._look_later is not None:
            self._look_later.cancel()
        # Up to the next millisecond, the grain of the loop's timers: fired early, it would ask again at once.
        self._look_later = self._loop.call_later(math.ceil(seconds * 1000) / 1000, self._consider)

    def _try_seal(self, segment: OpenSegment) -> None:
        try:
            self._seal(segment)
        except Exception:
            log.exception("%d requests cannot be sealed", len(segment.replies))
            self._gate.give(segment.bytes_held)
            for reply in segment.replies:
                reply.close("internal error")

    def _seal(self, segment: OpenSegment) -> None:
        segment_id = self._entropy.random_bytes(16)
        created_ms = self._clock.now_ms()
        key = SegmentKey(created_ms, self._broker_id, self._broker_epoch, segment_id).build()
        sealed = segment.builder.seal(segment_id, created_ms)
        upload = Upload(key, sealed, created_ms, segment.replies, segment.bytes_held)
        self._commits.add(upload)
        task = self._loop.create_task(self._uploader.upload(upload))
        self._uploads.add(task)
        task.add_done_callback(self._end_upload)

    def _end_upload(self, task: asyncio.Task[None]) -> None:
        self._uploads.discard(task)
        self._commits.kick()
        self._consider()
