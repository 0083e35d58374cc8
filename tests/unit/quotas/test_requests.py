"""DescribeClientQuotas and AlterClientQuotas over a real coordinator. The codes are Apache Kafka 4.3's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest

from skylog.clock import SystemClock
from skylog.coordinator.base import Coordinator
from skylog.coordinator.open import open_coordinator
from skylog.errors import InvalidRequest, Unavailable
from skylog.model import ConfigChange
from skylog.quotas import room as room_module
from skylog.quotas.handlers import handlers
from skylog.quotas.room import KIND, QuotaRoom
from skylog.quotas.table import QuotaTable
from skylog.wire.exchange import Body, Request

from .stepped import entity

DESCRIBE, ALTER = 48, 49
OK, TIMED_OUT, UNSUPPORTED, INVALID, POLICY = 0, 7, 35, 42, 44
EXACT, DEFAULT, SPECIFIED = 0, 1, 2

Names = Sequence[tuple[str, str | None]]


class FailingCoordinator:
    """A real one that can be silent, having done what it was asked or not."""

    def __init__(self, inner: Coordinator) -> None:
        self._inner = inner
        self.is_silent = False
        self.does_it = False
        self.loads = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def alter_configs(self, changes: Sequence[ConfigChange]) -> Any:
        if not self.is_silent or self.does_it:
            outcome = await self._inner.alter_configs(changes)
        if self.is_silent:
            raise Unavailable("no answer")
        return outcome

    async def load_configs(self, kind: str) -> dict[str, dict[str, str]]:
        self.loads += 1
        if self.is_silent and not self.does_it:
            raise Unavailable("no answer")
        return await self._inner.load_configs(kind)


class Desk:
    """A room and who asks it."""

    def __init__(self, coordinator: Coordinator) -> None:
        self.coordinator = FailingCoordinator(coordinator)
        self.room = QuotaRoom(self.coordinator, QuotaTable())  # type: ignore[arg-type]
        self._handlers = handlers(self.room)

    async def _ask(self, key: int, body: Body) -> Body:
        return await self._handlers[key](Request(key, 1, body, "admin", "192.0.2.7"))

    async def alter(
        self, *entries: tuple[Names, Mapping[str, float | None]], validate_only: bool = False
    ) -> list[int]:
        """Return the code of each row."""
        return [row["error_code"] for row in await self.rows(*entries, validate_only=validate_only)]

    async def rows(
        self,
        *entries: tuple[Names, Mapping[str, float | None] | Sequence[tuple[str, float]]],
        validate_only: bool = False,
    ) -> list[Body]:
        asked = [
            {
                "entity": [{"entity_type": kind, "entity_name": name} for kind, name in names],
                "ops": [
                    {"key": key, "value": value or 0.0, "remove": value is None}
                    for key, value in (limits.items() if isinstance(limits, Mapping) else limits)
                ],
            }
            for names, limits in entries
        ]
        body = await self._ask(ALTER, {"entries": asked, "validate_only": validate_only})
        return list(body["entries"])

    async def describe(self, *components: tuple[str, int, str | None], strict: bool = False) -> Any:
        """Return limits by entity, or the code of an error."""
        asked = [{"entity_type": kind, "match_type": how, "match": match} for kind, how, match in components]
        body = await self._ask(DESCRIBE, {"components": asked, "strict": strict})
        if body["error_code"]:
            assert body["entries"] is None
            return int(body["error_code"])
        return {
            tuple((part["entity_type"], part["entity_name"]) for part in entry["entity"]): {
                found["key"]: found["value"] for found in entry["values"]
            }
            for entry in body["entries"]
        }

    async def reopened(self) -> Desk:
        """Return a desk that knows only what the coordinator does."""
        desk = Desk(self.coordinator._inner)
        await desk.room.load()
        return desk


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    coordinator = open_coordinator("sqlite::memory:", SystemClock())
    await coordinator.open()
    desk = Desk(coordinator)
    await desk.room.load()
    yield desk
    await coordinator.close()


ME, APP = [("user", "me")], [("client-id", "app")]
RATE = {"producer_byte_rate": 1000.0}


async def test_limits_are_shown_and_outlive_the_broker(desk: Desk) -> None:
    odd = 'a b/c<default>&%ä\n"'
    assert (
        await desk.alter(
            (ME, {"producer_byte_rate": 1000.0, "request_percentage": 0.1}),
            ([("client-id", None), ("user", odd)], RATE),
            ([("ip", "192.0.2.7")], {"connection_creation_rate": 5.0}),
        )
        == [OK] * 3
    )
    expected = {
        entity(user="me"): {"producer_byte_rate": 1000.0, "request_percentage": 0.1},
        entity(user=odd, client_id=None): RATE,
        entity(ip="192.0.2.7"): {"connection_creation_rate": 5.0},
    }
    assert await desk.describe() == expected
    assert await (await desk.reopened()).describe() == expected


async def test_limits_change_key_by_key_and_an_entity_without_any_is_gone(desk: Desk) -> None:
    await desk.alter((ME, {"producer_byte_rate": 1000.0, "consumer_byte_rate": 1.0}))
    await desk.alter((ME, {"producer_byte_rate": 7.0, "consumer_byte_rate": None}))
    assert await desk.describe() == {entity(user="me"): {"producer_byte_rate": 7.0}}
    assert await desk.alter((ME, {"producer_byte_rate": None}), (APP, {"no.such.key": None})) == [OK, OK]
    assert await desk.describe() == {}
    assert await (await desk.reopened()).describe() == {}


async def test_a_bad_entity_spoils_no_other_and_keeps_none_of_its_own(desk: Desk) -> None:
    codes = await desk.alter((ME, {"producer_byte_rate": 5.0, "nope": 1.0}), (APP, RATE))
    assert codes == [INVALID, OK]
    assert await desk.describe() == {entity(client_id="app"): RATE}


async def test_what_is_only_validated_is_not_kept(desk: Desk) -> None:
    codes = await desk.alter((ME, RATE), (APP, {"nope": 1.0}), validate_only=True)
    assert codes == [OK, INVALID]
    assert await desk.describe() == {}


async def test_an_entity_or_a_key_that_stands_twice_gets_one_answer_an_error(desk: Desk) -> None:
    twice = [("user", "me"), ("client-id", "app")]
    rows = await desk.rows(
        (twice, RATE), (twice[::-1], {"consumer_byte_rate": 1.0}), (ME, [("producer_byte_rate", 1.0)] * 2)
    )
    assert [row["error_code"] for row in rows] == [INVALID, INVALID]
    assert await desk.describe() == {}


async def test_of_two_names_of_one_type_the_last_one_holds(desk: Desk) -> None:
    (row,) = await desk.rows(([("user", "x"), ("user", "y")], RATE))
    assert (row["error_code"], row["entity"]) == (OK, [{"entity_type": "user", "entity_name": "y"}])
    assert await desk.describe() == {entity(user="y"): RATE}


async def test_an_answer_names_the_entity_as_it_was_asked_for(desk: Desk) -> None:
    (row,) = await desk.rows(([("ip", "2001:0DB8::1")], {"connection_creation_rate": 5.0}))
    assert row["entity"] == [{"entity_type": "ip", "entity_name": "2001:0DB8::1"}]
    assert await desk.describe(("ip", SPECIFIED, None)) == {
        entity(ip="2001:db8::1"): {"connection_creation_rate": 5.0}
    }


async def test_filters_choose_entities(desk: Desk) -> None:
    await desk.alter((ME, RATE), (APP, RATE), ([*ME, *APP], RATE), ([("user", None)], RATE))
    only_me, both, default = entity(user="me"), entity(user="me", client_id="app"), entity(user=None)
    for components, strict, expected in (
        ([("user", EXACT, "me")], False, {only_me, both}),
        ([("user", EXACT, "me")], True, {only_me}),
        ([("user", DEFAULT, None)], True, {default}),
        ([("user", SPECIFIED, None)], True, {only_me, default}),
        ([("user", SPECIFIED, None), ("client-id", EXACT, "app")], True, {both}),
        ([("user", EXACT, "")], False, set()),
        ([], True, set()),
    ):
        assert set(await desk.describe(*components, strict=strict)) == expected, (components, strict)


@pytest.mark.parametrize(
    ("components", "code"),
    [
        ([("", SPECIFIED, None)], INVALID),
        ([("group", 9, None)], UNSUPPORTED),
        ([("user", SPECIFIED, None), ("user", EXACT, "me")], INVALID),
        ([("user", 3, None)], INVALID),
        ([("user", -1, None)], INVALID),
        ([("user", EXACT, None)], INVALID),
        ([("user", DEFAULT, "me")], INVALID),
        ([("user", SPECIFIED, "")], INVALID),
        ([("ip", SPECIFIED, None), ("user", SPECIFIED, None)], INVALID),
        ([("client-id", DEFAULT, None), ("ip", EXACT, "192.0.2.7")], INVALID),
    ],
    ids=str,
)
async def test_filters_that_make_no_sense_are_refused(desk: Desk, components: Any, code: int) -> None:
    assert await desk.describe(*components) == code


async def test_a_change_without_an_answer_that_was_made_is_told_and_shown(desk: Desk) -> None:
    desk.coordinator.is_silent = desk.coordinator.does_it = True
    assert await desk.alter((ME, RATE)) == [OK]
    assert await desk.describe() == {entity(user="me"): RATE}


async def test_a_change_without_an_answer_that_was_not_made_is_not_shown(desk: Desk) -> None:
    desk.coordinator.is_silent = True
    assert await desk.alter((ME, RATE)) == [TIMED_OUT]
    assert await desk.describe() == TIMED_OUT, "nobody knows yet"
    desk.coordinator.is_silent = False
    assert await desk.describe() == {}
    assert await desk.alter((ME, RATE)) == [OK]
    loads = desk.coordinator.loads
    await desk.describe()
    assert desk.coordinator.loads == loads, "memory is enough once all is known"


async def test_a_change_that_was_made_after_all_is_found_by_the_next_request(desk: Desk) -> None:
    desk.coordinator.is_silent = True
    assert await desk.alter((APP, RATE)) == [TIMED_OUT]
    await desk.coordinator._inner.alter_configs(
        [ConfigChange(KIND, '[["user", "me"]]', {"producer_byte_rate": "1"})]
    )
    desk.coordinator.is_silent = False
    assert await desk.describe() == {entity(user="me"): {"producer_byte_rate": 1.0}}


async def test_stored_limits_of_another_version_do_not_keep_the_broker_from_starting(desk: Desk) -> None:
    stored = {
        '[["user", "me"]]': {"producer_byte_rate": "1000", "new_rate": "7"},
        '[["galaxy", "m31"]]': {"producer_byte_rate": "1"},
        '[["user", "you"]]': {"producer_byte_rate": "much"},
        "?": {"producer_byte_rate": "1"},
    }
    await desk.coordinator.alter_configs(
        [ConfigChange(KIND, name, values) for name, values in stored.items()]
    )
    assert await (await desk.reopened()).describe() == {entity(user="me"): {"producer_byte_rate": 1000.0}}


async def test_entities_are_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room_module, "ENTITIES_MAX", 3)
    users = [([("user", f"u{number}")], RATE) for number in range(5)]
    assert await desk.alter(*users) == [OK, OK, OK, POLICY, POLICY]
    assert await desk.alter(users[0], users[4]) == [OK, POLICY]
    assert len(await desk.describe()) == 3


async def test_a_request_of_too_many_entries_closes_its_connection(desk: Desk) -> None:
    with pytest.raises(InvalidRequest):
        await desk.alter(*[(ME, RATE)] * 10_001)
