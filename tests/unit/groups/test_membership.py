"""JoinGroup, SyncGroup, Heartbeat and LeaveGroup in all their versions."""

import asyncio

import pytest

from skylog.wire.codes import ErrorCode

from .place import DESCRIBE, HEARTBEAT, LEAVE, Place, until_idle


async def answered(place: Place, request) -> dict:
    """Send what may have to wait for a rebalance without delay."""
    task = asyncio.create_task(request)
    await until_idle()
    place.time.advance(0)
    return await task


@pytest.mark.parametrize("version", range(10))
async def test_every_version_of_join_leads_into_the_group(place, version):
    joined = await place.stable(version)
    assert joined["generation_id"] == 1
    assert joined["protocol_name"] == "range"
    assert joined["leader"] == joined["member_id"]
    assert joined["member_id"].startswith("client-") or joined["member_id"].startswith("-")
    assert joined["members"][0]["metadata"] == b"topics"
    assert joined["protocol_type"] == ("consumer" if version >= 7 else None)


@pytest.mark.parametrize("version", range(10))
async def test_every_version_of_join_can_be_refused(place, version):
    refused = await place.join("m", version)
    assert refused["error_code"] == ErrorCode.UNKNOWN_MEMBER_ID
    assert refused["member_id"] == "m"
    assert (refused["generation_id"], refused["leader"], refused["members"]) == (-1, "", [])
    assert refused["protocol_name"] == ("" if version < 7 else None)


@pytest.mark.parametrize("version", range(4, 10))
async def test_an_id_comes_first_from_version_4_on(place, version):
    assert (await place.join(version=version))["error_code"] == ErrorCode.MEMBER_ID_REQUIRED


@pytest.mark.parametrize("version", range(5, 10))
async def test_static_members_are_named_after_their_instance(place, version):
    joined = await place.stable(version, group_instance_id="i")
    assert joined["member_id"].startswith("i-")
    assert joined["members"][0]["group_instance_id"] == "i"


@pytest.mark.parametrize("version", [8, 9])
async def test_a_static_leader_that_is_back_does_not_assign(place, version):
    before = await place.stable(version, group_instance_id="i")
    back = await place.join(version=version, group_instance_id="i")
    assert back["generation_id"] == 1
    assert back["skip_assignment"] is (version >= 9)
    assert back["leader"] == (back["member_id"] if version >= 9 else before["member_id"])
    assert (await place.sync(back))["assignment"] == b"mine"


async def test_member_ids_are_never_the_same(place):
    ids = {(await place.join())["member_id"] for _ in range(20)}
    assert len(ids) == 20


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"group_id": ""}, ErrorCode.INVALID_GROUP_ID),
        ({"session_timeout_ms": 5_999}, ErrorCode.INVALID_SESSION_TIMEOUT),
        ({"session_timeout_ms": 1_800_001}, ErrorCode.INVALID_SESSION_TIMEOUT),
        ({"session_timeout_ms": -1}, ErrorCode.INVALID_SESSION_TIMEOUT),
        ({"protocols": []}, ErrorCode.INCONSISTENT_GROUP_PROTOCOL),
        ({"protocol_type": ""}, ErrorCode.INCONSISTENT_GROUP_PROTOCOL),
    ],
)
async def test_a_join_that_makes_no_sense_is_refused(place, changes, error):
    assert (await place.join(**changes))["error_code"] == error
    assert repr(place.room).startswith("<GroupRoom 0 groups")


async def test_version_0_rebalances_within_the_session(place):
    joined = await place.stable(0)
    other = asyncio.create_task(place.join(version=0))
    await until_idle()
    place.time.advance(9_000)
    assert await place.heartbeat(joined, 0) is ErrorCode.REBALANCE_IN_PROGRESS
    place.time.advance(1_000)
    assert [each["member_id"] for each in (await other)["members"]] == [(await other)["member_id"]]


async def test_a_negative_rebalance_timeout_means_none(place):
    member_id = (await place.join())["member_id"]
    joined = await answered(place, place.join(member_id, rebalance_timeout_ms=-(1 << 31)))
    assert joined["error_code"] == ErrorCode.NONE


async def test_of_a_protocol_named_twice_the_first_counts(place):
    twice = [{"name": "range", "metadata": b"1"}, {"name": "range", "metadata": b"2"}]
    joined = await place.stable(protocols=twice)
    assert joined["members"][0]["metadata"] == b"1"


@pytest.mark.parametrize("version", range(6))
async def test_every_version_of_sync_brings_the_assignment(place, version):
    joined = await place.stable()
    answer = await place.sync(joined, version=version)
    assert (answer["error_code"], answer["assignment"]) == (ErrorCode.NONE, b"mine")
    expected = ("consumer", "range") if version >= 5 else (None, None)
    assert (answer["protocol_type"], answer["protocol_name"]) == expected


