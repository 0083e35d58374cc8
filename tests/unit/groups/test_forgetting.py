"""OffsetDelete, judged as Apache Kafka 4.3 judges it."""

import asyncio
import struct

import pytest

from skylog.errors import Unavailable
from skylog.model import CommittedOffset
from skylog.wire.codes import ErrorCode

from .place import DELETE, LEAVE, Place, until_idle

OFFSET_DELETE = 47
SUBSCRIBED, UNKNOWN = ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


def subscription(*topics: str, version: int = 0, rest: bytes = b"") -> bytes:
    names = b"".join(struct.pack(">h", len(topic)) + topic.encode() for topic in topics)
    return struct.pack(">hi", version, len(topics)) + names + struct.pack(">i", -1) + rest


@pytest.fixture
async def stored(place: Place) -> Place:
    """A group with offsets in two partitions of `read` and one of `left`."""
    read, left = await place.make_topic("read", 2), await place.make_topic("left")
    offsets = [CommittedOffset(read.topic_id, index, 5) for index in (0, 1)]
    await place.room.commit_offsets("g", [*offsets, CommittedOffset(left.topic_id, 0, 6)])
    return place


async def delete(place: Place, group_id: str = "g", **partitions: list[int]) -> dict:
    topics = [
        {"name": name, "partitions": [{"partition_index": index} for index in indexes]}
        for name, indexes in partitions.items()
    ]
    answer = await place.ask(OFFSET_DELETE, 0, group_id=group_id, topics=topics)
    codes = {
        topic["name"]: [(each["partition_index"], each["error_code"]) for each in topic["partitions"]]
        for topic in answer["topics"]
    }
    return {"error": answer["error_code"], **codes}


async def kept(place: Place) -> list[tuple[str, int]]:
    offsets = await place.coordinator.fetch_offsets("g", None)
    names = {topic.topic_id: topic.name for topic in place.topics.all()}
    return [(names[offset.topic_id], offset.partition) for offset in offsets if offset is not None]


async def member(place: Place, metadata: bytes, protocol_type: str = "consumer") -> dict:
    protocols = [{"name": "range", "metadata": metadata}]
    member_id = (await place.join(protocols=protocols, protocol_type=protocol_type))["member_id"]
    joining = asyncio.create_task(place.join(member_id, protocols=protocols, protocol_type=protocol_type))
    await until_idle()
    place.time.advance(0)
    return await joining


async def leave(place: Place, joined: dict) -> None:
    await place.ask(LEAVE, 2, group_id="g", member_id=joined["member_id"])
    await until_idle()


async def test_offsets_of_a_group_without_members_are_forgotten(stored: Place) -> None:
    assert await delete(stored, read=[1, 1, 0]) == {"error": 0, "read": [(1, 0), (1, 0), (0, 0)]}
    assert await kept(stored) == [("left", 0)]
    assert await delete(stored, read=[0]) == {"error": 0, "read": [(0, 0)]}


async def test_partitions_that_are_not_there_do_not_spoil_the_others(stored: Place) -> None:
    codes = await delete(stored, read=[0, 2, -1], nobody=[0])
    assert codes == {"error": 0, "read": [(0, 0), (2, UNKNOWN), (-1, UNKNOWN)], "nobody": [(0, UNKNOWN)]}
    assert await kept(stored) == [("left", 0), ("read", 1)]


async def test_a_group_that_is_not_there_is_the_whole_answer(stored: Place) -> None:
    for partitions in ({}, {"read": [0]}, {"nobody": [0]}):
        assert await delete(stored, "other", **partitions) == {"error": ErrorCode.GROUP_ID_NOT_FOUND}
        assert await delete(stored, "", **partitions) == {"error": ErrorCode.INVALID_GROUP_ID}


