"""The fetch pipeline: parsed, located, planned, loaded, assembled."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from skylog.core import FetchPlan, FetchRequest, FetchSessions, Frame, TopicTable, parse_fetch
from skylog.errors import InvalidRequest, SkylogError
from skylog.wire.codes import ErrorCode
from skylog.wire.throttling import NO_THROTTLE

if TYPE_CHECKING:
    from skylog.clock import Clock, Entropy
    from skylog.config import FetchConfig
    from skylog.coordinator.base import Coordinator
    from skylog.fetch.ahead import ReadAhead
    from skylog.fetch.load import SegmentLoader
    from skylog.fetch.wait import Parking, Spot
    from skylog.wire.exchange import Reply
    from skylog.wire.throttling import Account, Throttle

log = logging.getLogger("skylog.fetch")

EXTENTS_MAX = 4096
"""Extents that one request may locate."""


class FetchHandler:
    """The `RawHandler` of Fetch: answers at once when there is enough, else at the commit that brings it."""

    def __init__(
        self,
        *,
        config: FetchConfig,
        clock: Clock,
        entropy: Entropy,
        topics: TopicTable,
        sessions: FetchSessions,
        coordinator: Coordinator,
        loader: SegmentLoader,
        ahead: ReadAhead,
        parking: Parking,
        throttle: Throttle = NO_THROTTLE,
    ) -> None:
        self._config = config
        self._clock = clock
        self._entropy = entropy
        self._topics = topics
        self._sessions = sessions
        self._coordinator = coordinator
        self._loader = loader
        self._ahead = ahead
        self._parking = parking
        self._throttle = throttle
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> int:
        """Fetches under way, parked ones included."""
        return len(self._tasks)

    def __call__(self, frame: Frame, reply: Reply) -> None:
        """Begin to answer one request; a client that goes away takes its request with it."""
        try:
            request = parse_fetch(frame, self._topics)
        except InvalidRequest as error:
            reply.close(f"fetch version {frame.api_version}: {error}")
            return
        code = self._sessions.begin(request, self._now_ms())
        if code is not None:
            reply.send([request.error_response(code)])
            return
        account = self._throttle.account(frame)
        if account is not None and (throttle_ms := account.owed()):
            reply.mute(throttle_ms)
            reply.send([request.throttled_response(throttle_ms)])
            return
        work = self._answer(request, reply, account)
        if account is not None:
            work = account.watch.run(work)
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        reply.on_lost(task.cancel)

    async def _answer(self, request: FetchRequest, reply: Reply, account: Account | None) -> None:
        try:
            plan = await self._enough(request, account)
            self._ahead.follow(reply.client, plan)
            parts = await self._loader.load(plan, reply.client)
            seed = int.from_bytes(self._entropy.random_bytes(4)) if request.session_epoch == 0 else 0
            buffers = self._sessions.answer(plan, parts, self._now_ms(), seed)
            if account is not None:
                account.fetched(sum(map(len, buffers)))
            reply.send(buffers)
        except SkylogError as error:
            log.warning("a fetch failed: %s", error)
            reply.send([request.error_response(ErrorCode.KAFKA_STORAGE_ERROR)])
        except Exception:
            log.exception("a fetch failed in a way it should not")
            reply.close("internal error")

    async def _enough(self, request: FetchRequest, account: Account | None) -> FetchPlan:
        """Return a plan that may be answered: enough bytes, an error, or the client's patience is over."""
        plan = await self._plan(request, account)
        wait_ms = min(request.max_wait_ms, self._config.wait_ms_max)
        if plan.must_answer or wait_ms <= 0 or self._parking.closed:
            return plan
        deadline = self._clock.monotonic() + wait_ms / 1000
        spot = self._parking.park(request)
        try:
            return await self._until(request, account, spot, deadline)
        finally:
            spot.leave()

    async def _until(
        self, request: FetchRequest, account: Account | None, spot: Spot, deadline: float
    ) -> FetchPlan:
        while True:
            plan = await self._plan(request, account)
            left_s = deadline - self._clock.monotonic()
            if plan.must_answer or left_s <= 0 or self._parking.closed:
                return plan
            await spot.woken(left_s)

    async def _plan(self, request: FetchRequest, account: Account | None) -> FetchPlan:
        asked = self._sessions.look(request, self._now_ms())
        located = await self._coordinator.find_extents(asked.positions, EXTENTS_MAX)
        config = self._config
        bytes_max = config.response_bytes_max
        if account is not None:
            bytes_max = account.fetch_bytes_max(bytes_max)
        return FetchPlan(asked, located, bytes_max, config.load_bytes_max, config.cache_block_bytes)

    def _now_ms(self) -> int:
        return int(self._clock.monotonic() * 1000)
