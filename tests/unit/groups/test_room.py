"""The room: waiting, time and storage around the groups."""

import asyncio

import pytest

from skylog.config import GroupsConfig
from skylog.errors import Unavailable
from skylog.groups.handlers import handlers
from skylog.groups.room import GroupRoom
from skylog.model import GroupRecord
from skylog.wire.codes import ErrorCode

from .place import DELETE, LEAVE, CountedEntropy, Directory, Place, VirtualTime, until_idle


async def leave(place: Place, joined: dict) -> None:
    answer = await place.ask(LEAVE, 5, group_id="g", members=[{"member_id": joined["member_id"]}])
    assert answer["members"][0]["error_code"] == ErrorCode.NONE


async def delete(place: Place, group_id: str = "g") -> ErrorCode:
    answer = await place.ask(DELETE, 2, groups_names=[group_id])
    return ErrorCode(answer["results"][0]["error_code"])


async def test_members_wait_for_each_other(place):
    joined = await place.stable()
    member_id = (await place.join())["member_id"]
    other = asyncio.create_task(place.join(member_id))
    await until_idle()
    assert not other.done()
    assert await place.heartbeat(joined) is ErrorCode.REBALANCE_IN_PROGRESS
    again = await place.join(joined["member_id"])
    follower = await other
    assert (again["generation_id"], follower["generation_id"]) == (2, 2)
    waiting = asyncio.create_task(place.sync(follower))
    await until_idle()
    assert not waiting.done()
    await place.sync(again, {member_id: b"theirs"})
    assert (await waiting)["assignment"] == b"theirs"


async def test_a_session_ends_by_the_clock(place):
    joined = await place.stable()
    place.time.advance(9_999)
    assert await place.heartbeat(joined) is ErrorCode.NONE
    place.time.advance(10_000)
    assert await place.heartbeat(joined) is ErrorCode.UNKNOWN_MEMBER_ID


async def test_heartbeats_set_no_alarms(place):
    joined = await place.stable()
    place.time.advance(1_000)
    before = place.time.set_alarms
    for _ in range(100):
        assert await place.heartbeat(joined) is ErrorCode.NONE
    assert place.time.set_alarms == before


async def test_an_empty_group_leaves_nothing_in_memory_but_its_record(place, coordinator):
    joined = await place.stable()
    await leave(place, joined)
    await place.room.close()
    assert repr(place.room) == "<GroupRoom 0 groups, 0 waiting, 0 saving>"
    assert place.time.alarms == 0
    assert await coordinator.list_groups() == [GroupRecord("g", "consumer", 2)]


async def test_an_id_that_nobody_used_leaves_nothing_at_all(place, coordinator):
    await place.join()
    place.time.advance(10_000)
    assert repr(place.room) == "<GroupRoom 0 groups, 0 waiting, 0 saving>"
    assert await coordinator.list_groups() == []


async def test_requests_to_groups_that_do_not_exist_make_none(place):
    nobody = {"generation_id": 0, "member_id": "m"}
    assert await place.heartbeat(nobody) is ErrorCode.UNKNOWN_MEMBER_ID
    assert (await place.join("m"))["error_code"] == ErrorCode.UNKNOWN_MEMBER_ID
    assert (await place.sync(nobody))["error_code"] == ErrorCode.UNKNOWN_MEMBER_ID
    assert repr(place.room).startswith("<GroupRoom 0 groups")


async def test_after_a_restart_members_are_unknown_and_generations_go_on(place, coordinator):
    joined = await place.stable()
    await place.room.close()
    restarted = Place(coordinator, GroupsConfig(initial_rebalance_delay_ms=0))
    await restarted.room.open()
    assert await restarted.heartbeat(joined) is ErrorCode.UNKNOWN_MEMBER_ID
    assert (await restarted.join(joined["member_id"]))["error_code"] == ErrorCode.UNKNOWN_MEMBER_ID
    assert (await restarted.stable())["generation_id"] == joined["generation_id"] + 1
    await restarted.room.close()


async def test_generations_go_on_after_the_group_was_empty(place):
    await leave(place, await place.stable())
    assert (await place.stable())["generation_id"] == 3


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unavailable("no answer"), ErrorCode.COORDINATOR_NOT_AVAILABLE),
        (RuntimeError("a fault"), ErrorCode.UNKNOWN_SERVER_ERROR),
    ],
)
async def test_if_the_generation_cannot_be_stored_members_are_told_and_may_try_again(place, error, code):
    joined = await place.stable()
    rejoined = await place.join(joined["member_id"])
    place.faults.errors["save_group"] = error
    assert (await place.sync(rejoined))["error_code"] == code
    place.faults.errors.clear()
    third = await place.join(joined["member_id"])
    assert third["generation_id"] == 3
    assert (await place.sync(third))["error_code"] == ErrorCode.NONE


