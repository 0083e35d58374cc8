"""All limits that are set, and which of them holds for whom."""

from __future__ import annotations

from collections.abc import ItemsView, Mapping
from typing import Final, TypeAlias

from skylog.quotas.entities import CLIENT_ID, IP, USER, Entity
from skylog.quotas.keys import CLIENT_KEYS, CONNECTION_CREATION_RATE

DEFAULT: Final = None
ABSENT: Final = ""
"""No entity has an empty name."""

Scope: TypeAlias = tuple[str | None, str | None]
"""User and client id. Who has the same scope shares one limit."""


class QuotaTable:
    """Limits by entity; reading one costs up to eight dictionary reads."""

    def __init__(self) -> None:
        self._entities: dict[Entity, Mapping[str, float]] = {}
        self._clients: dict[str, dict[Scope, float]] = {key: {} for key in CLIENT_KEYS}
        self._ips: dict[str | None, float] = {}
        self.limits_clients = False
        """Whether anything but connections is limited; looked at for every request."""

    def __len__(self) -> int:
        return len(self._entities)

    def __repr__(self) -> str:
        return f"<QuotaTable {len(self._entities)} entities>"

    def items(self) -> ItemsView[Entity, Mapping[str, float]]:
        """Return all entities with their limits."""
        return self._entities.items()

    def get(self, entity: Entity) -> Mapping[str, float]:
        """Return the limits of an entity itself."""
        return self._entities.get(entity, {})

    def put(self, entity: Entity, limits: Mapping[str, float]) -> None:
        """Replace the limits of an entity; without any it is forgotten."""
        self._entities.pop(entity, None)
        if limits:
            self._entities[entity] = dict(limits)
        names = dict(entity)
        if IP in names:
            self._ips.pop(names[IP], None)
            if CONNECTION_CREATION_RATE in limits:
                self._ips[names[IP]] = limits[CONNECTION_CREATION_RATE]
        else:
            self._put_client((names.get(USER, ABSENT), names.get(CLIENT_ID, ABSENT)), limits)

    def _put_client(self, scope: Scope, limits: Mapping[str, float]) -> None:
        for key, index in self._clients.items():
            index.pop(scope, None)
            if key in limits:
                index[scope] = limits[key]
        self.limits_clients = any(self._clients.values())

    def client_limit(self, key: str, user: str, client_id: str) -> tuple[Scope, float] | None:
        """Return the limit that holds for a client and who shares it: the first of Kafka's order."""
        index = self._clients[key]
        if not index:
            return None
        both, of_user, of_client = (user, client_id), (user, ABSENT), (ABSENT, client_id)
        wanted: tuple[tuple[Scope, Scope], ...] = (
            (both, both),
            ((user, DEFAULT), both),
            (of_user, of_user),
            ((DEFAULT, client_id), both),
            ((DEFAULT, DEFAULT), both),
            ((DEFAULT, ABSENT), of_user),
            (of_client, of_client),
            ((ABSENT, DEFAULT), of_client),
        )
        for scope, shared in wanted:
            limit = index.get(scope)
            if limit is not None:
                return shared, limit
        return None

    def ip_limit(self, host: str) -> float | None:
        """Return how many connections a second an address may make."""
        return self._ips.get(host, self._ips.get(DEFAULT))
