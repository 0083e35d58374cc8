"""The limits as the coordinator holds them, kept in memory for everyone who reads."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from skylog.coordinator.base import Coordinator
from skylog.errors import InvalidRequest, SkylogError, Unavailable
from skylog.model import ConfigChange
from skylog.quotas.entities import Entity, from_text, to_text
from skylog.quotas.keys import check_limit
from skylog.quotas.table import QuotaTable
from skylog.wire.codes import ErrorCode, KafkaError

log = logging.getLogger("skylog.quotas")

KIND = "client-quota"
"""Under which limits stand among the coordinator's configs."""
ENTITIES_MAX = 20_000

Change: TypeAlias = Mapping[str, float | None]
"""New limits by key; None removes one."""


class QuotaRoom:
    """The one way to change limits: durable in the coordinator before the table shows them.

    After a change whose outcome is unknown the table is loaded anew, if need be before the next request.
    """

    def __init__(self, coordinator: Coordinator, table: QuotaTable) -> None:
        self._coordinator = coordinator
        self.table = table
        self._turn = asyncio.Lock()
        self._in_doubt = False

    def __repr__(self) -> str:
        return f"<QuotaRoom {self.table!r}{', in doubt' if self._in_doubt else ''}>"

    async def load(self) -> None:
        """Take everything as the coordinator holds it: 1 query. Raises `Unavailable`."""
        async with self._turn:
            await self._load()

    async def settle(self) -> None:
        """Load what may have changed without an answer. Raises `Unavailable`."""
        if self._in_doubt:
            await self.load()

    async def alter(self, changes: Mapping[Entity, Change]) -> list[SkylogError | None]:
        """Set and remove limits; 1 query for all. An entity without limits is forgotten."""
        if not changes:
            return []
        async with self._turn:
            if self._in_doubt:
                await self._load()
            refusals = self._refusals(changes)
            wanted = {entity: change for entity, change in changes.items() if entity not in refusals}
            answers = await self._store(wanted) if wanted else []
            outcomes = {**refusals, **dict(zip(wanted, answers, strict=True))}
            return [outcomes[entity] for entity in changes]

    def _refusals(self, changes: Mapping[Entity, Change]) -> dict[Entity, SkylogError | None]:
        """Return an error for each entity beyond the bound."""
        new = [entity for entity in changes if not self.table.get(entity)]
        room = max(0, ENTITIES_MAX - len(self.table))
        full = KafkaError(ErrorCode.POLICY_VIOLATION, f"There are {ENTITIES_MAX} entities with quotas")
        return dict.fromkeys(new[room:], full)

    async def _store(self, changes: Mapping[Entity, Change]) -> Sequence[SkylogError | None]:
        try:
            answers = await self._coordinator.alter_configs(
                [ConfigChange(KIND, to_text(entity), _written(change)) for entity, change in changes.items()]
            )
        except Unavailable as error:
            return await self._look(changes, error)
        for (entity, change), answer in zip(changes.items(), answers, strict=True):
            if answer is None:
                self.table.put(entity, self._merged(entity, change))
        return answers

    async def _look(self, changes: Mapping[Entity, Change], error: Unavailable) -> list[SkylogError | None]:
        """See what became of changes without an answer."""
        log.warning("a change of quotas has an unknown outcome: %s", error)
        self._in_doubt = True
        try:
            await self._load()
        except Unavailable as again:
            log.warning("quotas could not be loaded anew: %s", again)
            return [error] * len(changes)
        return [
            None if self._merged(entity, change) == self.table.get(entity) else error
            for entity, change in changes.items()
        ]

    def _merged(self, entity: Entity, change: Change) -> dict[str, float]:
        merged = {**self.table.get(entity), **change}
        return {key: limit for key, limit in merged.items() if limit is not None}

    async def _load(self) -> None:
        stored = await self._coordinator.load_configs(KIND)
        limits = dict(_read(text, values) for text, values in stored.items())
        for entity in [entity for entity, _ in self.table.items() if entity not in limits]:
            self.table.put(entity, {})
        for entity, found in limits.items():
            self.table.put(entity, found)
        self._in_doubt = False


def _written(change: Change) -> dict[str, str | None]:
    return {key: None if limit is None else repr(limit) for key, limit in change.items()}


def _read(text: str, values: Mapping[str, str]) -> tuple[Entity, dict[str, float]]:
    """Read stored limits but for those that this version does not know or take."""
    limits: dict[str, float] = {}
    entity: Entity = ()
    for key, value in values.items():
        try:
            entity = from_text(text)
            check_limit(entity, key, float(value))
            limits[key] = float(value)
        except (InvalidRequest, ValueError) as error:
            log.warning("stored quota %s=%s of %s is not taken: %s", key, value, text[:200], error)
    return entity, limits
