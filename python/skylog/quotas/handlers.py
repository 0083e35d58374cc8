"""All requests that quotas answer, by api key."""

from __future__ import annotations

from skylog.quotas.altering import AlteringHandler
from skylog.quotas.describing import DescribingHandler
from skylog.quotas.room import QuotaRoom
from skylog.wire.exchange import Handler


def handlers(room: QuotaRoom) -> dict[int, Handler]:
    """Return the handlers by api key."""
    return {**DescribingHandler(room).handlers(), **AlteringHandler(room).handlers()}