async def test_what_a_live_member_reads_is_kept(stored: Place) -> None:
    joined = await member(stored, subscription("read"))
    for _ in range(2):
        codes = await delete(stored, read=[0, 9], left=[0])
        assert codes == {"error": 0, "read": [(0, SUBSCRIBED), (9, UNKNOWN)], "left": [(0, 0)]}
        await stored.sync(joined, {joined["member_id"]: b""})
    assert await kept(stored) == [("read", 0), ("read", 1)]
    await leave(stored, joined)
    assert await delete(stored, read=[0]) == {"error": 0, "read": [(0, 0)]}
    assert await kept(stored) == [("read", 1)]


@pytest.mark.parametrize(
    "metadata",
    [
        subscription("read", version=3, rest=struct.pack(">iih", 0, -1, -1)),
        subscription("read", version=9, rest=b"later"),
        subscription("read", version=-1),
        subscription("read", version=1),
    ],
)
async def test_topics_are_found_in_metadata_of_any_version(stored: Place, metadata: bytes) -> None:
    await member(stored, metadata)
    codes = await delete(stored, read=[0], left=[0])
    assert codes == {"error": 0, "read": [(0, SUBSCRIBED)], "left": [(0, 0)]}


@pytest.mark.parametrize(
    "metadata",
    [b"", b"\xff", subscription("read")[:-4], struct.pack(">hi", 0, -1), struct.pack(">hi", 0, 2**31 - 1)],
)
async def test_metadata_that_cannot_be_read_may_mean_any_topic(stored: Place, metadata: bytes) -> None:
    await member(stored, metadata)
    codes = await delete(stored, read=[0], left=[0])
    assert codes == {"error": 0, "read": [(0, SUBSCRIBED)], "left": [(0, SUBSCRIBED)]}
    assert len(await kept(stored)) == 3


async def test_members_that_are_no_consumers_keep_all(stored: Place) -> None:
    joined = await member(stored, subscription("read"), "connect")
    assert await delete(stored, left=[0]) == {"error": ErrorCode.NON_EMPTY_GROUP}
    await leave(stored, joined)
    assert await delete(stored, left=[0]) == {"error": 0, "left": [(0, 0)]}


async def test_who_is_about_to_join_has_no_say_yet(stored: Place) -> None:
    await member(stored, subscription("read"))
    protocols = [{"name": "range", "metadata": subscription("left")}]
    member_id = (await stored.join(protocols=protocols))["member_id"]
    joining = asyncio.create_task(stored.join(member_id, protocols=protocols))
    await until_idle()
    codes = await delete(stored, read=[0], left=[0])
    assert codes == {"error": 0, "read": [(0, SUBSCRIBED)], "left": [(0, 0)]}
    joining.cancel()


async def test_an_id_that_was_given_out_is_no_member(stored: Place) -> None:
    assert (await stored.join())["error_code"] == ErrorCode.MEMBER_ID_REQUIRED
    assert await delete(stored, read=[0]) == {"error": 0, "read": [(0, 0)]}


async def test_before_the_first_generation_nothing_is_known(stored: Place) -> None:
    member_id = (await stored.join())["member_id"]
    joining = asyncio.create_task(stored.join(member_id))
    await until_idle()
    assert await delete(stored, read=[0]) == {"error": 0, "read": [(0, SUBSCRIBED)]}
    joining.cancel()


async def test_a_group_that_is_being_deleted_is_gone(stored: Place) -> None:
    hold = stored.faults.hold("delete_groups")
    deleting = asyncio.create_task(stored.ask(DELETE, 2, groups_names=["g"]))
    await stored.faults.begun["delete_groups"].wait()
    assert await delete(stored, read=[0]) == {"error": ErrorCode.GROUP_ID_NOT_FOUND}
    hold.set()
    await deleting


async def test_a_coordinator_that_fails_is_the_whole_answer(stored: Place) -> None:
    stored.faults.errors["delete_offsets"] = Unavailable("no answer")
    assert await delete(stored, read=[0]) == {"error": ErrorCode.COORDINATOR_NOT_AVAILABLE}
    assert len(await kept(stored)) == 3
