"""DescribeGroups, ListGroups and DeleteGroups in all their versions."""

import asyncio

import pytest

from skylog.errors import Unavailable
from skylog.model import CommittedOffset
from skylog.wire.codes import ErrorCode

from .place import DELETE, DESCRIBE, LIST, Place, until_idle


async def describe(place: Place, version: int, *group_ids: str, **changes: object) -> list[dict]:
    return (await place.ask(DESCRIBE, version, groups=list(group_ids), **changes))["groups"]


async def listing(place: Place, version: int = 5, **filters: list[str]) -> list[tuple[str, str, str, str]]:
    answer = await place.ask(LIST, version, **filters)
    assert answer["error_code"] == ErrorCode.NONE
    return [
        (each["group_id"], each["protocol_type"], each["group_state"], each["group_type"])
        for each in answer["groups"]
    ]


async def with_offsets(place: Place, group_id: str) -> None:
    topic = place.topics.by_name("t") or await place.make_topic("t")
    assert await place.room.commit_offsets(group_id, [CommittedOffset(topic.topic_id, 0, 1)]) == [None]


@pytest.mark.parametrize("version", range(7))
async def test_a_stable_group_shows_all_of_its_members(place, version):
    joined = await place.stable(group_instance_id="i")
    (group,) = await describe(place, version, "g")
    assert (group["error_code"], group["group_state"]) == (ErrorCode.NONE, "Stable")
    assert (group["protocol_type"], group["protocol_data"]) == ("consumer", "range")
    assert group["members"] == [
        {
            "member_id": joined["member_id"],
            "group_instance_id": "i" if version >= 4 else None,
            "client_id": "client",
            "client_host": "/10.0.0.1",
            "member_metadata": b"topics",
            "member_assignment": b"mine",
        }
    ]


async def test_while_it_rebalances_protocol_and_metadata_are_not_settled(place):
    joined = await place.stable()
    member_id = (await place.join())["member_id"]
    other = asyncio.create_task(place.join(member_id))
    await until_idle()
    (group,) = await describe(place, 6, "g")
    assert (group["group_state"], group["protocol_data"]) == ("PreparingRebalance", "")
    assert [each["member_metadata"] for each in group["members"]] == [b"", b""]
    await place.join(joined["member_id"])
    assert (await describe(place, 6, "g"))[0]["group_state"] == "CompletingRebalance"
    await other


@pytest.mark.parametrize("version", range(7))
async def test_a_group_that_does_not_exist_is_dead_or_not_found(place, version):
    (group,) = await describe(place, version, "nobody")
    assert (group["group_id"], group["group_state"], group["members"]) == ("nobody", "Dead", [])
    code = ErrorCode.GROUP_ID_NOT_FOUND if version >= 6 else ErrorCode.NONE
    assert group["error_code"] == code
    assert group["error_message"] == ("Group nobody not found." if version >= 6 else None)


async def test_a_group_of_offsets_only_is_empty(place):
    await with_offsets(place, "simple")
    groups = await describe(place, 6, "simple", "nobody")
    assert [each["group_state"] for each in groups] == ["Empty", "Dead"]
    assert groups[0]["protocol_type"] == ""


async def test_operations_are_told_to_who_asks(place):
    await place.stable()
    asked = await describe(place, 6, "g", "nobody", include_authorized_operations=True)
    not_asked = await describe(place, 6, "g")
    nothing = -(1 << 31)
    assert [each["authorized_operations"] for each in asked + not_asked] == [3400, nothing, nothing]


@pytest.mark.parametrize("version", range(6))
async def test_every_version_lists_groups_of_members_and_of_offsets(place, version):
    await place.stable()
    await with_offsets(place, "simple")
    states = ("Stable", "Empty") if version >= 4 else ("", "")
    kind = "classic" if version >= 5 else ""
    assert sorted(await listing(place, version)) == [
        ("g", "consumer", states[0], kind),
        ("simple", "", states[1], kind),
    ]


async def test_groups_are_listed_by_state_and_type(place):
    await place.stable()
    await place.stable(group_id="h")
    await with_offsets(place, "simple")

    async def names(**filters: list[str]) -> list[str]:
        return sorted(group_id for group_id, *_ in await listing(place, **filters))

    assert await names(states_filter=[" sTABLE"]) == ["g", "h"]
    assert await names(states_filter=["Empty", "Stable"]) == ["g", "h", "simple"]
    assert await names(states_filter=["Dead"]) == []
    assert await names(types_filter=["Classic"]) == ["g", "h", "simple"]
    assert await names(types_filter=["consumer"]) == []
    assert await names(types_filter=["consumer", "classic"], states_filter=["empty"]) == ["simple"]


@pytest.mark.parametrize("version", range(3))
async def test_every_version_deletes_and_answers_each_name_once(place, version):
    await place.stable()
    await with_offsets(place, "simple")
    answer = await place.ask(DELETE, version, groups_names=["simple", "g", "nobody", "simple"])
    assert [(each["group_id"], each["error_code"]) for each in answer["results"]] == [
        ("simple", ErrorCode.NONE),
        ("g", ErrorCode.NON_EMPTY_GROUP),
        ("nobody", ErrorCode.GROUP_ID_NOT_FOUND),
    ]
    assert await place.coordinator.fetch_offsets("simple", None) == []
    assert [group_id for group_id, *_ in await listing(place)] == ["g"]


async def test_without_an_answer_of_the_coordinator_clients_may_try_again(place):
    code = ErrorCode.COORDINATOR_NOT_AVAILABLE
    failing = ("list_groups", "find_groups", "delete_groups")
    place.faults.errors = {name: Unavailable("no answer") for name in failing}
    assert (await describe(place, 6, "nobody"))[0]["error_code"] == code
    assert await place.ask(LIST, 5) == {"throttle_time_ms": 0, "error_code": code, "groups": []}
    answer = await place.ask(DELETE, 2, groups_names=["nobody"])
    assert answer["results"] == [{"group_id": "nobody", "error_code": code}]


async def test_a_group_that_is_being_deleted_is_not_there(place):
    await with_offsets(place, "simple")
    go_on = place.faults.hold("delete_groups")
    deleting = asyncio.create_task(place.room.delete(["simple"]))
    await place.faults.begun["delete_groups"].wait()
    assert (await describe(place, 6, "simple"))[0]["error_code"] == ErrorCode.GROUP_ID_NOT_FOUND
    assert await listing(place) == [("simple", "", "Dead", "classic")]
    go_on.set()
    await deleting
    assert await listing(place) == []
