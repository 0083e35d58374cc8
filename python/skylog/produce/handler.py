"""Produce requests: parsed, checked, admitted."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from skylog.core import Frame, ProduceRequest, TopicTable, parse_produce
from skylog.errors import InvalidRequest
from skylog.produce.answer import give
from skylog.wire.throttling import NO_THROTTLE

if TYPE_CHECKING:
    from skylog.clock import Clock
    from skylog.config import ProduceConfig
    from skylog.produce.pipeline import ProducePipeline
    from skylog.wire.exchange import Gate, Reply
    from skylog.wire.throttling import Account, Throttle

log = logging.getLogger("skylog.produce")


class ProduceHandler:
    """The `RawHandler` of Produce.

    Requests enter the pipeline in the order of their connection. One with much compressed data is checked on
    a thread; its connection starts nothing else meanwhile.
    """

    def __init__(
        self,
        config: ProduceConfig,
        clock: Clock,
        topics: TopicTable,
        gate: Gate,
        pipeline: ProducePipeline,
        *,
        throttle: Throttle = NO_THROTTLE,
    ) -> None:
        self._config = config
        self._clock = clock
        self._topics = topics
        self._gate = gate
        self._pipeline = pipeline
        self._throttle = throttle
        self._checks: set[asyncio.Task[None]] = set()

    def __call__(self, frame: Frame, reply: Reply) -> None:
        """Admit one request, or answer it at once when nothing of it can be admitted."""
        account = self._throttle.account(frame)
        if account is not None:
            account.watch.start()  # until it is admitted
        try:
            request = parse_produce(
                frame, self._topics, self._clock.now_ms(), self._config.inline_check_bytes_max
            )
        except InvalidRequest as error:
            reply.close(f"produce version {frame.api_version}: {error}")
            return
        if request.unchecked_bytes:
            self._check_on_thread(request, reply, account)
        else:
            self._admit(request, reply, account)

    def _admit(self, request: ProduceRequest, reply: Reply, account: Account | None) -> None:
        # Counted when it is admitted; its answer says what that brought, whenever it is written.
        if account is not None and (throttle_ms := account.produced()):
            request.throttle(throttle_ms)
            reply.mute(throttle_ms)
        if request.accepted:
            self._pipeline.append(request, reply)
            return
        give(reply, request.response())

    def _check_on_thread(self, request: ProduceRequest, reply: Reply, account: Account | None) -> None:
        reply.hold()
        bytes_held = request.held_bytes
        self._gate.take(bytes_held)
        task = asyncio.create_task(self._check(request, reply, account, bytes_held))
        self._checks.add(task)
        task.add_done_callback(self._checks.discard)

    async def _check(
        self, request: ProduceRequest, reply: Reply, account: Account | None, bytes_held: int
    ) -> None:
        try:
            await asyncio.to_thread(request.check, self._clock.now_ms())
            self._admit(request, reply, account)
        except Exception:
            log.exception("a produce request cannot be checked")
            reply.close("internal error")
        finally:
            self._gate.give(bytes_held)
            reply.release()
