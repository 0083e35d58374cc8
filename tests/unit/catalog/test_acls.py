"""ACLs where there is no authorizer."""

from typing import Any

import pytest

from catalog.room import CREATE_ACLS, DELETE_ACLS, DESCRIBE_ACLS, Room
from skylog.wire.codes import ErrorCode

DISABLED = ErrorCode.SECURITY_DISABLED


def rule(**other: Any) -> dict[str, Any]:
    fields = {"resource_type": 2, "resource_name": "a", "resource_pattern_type": 3, "principal": "User:x"}
    return {**fields, "host": "*", "operation": 3, "permission_type": 3, **other}


def rule_filter(**other: Any) -> dict[str, Any]:
    names = dict.fromkeys(("resource_name_filter", "principal_filter", "host_filter"))
    kinds = dict.fromkeys(("resource_type_filter", "pattern_type_filter", "operation", "permission_type"), 1)
    return {**names, **kinds, **other}


@pytest.mark.parametrize("version", range(1, 4))
async def test_there_is_nothing_to_describe(room: Room, version: int) -> None:
    for asked in (rule_filter(), rule_filter(resource_type_filter=99), rule_filter(operation=-1)):
        answer = await room.ask(DESCRIBE_ACLS, version, **asked)
        assert (answer["error_code"], answer["resources"]) == (DISABLED, [])
        assert answer["error_message"]


@pytest.mark.parametrize("version", range(1, 4))
async def test_each_creation_and_each_filter_is_refused(room: Room, version: int) -> None:
    answer = await room.ask(CREATE_ACLS, version, creations=[rule(), rule(principal=""), rule(operation=99)])
    assert [row["error_code"] for row in answer["results"]] == [DISABLED] * 3
    answer = await room.ask(DELETE_ACLS, version, filters=[rule_filter(), rule_filter()])
    assert [(row["error_code"], row["matching_acls"]) for row in answer["filter_results"]] == [
        (DISABLED, [])
    ] * 2


@pytest.mark.parametrize("version", range(1, 4))
async def test_nothing_asked_is_nothing_answered(room: Room, version: int) -> None:
    assert (await room.ask(CREATE_ACLS, version, creations=[]))["results"] == []
    assert (await room.ask(DELETE_ACLS, version, filters=[]))["filter_results"] == []