@pytest.mark.parametrize("changes", [{"protocol_type": None}, {"protocol_name": None}])
async def test_version_5_of_sync_has_to_name_the_protocol(place, changes):
    joined = await place.stable()
    answer = await place.sync(joined, **changes)
    assert answer["error_code"] == ErrorCode.INCONSISTENT_GROUP_PROTOCOL


@pytest.mark.parametrize("version", range(6))
async def test_every_version_of_sync_can_be_refused(place, version):
    nobody = {"generation_id": 1, "member_id": "m"}
    assert (await place.sync(nobody, version=version))["error_code"] == ErrorCode.UNKNOWN_MEMBER_ID
    unnamed = await place.sync(nobody, version=version, group_id="")
    assert unnamed["error_code"] == ErrorCode.INVALID_GROUP_ID


@pytest.mark.parametrize("version", range(5))
async def test_every_version_of_heartbeat(place, version):
    joined = await place.stable()
    assert await place.heartbeat(joined, version) is ErrorCode.NONE
    assert await place.heartbeat({**joined, "generation_id": 9}, version) is ErrorCode.ILLEGAL_GENERATION
    assert await place.heartbeat({**joined, "member_id": "m"}, version) is ErrorCode.UNKNOWN_MEMBER_ID
    assert await place.heartbeat(joined, version, group_id="") is ErrorCode.INVALID_GROUP_ID


async def test_a_fenced_process_learns_it_from_its_heartbeat(place):
    before = await place.stable(group_instance_id="i")
    await place.join(group_instance_id="i")
    answer = await place.ask(
        HEARTBEAT,
        4,
        group_id="g",
        generation_id=1,
        member_id=before["member_id"],
        group_instance_id="i",
    )
    assert answer["error_code"] == ErrorCode.FENCED_INSTANCE_ID


@pytest.mark.parametrize("version", range(3))
async def test_a_member_leaves_by_itself(place, version):
    joined = await place.stable()
    leaving = {"group_id": "g", "member_id": joined["member_id"]}
    assert (await place.ask(LEAVE, version, **leaving))["error_code"] == ErrorCode.NONE
    assert (await place.ask(LEAVE, version, **leaving))["error_code"] == ErrorCode.UNKNOWN_MEMBER_ID
    unnamed = await place.ask(LEAVE, version, **(leaving | {"group_id": ""}))
    assert unnamed["error_code"] == ErrorCode.INVALID_GROUP_ID


@pytest.mark.parametrize("version", range(3, 6))
async def test_members_leave_together_and_each_has_an_outcome(place, version):
    joined = await place.stable(group_instance_id="i")
    members = [
        {"member_id": "stranger"},
        {"member_id": "", "group_instance_id": "nobody"},
        {"member_id": "", "group_instance_id": "i"},
        {"member_id": joined["member_id"], "group_instance_id": "i"},
    ]
    answer = await place.ask(LEAVE, version, group_id="g", members=members)
    assert answer["error_code"] == ErrorCode.NONE
    assert [
        (each["member_id"], each["group_instance_id"], each["error_code"]) for each in answer["members"]
    ] == [
        ("stranger", None, ErrorCode.UNKNOWN_MEMBER_ID),
        ("", "nobody", ErrorCode.UNKNOWN_MEMBER_ID),
        ("", "i", ErrorCode.NONE),
        (joined["member_id"], "i", ErrorCode.UNKNOWN_MEMBER_ID),
    ]


@pytest.mark.parametrize("version", range(3, 6))
async def test_nobody_leaves_a_group_that_is_not_there(place, version):
    answer = await place.ask(LEAVE, version, group_id="g", members=[{"member_id": "m"}])
    assert (answer["error_code"], len(answer["members"])) == (ErrorCode.NONE, 1)
    assert answer["members"][0]["error_code"] == ErrorCode.UNKNOWN_MEMBER_ID
    unnamed = await place.ask(LEAVE, version, group_id="", members=[{"member_id": "m"}])
    assert (unnamed["error_code"], unnamed["members"]) == (ErrorCode.INVALID_GROUP_ID, [])
    empty = await place.ask(LEAVE, version, group_id="g", members=[])
    assert (empty["error_code"], empty["members"]) == (ErrorCode.NONE, [])


async def test_a_long_reason_is_not_kept(place, caplog):
    caplog.set_level("INFO", logger="skylog.groups")
    joined = await place.stable()
    await place.join(joined["member_id"], reason="x" * 100_000)
    assert "xxx" in caplog.text
    assert "x" * 256 not in caplog.text


async def test_metadata_does_not_keep_the_frame(place):
    await place.stable()
    described = await place.ask(DESCRIBE, 6, groups=["g"])
    assert described["groups"][0]["members"][0]["member_metadata"] == b"topics"
    (group,) = place.room.present()
    (member,) = group.roster.members.values()
    assert type(member.protocols["range"]) is bytes
    assert type(member.assignment) is bytes
