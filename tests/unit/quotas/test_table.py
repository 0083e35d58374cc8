"""Which limit holds for whom: all combinations of entities, in Kafka's order."""

from __future__ import annotations

import itertools

import pytest

from skylog.errors import InvalidRequest
from skylog.quotas.entities import Entity, build_entity, from_text, matches, to_text
from skylog.quotas.keys import PRODUCER_BYTE_RATE, check_limit
from skylog.quotas.table import QuotaTable

from .stepped import entity

ORDER = (
    (entity(user="me", client_id="app"), ("me", "app")),
    (entity(user="me", client_id=None), ("me", "app")),
    (entity(user="me"), ("me", "")),
    (entity(user=None, client_id="app"), ("me", "app")),
    (entity(user=None, client_id=None), ("me", "app")),
    (entity(user=None), ("me", "")),
    (entity(client_id="app"), ("", "app")),
    (entity(client_id=None), ("", "app")),
)
"""Entities from the one that holds first to the last, and who shares the limit then."""


def test_of_every_combination_of_entities_the_first_in_kafka_s_order_holds() -> None:
    for chosen in itertools.product((True, False), repeat=len(ORDER)):
        table = QuotaTable()
        there = [number for number, is_there in enumerate(chosen) if is_there]
        for number in there:
            table.put(ORDER[number][0], {PRODUCER_BYTE_RATE: number + 1.0})
        found = table.client_limit(PRODUCER_BYTE_RATE, "me", "app")
        assert found == ((ORDER[there[0]][1], there[0] + 1.0) if there else None)


@pytest.mark.parametrize("names", [{"user": "you"}, {"client-id": "other"}, {"user": "me", "client-id": "x"}])
def test_limits_of_others_do_not_hold(names: dict[str, str | None]) -> None:
    table = QuotaTable()
    table.put(build_entity(names), {PRODUCER_BYTE_RATE: 1.0})
    assert table.client_limit(PRODUCER_BYTE_RATE, "me", "app") is None


def test_keys_are_looked_up_apart() -> None:
    table = QuotaTable()
    table.put(entity(user="me"), {"consumer_byte_rate": 5.0})
    table.put(entity(client_id="app"), {PRODUCER_BYTE_RATE: 7.0})
    assert table.client_limit(PRODUCER_BYTE_RATE, "me", "app") == (("", "app"), 7.0)
    assert table.client_limit("consumer_byte_rate", "me", "app") == (("me", ""), 5.0)


def test_an_entity_without_limits_is_forgotten() -> None:
    table = QuotaTable()
    for known in (entity(user="me"), entity(ip="192.0.2.7")):
        table.put(
            known, {"connection_creation_rate": 1.0} if known[0][0] == "ip" else {PRODUCER_BYTE_RATE: 1.0}
        )
    assert (len(table), table.limits_clients) == (2, True)
    table.put(entity(user="me"), {})
    assert (len(table), table.limits_clients) == (1, False)
    assert table.client_limit(PRODUCER_BYTE_RATE, "me", "app") is None
    table.put(entity(ip="192.0.2.7"), {})
    assert table.ip_limit("192.0.2.7") is None


def test_an_address_has_its_own_limit_or_the_default() -> None:
    table = QuotaTable()
    table.put(entity(ip=None), {"connection_creation_rate": 9.0})
    table.put(entity(ip="2001:0db8::0001"), {"connection_creation_rate": 3.0})
    assert (table.ip_limit("192.0.2.7"), table.ip_limit("2001:db8::1")) == (9.0, 3.0)


@pytest.mark.parametrize(
    "names",
    [
        {},
        {"user": ""},
        {"client-id": ""},
        {"group": "g"},
        {"": "x"},
        {"ip": "192.0.2.7", "user": "me"},
        {"ip": None, "client-id": None},
        {"ip": "192.0.2.700"},
        {"ip": "localhost"},
        {"user": "x" * 1_025},
    ],
    ids=str,
)
def test_what_is_no_entity_is_refused(names: dict[str, str | None]) -> None:
    with pytest.raises(InvalidRequest):
        build_entity(names)


@pytest.mark.parametrize("known", [*(known for known, _ in ORDER), entity(ip=None), entity(ip="2001:db8::1")])
def test_what_the_coordinator_keeps_is_read_again(known: Entity) -> None:
    assert from_text(to_text(known)) == known


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "7", "[7]", '[["user", ""]]', '[["user", 7]]', '[["ip", "x"]]']
)
def test_what_else_the_coordinator_keeps_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        from_text(text)


def test_filters_match_as_kafka_s_do() -> None:
    both, user = entity(user="me", client_id=None), entity(user="me")
    for exact, specified, strict, expected in (
        ({}, (), False, (True, True)),
        ({}, (), True, (False, False)),
        ({"user": "me"}, (), False, (True, True)),
        ({"user": "me"}, (), True, (False, True)),
        ({"user": None}, (), False, (False, False)),
        ({"client-id": None}, (), False, (True, False)),
        ({"client-id": None}, ("user",), True, (True, False)),
        ({}, ("client-id",), False, (True, False)),
        ({"ip": None}, (), False, (False, False)),
    ):
        found = tuple(matches(known, exact, specified, strict=strict) for known in (both, user))
        assert found == expected, (exact, specified, strict)


@pytest.mark.parametrize("value", [0.0, -1.0, 1.5, 1e30, 9.3e18, float("inf"), float("nan")])
def test_values_that_are_no_rates_of_bytes_are_refused(value: float) -> None:
    with pytest.raises(InvalidRequest):
        check_limit(entity(user="me"), PRODUCER_BYTE_RATE, value)


@pytest.mark.parametrize(
    ("known", "key", "value"),
    [
        (entity(user="me"), "request_percentage", 0.5),
        (entity(user="me"), "controller_mutation_rate", 0.5),
        (entity(user="me"), "consumer_byte_rate", 1.0000001),
        (entity(ip=None), "connection_creation_rate", 2.0**31 - 1),
    ],
)
def test_values_that_are_limits_are_taken(known: Entity, key: str, value: float) -> None:
    check_limit(known, key, value)


@pytest.mark.parametrize(
    ("known", "key", "value"),
    [
        (entity(user="me"), "connection_creation_rate", 5.0),
        (entity(ip=None), "producer_byte_rate", 5.0),
        (entity(ip=None), "connection_creation_rate", 0.5),
        (entity(ip=None), "connection_creation_rate", 2.0**31),
        (entity(user="me"), "request_percentage", float("nan")),
        (entity(user="me"), "SCRAM-SHA-256", 5.0),
    ],
)
def test_keys_that_an_entity_does_not_have_are_refused(known: Entity, key: str, value: float) -> None:
    with pytest.raises(InvalidRequest):
        check_limit(known, key, value)
