"""Commits in the order of sealing: stored segments that wait together travel together."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from skylog.coordinator.base import SegmentCommit
from skylog.errors import SkylogError, Unavailable
from skylog.loop import stop_tasks
from skylog.produce.answer import give
from skylog.wire.codes import ErrorCode, code_of

if TYPE_CHECKING:
    from skylog.coordinator.base import Coordinator
    from skylog.core import CommitResult, SealedSegment
    from skylog.produce.upload import Upload
    from skylog.storage.cache import BlockCache

log = logging.getLogger("skylog.produce")

COMMITS_TOGETHER_MAX = 16


class CommitQueue:
    """Uploads in seal order; the head is committed once it is stored.

    After a commit whose outcome is unknown the producers get a retriable error and the object stays:
    idempotent producers ask again, and the coordinator knows what it has taken.
    """

    def __init__(
        self,
        *,
        coordinator: Coordinator,
        cache: BlockCache,
        broker_id: int,
        broker_epoch: int,
        on_commit: Callable[[SealedSegment], None],
        on_answered: Callable[[Upload], None],
    ) -> None:
        self._coordinator = coordinator
        self._cache = cache
        self._broker_id = broker_id
        self._broker_epoch = broker_epoch
        self._on_commit = on_commit
        self._on_answered = on_answered
        self._queue: deque[Upload] = deque()
        self._task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<CommitQueue {len(self._queue)} waiting, {'running' if self._task else 'idle'}>"

    def __len__(self) -> int:
        return len(self._queue)

    def add(self, upload: Upload) -> None:
        """Take the next segment of the order, before it is stored."""
        self._queue.append(upload)

    def kick(self) -> None:
        """Look whether the head can be committed now."""
        if self._task is None and self._queue and self._queue[0].done:
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Wait for no commit any more; one that is under way may still take effect."""
        self._queue.clear()
        if self._task is not None:
            await stop_tasks([self._task])

    async def _run(self) -> None:
        try:
            while ready := self._take_ready():
                await self._settle(ready)
        finally:
            self._task = None

    def _take_ready(self) -> list[Upload]:
        ready: list[Upload] = []
        while self._queue and self._queue[0].done and len(ready) < COMMITS_TOGETHER_MAX:
            ready.append(self._queue.popleft())
        return ready

    async def _settle(self, uploads: list[Upload]) -> None:
        stored = [upload for upload in uploads if upload.error is None]
        results = iter(await self._commit(stored))
        for upload in uploads:
            self._answer(upload, upload.error or next(results))

    async def _commit(self, uploads: list[Upload]) -> list[CommitResult | SkylogError]:
        if not uploads:
            return []
        try:
            return await self._coordinator.commit_segments([self._request(upload) for upload in uploads])
        except SkylogError as error:
            return [error] * len(uploads)
        except Exception as error:
            log.exception("the coordinator failed in a way it should not")
            return [Unavailable(repr(error))] * len(uploads)

    def _request(self, upload: Upload) -> SegmentCommit:
        return SegmentCommit(
            upload.key,
            upload.sealed.size,
            upload.created_ms,
            self._broker_id,
            self._broker_epoch,
            upload.sealed,
        )

    def _answer(self, upload: Upload, outcome: CommitResult | SkylogError) -> None:
        """Answer the producers, then wake who waits for the records: no acknowledgement waits for them."""
        try:
            responses = self._responses(upload, outcome)
        except Exception:
            log.exception("%s: %d requests cannot be answered", upload.key, len(upload.replies))
            for reply in upload.replies:
                reply.close("internal error")
        else:
            for reply, response in zip(upload.replies, responses, strict=True):
                give(reply, response)
        if not isinstance(outcome, SkylogError):
            # A turn later: uvloop writes at the end of the one in which an answer is given.
            asyncio.get_running_loop().call_soon(self._tell, upload)
        upload.sealed.release_data()
        self._on_answered(upload)

    def _responses(self, upload: Upload, outcome: CommitResult | SkylogError) -> list[bytes | None]:
        sealed = upload.sealed
        if isinstance(outcome, SkylogError):
            log.warning("%s: %d requests failed: %s", upload.key, len(upload.replies), outcome)
            return sealed.fail(_code(upload, outcome), str(outcome))
        self._cache.put(upload.key, sealed.data)
        return sealed.answer(outcome)

    def _tell(self, upload: Upload) -> None:
        try:
            self._on_commit(upload.sealed)
        except Exception:
            log.exception("%s: nobody was told of its commit", upload.key)


def _code(upload: Upload, error: SkylogError) -> ErrorCode:
    """Return a retriable code; only a commit without an answer leaves open whether records are kept."""
    if upload.error is not None:
        return ErrorCode.KAFKA_STORAGE_ERROR
    return code_of(error, conflict=ErrorCode.KAFKA_STORAGE_ERROR)
