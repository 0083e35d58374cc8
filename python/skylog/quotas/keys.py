"""What can be limited, for whom, and which values are limits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from skylog.errors import InvalidRequest
from skylog.quotas.entities import IP, Entity

PRODUCER_BYTE_RATE: Final = "producer_byte_rate"
CONSUMER_BYTE_RATE: Final = "consumer_byte_rate"
REQUEST_PERCENTAGE: Final = "request_percentage"
CONTROLLER_MUTATION_RATE: Final = "controller_mutation_rate"
CONNECTION_CREATION_RATE: Final = "connection_creation_rate"


@dataclass(frozen=True, slots=True)
class QuotaKey:
    """The values that a limit may have."""

    maximum: float = math.inf
    is_integral: bool = False


_LONG: Final = QuotaKey(2.0**63, is_integral=True)
_INT: Final = QuotaKey(2.0**31 - 1, is_integral=True)
_DOUBLE: Final = QuotaKey()
FRACTION_MAX: Final = 1e-6
"""How far from an integer Kafka takes a number for one."""

CLIENT_KEYS: Final[Mapping[str, QuotaKey]] = {
    PRODUCER_BYTE_RATE: _LONG,
    CONSUMER_BYTE_RATE: _LONG,
    REQUEST_PERCENTAGE: _DOUBLE,
    CONTROLLER_MUTATION_RATE: _DOUBLE,
}
"""Limits of users and client ids: bytes per second, percent of one thread, partitions per second."""
IP_KEYS: Final[Mapping[str, QuotaKey]] = {CONNECTION_CREATION_RATE: _INT}
"""Limits of addresses: connections per second."""


def check_limit(entity: Entity, name: str, value: float) -> None:
    """Raise `InvalidRequest` unless `value` may limit `name` for the entity."""
    key = (IP_KEYS if entity[0][0] == IP else CLIENT_KEYS).get(name)
    if key is None:
        raise InvalidRequest(f"Invalid configuration key {name[:100]}")
    if not 0 < value <= key.maximum or math.isinf(value):
        raise InvalidRequest(f"Quota {name}: expected more than 0 and at most {key.maximum}, found {value}")
    if key.is_integral and value % 1.0 > FRACTION_MAX:
        raise InvalidRequest(f"Quota {name} cannot be fractional, found {value}")
