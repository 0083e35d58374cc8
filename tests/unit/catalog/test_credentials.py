"""Credentials of users where there is no SASL."""

from typing import Any

import pytest

from catalog.room import DESCRIBE_USER_SCRAM_CREDENTIALS, Room
from skylog.errors import InvalidRequest
from skylog.wire.codes import ErrorCode


async def describe(room: Room, *names: str) -> Any:
    return await room.ask(DESCRIBE_USER_SCRAM_CREDENTIALS, 0, users=[{"name": name} for name in names])


async def test_no_user_has_any(room: Room) -> None:
    for users in (None, []):
        answer = await room.ask(DESCRIBE_USER_SCRAM_CREDENTIALS, 0, users=users)
        assert (answer["error_code"], answer["results"]) == (ErrorCode.NONE, [])


async def test_each_user_is_answered_once(room: Room) -> None:
    answer = await describe(room, "b", "a", "b", "")
    assert answer["error_code"] == ErrorCode.NONE
    assert [(row["user"], row["error_code"], row["credential_infos"]) for row in answer["results"]] == [
        ("b", ErrorCode.DUPLICATE_RESOURCE, []),
        ("a", ErrorCode.RESOURCE_NOT_FOUND, []),
        ("", ErrorCode.RESOURCE_NOT_FOUND, []),
    ]


async def test_a_long_name_is_not_repeated_in_the_message(room: Room) -> None:
    (row,) = (await describe(room, "n" * 5_000))["results"]
    assert (len(row["user"]), len(row["error_message"]) < 500) == (5_000, True)


async def test_too_many_users_close_the_connection(room: Room) -> None:
    with pytest.raises(InvalidRequest):
        await describe(room, *map(str, range(200_000)))
