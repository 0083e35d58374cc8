"""Whom a quota is for: a user, a client id, both, an address, each by name or as the default of its type."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from skylog.errors import InvalidRequest

USER: Final = "user"
CLIENT_ID: Final = "client-id"
IP: Final = "ip"
TYPES: Final = (USER, CLIENT_ID, IP)

NAME_LENGTH_MAX: Final = 1_024
"""Characters of a name."""

Entity: TypeAlias = tuple[tuple[str, str | None], ...]
"""(type, name) in order of types; None is the default of its type."""


def build_entity(names: Mapping[str, str | None]) -> Entity:
    """Return the entity of these names by type. Raises `InvalidRequest` as Kafka refuses it."""
    if not names:
        raise InvalidRequest("Invalid empty client quota entity")
    for kind, name in names.items():
        if kind not in TYPES:
            raise InvalidRequest(f"Unhandled client quota entity type: {kind[:100]}")
        if name == "":
            raise InvalidRequest(f"Empty {kind} not supported")
        if name is not None and len(name) > NAME_LENGTH_MAX:
            raise InvalidRequest(f"{kind}: expected at most {NAME_LENGTH_MAX} characters, found {len(name)}")
    if IP not in names:
        return tuple(sorted(names.items()))
    if len(names) > 1:
        raise InvalidRequest("An ip cannot be combined with a user or a client-id")
    return ((IP, canonical_ip(names[IP])),)


def canonical_ip(name: str | None) -> str | None:
    """Return an address in the form in which connections show it. Raises `InvalidRequest` for all else."""
    if name is None:
        return None
    try:
        return str(ipaddress.ip_address(name))
    except ValueError as error:
        raise InvalidRequest(f"ip: expected an address, found {name[:100]!r}") from error


def matches(
    entity: Entity, exact: Mapping[str, str | None], specified: Iterable[str], *, strict: bool
) -> bool:
    """Tell whether an entity has these names and, under whatever name, these types; strict: and no others."""
    names = dict(entity)
    wanted = [*exact, *specified]
    if strict and len(names) != len(wanted):
        return False
    return all(kind in names for kind in wanted) and all(names[kind] == name for kind, name in exact.items())


def to_text(entity: Entity) -> str:
    """Return the name under which the coordinator keeps an entity."""
    return json.dumps(entity)


def from_text(text: str) -> Entity:
    """Read what `to_text` wrote. Raises `InvalidRequest` for what no version of it did."""
    try:
        names = dict(json.loads(text))
        if all(name is None or isinstance(name, str) for name in names.values()):
            return build_entity(names)
    except (ValueError, TypeError):
        pass
    raise InvalidRequest(f"quota entity: expected pairs of type and name, found {text[:100]!r}")
