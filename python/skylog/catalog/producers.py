"""InitProducerId: identities of idempotent producers."""

from __future__ import annotations

import asyncio
import logging

from skylog.coordinator.base import Coordinator
from skylog.errors import SkylogError, Unavailable
from skylog.wire.codes import ErrorCode, code_of
from skylog.wire.exchange import Body, Handler, Request

log = logging.getLogger("skylog.catalog")

INIT_PRODUCER_ID = 22

BLOCK_SIZE = 1_000
"""Identities taken from the coordinator at a time; what a stopped broker leaves over is never used."""
NO_PRODUCER_ID = -1
NO_PRODUCER_EPOCH = -1


class ProducersHandler:
    """Gives every producer that asks a fresh identity: 1 query per 1,000 of them."""

    def __init__(self, coordinator: Coordinator) -> None:
        self._coordinator = coordinator
        self._block = range(0)
        self._turn = asyncio.Lock()

    def handlers(self) -> dict[int, Handler]:
        """Return the handlers by api key."""
        return {INIT_PRODUCER_ID: self.init_producer_id}

    async def init_producer_id(self, request: Request) -> Body:
        """Answer InitProducerId v0-v5.

        A producer without transactions that brings an old identity (v3+) gets a fresh one too, as in Kafka.
        """
        if not _is_whole(request.body):
            return _refused(ErrorCode.INVALID_REQUEST)
        transactional_id = request.body["transactional_id"]
        if transactional_id is not None:
            return _refused(_transactional_error(transactional_id, request))
        try:
            return {
                "error_code": ErrorCode.NONE,
                "producer_id": await self._next(),
                "producer_epoch": 0,
            }
        except Unavailable as error:
            log.warning("no producer id could be had: %s", error)
            # Every client tries again; after «not available» some would look for a transaction coordinator.
            return _refused(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
        except SkylogError as error:
            return _refused(code_of(error))

    async def _next(self) -> int:
        async with self._turn:
            if not self._block:
                first = await self._coordinator.allocate_producer_ids(BLOCK_SIZE)
                self._block = range(first, first + BLOCK_SIZE)
            producer_id, self._block = self._block[0], self._block[1:]
            return producer_id


def _is_whole(body: Body) -> bool:
    """Tell whether an identity comes with its epoch, or neither does."""
    has_id, has_epoch = body["producer_id"] != NO_PRODUCER_ID, body["producer_epoch"] != NO_PRODUCER_EPOCH
    return bool(has_id == has_epoch)


def _transactional_error(transactional_id: str, request: Request) -> ErrorCode:
    if not transactional_id:
        return ErrorCode.INVALID_REQUEST
    log.warning("client %r asks for a transaction: transactions are not served yet", request.client_id)
    # The one code that no client tries again; the others would ask for ever.
    return ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED


def _refused(code: ErrorCode) -> Body:
    return {"error_code": code, "producer_id": NO_PRODUCER_ID, "producer_epoch": NO_PRODUCER_EPOCH}
