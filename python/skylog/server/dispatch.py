"""From a frame to whoever answers it, by the one table of what is served."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace

from skylog.core import Frame
from skylog.errors import InvalidRequest, SkylogError
from skylog.server.connection import Slot
from skylog.wire import apis, codec
from skylog.wire.exchange import Body, Handler, RawHandler, Request
from skylog.wire.frames import API_VERSIONS
from skylog.wire.throttling import NO_THROTTLE, Account, Throttle

log = logging.getLogger("skylog.server")


class Dispatcher:
    """Answers what is served and closes the connection on all else, as Kafka does."""

    def __init__(
        self,
        raw: Mapping[int, RawHandler],
        handlers: Mapping[int, Handler],
        throttle: Throttle = NO_THROTTLE,
    ) -> None:
        self._raw = raw
        self._handlers = handlers
        self._throttle = throttle
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> int:
        """Control-plane requests under way."""
        return len(self._tasks)

    def start(self, frame: Frame, reply: Slot) -> None:
        """Begin to answer `frame`; returns at once."""
        key, version = frame.api_key, frame.api_version
        if not apis.accepts(key, version):
            self._refuse(frame, reply)
        elif (raw := self._raw.get(key)) is not None:
            raw(frame, reply)
        else:
            self._decode(frame, reply)

    async def cancel(self) -> None:
        """Stop what still runs; used when the broker goes down."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _refuse(self, frame: Frame, reply: Slot) -> None:
        if frame.api_key == API_VERSIONS:
            reply.send([apis.unsupported_api_versions(frame.correlation_id)])
        else:
            reply.close(f"api key {frame.api_key} version {frame.api_version} is not served")

    def _decode(self, frame: Frame, reply: Slot) -> None:
        key, version = frame.api_key, frame.api_version
        account = self._throttle.account(frame)
        try:
            body = _decoded(frame, account)
        except InvalidRequest as error:
            reply.close(f"api key {key} version {version}: {error}")
            return
        request = Request(key, version, body, frame.client_id, reply.client_host)
        task = asyncio.create_task(self._answer(request, frame.correlation_id, reply, account))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(
        self, request: Request, correlation_id: int, reply: Slot, account: Account | None
    ) -> None:
        try:
            if account is None:
                body = await self._handlers[request.api_key](request)
            else:
                body = await self._handle_limited(request, reply, account)
            response = _encoded(request, correlation_id, body, account)
        except SkylogError as error:
            reply.close(f"api key {request.api_key} version {request.version}: {error}")
        except asyncio.CancelledError:
            reply.close("the broker goes down")
            raise
        except Exception:
            log.exception("api key %d version %d failed", request.api_key, request.version)
            reply.close("internal error")
        else:
            reply.send([response])

    async def _handle_limited(self, request: Request, reply: Slot, account: Account) -> Body:
        """Handle a request, counting what it takes of its client's quotas."""
        mutations = account.mutations(request.api_key, request.version)
        work = self._handlers[request.api_key](replace(request, mutations=mutations))
        body = await account.watch.run(work)
        throttle_ms = max(mutations.throttle_time_ms, account.answered())
        if not throttle_ms:
            return body
        reply.mute(throttle_ms)
        return body | {"throttle_time_ms": throttle_ms}


def _decoded(frame: Frame, account: Account | None) -> Body:
    if account is not None:
        with account.watch:
            return _decoded(frame, None)
    return codec.decode_request(frame.api_key, frame.api_version, bytes(frame), frame.body_position)


def _encoded(request: Request, correlation_id: int, body: Body, account: Account | None) -> bytes:
    if account is None:
        return codec.encode_response(request.api_key, request.version, correlation_id, body)
    with account.watch:
        response = _encoded(request, correlation_id, body, None)
    account.answered()  # what writing it took is owed by the next request
    return response
