"""DescribeClientQuotas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum

from skylog.errors import InvalidRequest, SkylogError
from skylog.quotas.entities import CLIENT_ID, IP, TYPES, USER, Entity, matches
from skylog.quotas.room import QuotaRoom
from skylog.wire.codes import ErrorCode, KafkaError, code_of
from skylog.wire.exchange import Body, Handler, Request

DESCRIBE_CLIENT_QUOTAS = 48


class MatchType(IntEnum):
    """How a component of a filter names entities, in Kafka's numbers."""

    EXACT = 0
    DEFAULT = 1
    SPECIFIED = 2


class DescribingHandler:
    """Shows limits: no query, O(entities)."""

    def __init__(self, room: QuotaRoom) -> None:
        self._room = room

    def handlers(self) -> dict[int, Handler]:
        """Return the handlers by api key."""
        return {DESCRIBE_CLIENT_QUOTAS: self.describe_client_quotas}

    async def describe_client_quotas(self, request: Request) -> Body:
        """Answer DescribeClientQuotas v0-v1."""
        try:
            exact, specified = _read_filter(request.body["components"])
            await self._room.settle()
        except SkylogError as error:
            return {"error_code": code_of(error), "error_message": str(error), "entries": None}
        strict = request.body["strict"]
        entries = [
            _row(entity, limits)
            for entity, limits in self._room.table.items()
            if matches(entity, exact, specified, strict=strict)
        ]
        return {"error_code": ErrorCode.NONE, "error_message": "", "entries": entries}


def _read_filter(components: Sequence[Body]) -> tuple[dict[str, str | None], set[str]]:
    """Return names by type, None for the default, and types of which any entity is wanted."""
    exact: dict[str, str | None] = {}
    specified: set[str] = set()
    for component in components:
        kind, match = component["entity_type"], component["match"]
        _check_type(kind, {*exact, *specified})
        how = _match_type(component["match_type"])
        if (how is MatchType.EXACT) != (match is not None):
            raise InvalidRequest(f"A match of type {how.name} is given {'no' if match is None else 'a'} name")
        if how is MatchType.SPECIFIED:
            specified.add(kind)
        else:
            exact[kind] = match
    wanted = {*exact, *specified}
    if IP in wanted and wanted & {USER, CLIENT_ID}:
        raise InvalidRequest("An ip cannot be combined with a user or a client-id")
    return exact, specified


def _check_type(kind: str, earlier: set[str]) -> None:
    if not kind:
        raise InvalidRequest("Invalid empty entity type.")
    if kind in earlier:
        raise InvalidRequest(f"Entity type {kind} stands more than once")
    if kind not in TYPES:
        raise KafkaError(ErrorCode.UNSUPPORTED_VERSION, f"Unsupported entity type {kind[:100]}")


def _match_type(number: int) -> MatchType:
    try:
        return MatchType(number)
    except ValueError as error:
        raise InvalidRequest(f"Unknown match type {number}") from error


def _row(entity: Entity, limits: Mapping[str, float]) -> Body:
    return {
        "entity": [{"entity_type": kind, "entity_name": name} for kind, name in entity],
        "values": [{"key": key, "value": limit} for key, limit in limits.items()],
    }
