"""AlterClientQuotas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from skylog.errors import InvalidRequest, SkylogError
from skylog.quotas.entities import Entity, build_entity
from skylog.quotas.keys import check_limit
from skylog.quotas.room import Change, QuotaRoom
from skylog.wire.codes import ErrorCode, code_of
from skylog.wire.exchange import Body, Handler, Request

ALTER_CLIENT_QUOTAS = 49
ENTRIES_MAX = 10_000
"""Entities of one request."""

Outcome: TypeAlias = Change | SkylogError
"""What is to become of an entity, or why nothing is."""


class AlteringHandler:
    """Changes limits: 1 query for all of a request, durable before the answer; per entity all or nothing."""

    def __init__(self, room: QuotaRoom) -> None:
        self._room = room

    def handlers(self) -> dict[int, Handler]:
        """Return the handlers by api key."""
        return {ALTER_CLIENT_QUOTAS: self.alter_client_quotas}

    async def alter_client_quotas(self, request: Request) -> Body:
        """Answer AlterClientQuotas v0-v1. An entity that stands twice gets one answer, an error."""
        entries = request.body["entries"]
        if len(entries) > ENTRIES_MAX:
            raise InvalidRequest(f"entries: expected at most {ENTRIES_MAX}, found {len(entries)}")
        names: dict[Entity, Sequence[Body]] = {}
        outcomes: dict[Entity, Outcome] = {}
        for entry in entries:
            # Of two names of one type the last one holds, as in Kafka.
            named = {part["entity_type"]: part["entity_name"] for part in entry["entity"]}
            entity, outcome = _read(named, entry["ops"])
            names[entity] = [{"entity_type": kind, "entity_name": name} for kind, name in named.items()]
            outcomes[entity] = _twice() if entity in outcomes else outcome
        if not request.body["validate_only"]:
            outcomes |= await self._store(outcomes)
        return {"entries": [_row(names[entity], outcome) for entity, outcome in outcomes.items()]}

    async def _store(self, outcomes: Mapping[Entity, Outcome]) -> dict[Entity, Outcome]:
        """Store what is good; return the errors."""
        changes = {entity: found for entity, found in outcomes.items() if not isinstance(found, SkylogError)}
        try:
            answers = await self._room.alter(changes)
        except SkylogError as error:
            return dict.fromkeys(changes, error)
        return {entity: error for entity, error in zip(changes, answers, strict=True) if error is not None}


def _read(named: Mapping[str, str | None], ops: Sequence[Body]) -> tuple[Entity, Outcome]:
    entity: Entity = tuple(sorted(named.items()))
    try:
        entity = build_entity(named)
        return entity, _change(entity, ops)
    except SkylogError as error:
        return entity, error


def _change(entity: Entity, ops: Sequence[Body]) -> Change:
    change: dict[str, float | None] = {}
    for op in ops:
        key = op["key"]
        if key in change:
            raise InvalidRequest(f"Quota {key[:100]} must stand once")
        if not op["remove"]:
            check_limit(entity, key, op["value"])
        change[key] = None if op["remove"] else op["value"]
    return change


def _twice() -> SkylogError:
    return InvalidRequest("An entity must stand once")


def _row(named: Sequence[Body], outcome: Outcome) -> Body:
    row: Body = {"error_code": ErrorCode.NONE, "error_message": None, "entity": named}
    if isinstance(outcome, SkylogError):
        row |= {"error_code": code_of(outcome), "error_message": str(outcome)}
    return row