async def test_records_of_a_group_are_stored_in_order(place, coordinator):
    joined = await place.stable()
    go_on = place.faults.hold("save_group")
    rejoined = await place.join(joined["member_id"])
    syncing = asyncio.create_task(place.sync(rejoined))
    await until_idle()
    await leave(place, joined)
    assert (await syncing)["error_code"] == ErrorCode.UNKNOWN_MEMBER_ID
    await until_idle()
    assert place.faults.calls.count("save_group") == 2, "the third waits for the second"
    go_on.set()
    await place.room.close()
    assert await coordinator.list_groups() == [GroupRecord("g", "consumer", 3)]


async def test_a_client_that_gives_up_waiting_does_not_disturb_the_others(place):
    joined = await place.stable()
    member_id = (await place.join())["member_id"]
    other = asyncio.create_task(place.join(member_id))
    await until_idle()
    other.cancel()
    with pytest.raises(asyncio.CancelledError):
        await other
    assert repr(place.room) == "<GroupRoom 1 groups, 0 waiting, 0 saving>"
    assert (await place.join(joined["member_id"]))["generation_id"] == 2


async def test_who_waits_when_the_room_closes_is_sent_elsewhere(place):
    joined = await place.stable()
    member_id = (await place.join())["member_id"]
    other = asyncio.create_task(place.join(member_id))
    await until_idle()
    await place.room.close()
    assert (await other)["error_code"] == ErrorCode.NOT_COORDINATOR
    assert await place.heartbeat(joined) is ErrorCode.UNKNOWN_MEMBER_ID
    assert place.time.alarms == 0


async def test_without_virtual_time_the_loop_wakes_the_room(coordinator):
    rules = GroupsConfig(initial_rebalance_delay_ms=0)
    place = Place(coordinator, rules)
    place.room = GroupRoom(rules, coordinator, Directory(), VirtualTime(), CountedEntropy())
    place.handlers = handlers(place.room)
    member_id = (await place.join())["member_id"]
    assert (await place.join(member_id))["error_code"] == ErrorCode.NONE
    await place.room.close()


class TestDeletion:
    async def test_only_groups_without_members_are_deleted(self, place, coordinator):
        joined = await place.stable()
        assert await delete(place) is ErrorCode.NON_EMPTY_GROUP
        assert await place.heartbeat(joined) is ErrorCode.NONE
        await leave(place, joined)
        assert await delete(place) is ErrorCode.NONE
        assert await coordinator.list_groups() == []
        assert await delete(place) is ErrorCode.GROUP_ID_NOT_FOUND

    async def test_a_deleted_group_begins_anew(self, place):
        await leave(place, await place.stable())
        await delete(place)
        assert (await place.stable())["generation_id"] == 1

    async def test_a_group_that_only_lives_in_memory_is_deleted_too(self, place):
        member_id = (await place.join())["member_id"]
        assert await delete(place) is ErrorCode.NONE
        assert (await place.join(member_id))["error_code"] == ErrorCode.UNKNOWN_MEMBER_ID

    async def test_meanwhile_nobody_gets_in(self, place):
        await leave(place, await place.stable())
        go_on = place.faults.hold("delete_groups")
        deleting = asyncio.create_task(delete(place))
        await place.faults.begun["delete_groups"].wait()
        assert (await place.join())["error_code"] == ErrorCode.COORDINATOR_NOT_AVAILABLE
        assert await delete(place) is ErrorCode.GROUP_ID_NOT_FOUND
        go_on.set()
        assert await deleting is ErrorCode.NONE
        assert (await place.join())["error_code"] == ErrorCode.MEMBER_ID_REQUIRED

    async def test_it_comes_after_what_is_being_stored(self, place, coordinator):
        joined = await place.stable()
        go_on = place.faults.hold("save_group")
        await leave(place, joined)
        deleting = asyncio.create_task(delete(place))
        await until_idle()
        assert "delete_groups" not in place.faults.calls
        go_on.set()
        assert await deleting is ErrorCode.NONE
        assert await coordinator.list_groups() == []

    async def test_if_it_fails_the_group_is_as_before(self, place):
        await leave(place, await place.stable())
        place.faults.errors["delete_groups"] = Unavailable("no answer")
        assert await delete(place) is ErrorCode.COORDINATOR_NOT_AVAILABLE
        assert (await place.stable())["generation_id"] == 3
