"""Setting and showing quotas with kafka-python's messages, since neither client has a call for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kafka.protocol.admin import AlterClientQuotasRequest, DescribeClientQuotasRequest

from clients.raw import Connection
from clients.waiting import wait_until

EXACT, DEFAULT, SPECIFIED = 0, 1, 2

Names = Mapping[str, str | None]


def alter_request(
    entries: list[tuple[Names, Mapping[str, float | None]]], *, version: int = 1, validate_only: bool = False
) -> Any:
    """Return a request that sets quotas; None removes one."""
    kind = AlterClientQuotasRequest.EntryData
    asked = [
        kind(
            entity=[kind.EntityData(entity_type=what, entity_name=name) for what, name in names.items()],
            ops=[
                kind.OpData(key=key, value=value or 0.0, remove=value is None)
                for key, value in quotas.items()
            ],
        )
        for names, quotas in entries
    ]
    return AlterClientQuotasRequest[version](entries=asked, validate_only=validate_only)


def describe_request(
    components: list[tuple[str, int, str | None]], *, version: int = 1, strict: bool = False
) -> Any:
    """Return a request that shows quotas."""
    kind = DescribeClientQuotasRequest.ComponentData
    asked = [kind(entity_type=what, match_type=how, match=match) for what, how, match in components]
    return DescribeClientQuotasRequest[version](components=asked, strict=strict)


def set_quotas(bootstrap: str, names: Names, **quotas: float | None) -> None:
    """Set quotas, and wait until they are shown."""
    with Connection(bootstrap) as connection:
        (row,) = connection.ask(alter_request([(names, quotas)])).entries
        assert row.error_code == 0, row
        wait_until(lambda: _shows(connection, names, quotas), f"quotas {quotas} of {names}")


@contextmanager
def limited(bootstrap: str, names: Names, **quotas: float) -> Iterator[None]:
    """Limit somebody for a while."""
    set_quotas(bootstrap, names, **quotas)
    try:
        yield
    finally:
        set_quotas(bootstrap, names, **dict.fromkeys(quotas))


def shown(answer: Any) -> dict[frozenset[tuple[str, str | None]], dict[str, float]]:
    """Return quotas by entity."""
    assert answer.error_code == 0, answer
    return {
        frozenset((part.entity_type, part.entity_name) for part in entry.entity): {
            found.key: found.value for found in entry.values
        }
        for entry in answer.entries
    }


def _shows(connection: Connection, names: Names, quotas: Mapping[str, float | None]) -> bool:
    components = [(what, DEFAULT if name is None else EXACT, name) for what, name in names.items()]
    found = shown(connection.ask(describe_request(components, strict=True)))
    there = found.get(frozenset(names.items()), {})
    return all(there.get(key) == value for key, value in quotas.items())
