"""OffsetCommit and OffsetFetch in all their versions."""

import asyncio
from typing import Any

import pytest

from skylog.errors import Unavailable
from skylog.model import NO_TOPIC_ID, CommittedOffset, Topic
from skylog.wire.codes import ErrorCode

from .place import OFFSET_COMMIT, OFFSET_FETCH, Place, until_idle

COMMITS, FETCHES = range(2, 11), range(1, 11)
STRANGE_ID = b"?" * 16


@pytest.fixture
async def topic(place: Place) -> Topic:
    return await place.make_topic("t", partitions=3)


def named(topic: Topic | None, version: int) -> dict[str, Any]:
    if version >= 10:
        return {"topic_id": STRANGE_ID if topic is None else topic.topic_id}
    return {"name": "unknown" if topic is None else topic.name}


def offset(partition: int, value: int, metadata: str | None = "") -> dict[str, Any]:
    return {"partition_index": partition, "committed_offset": value, "committed_metadata": metadata}


async def commit(
    place: Place, version: int, topics: list[tuple[Topic | None, list[dict[str, Any]]]], **changes: Any
) -> list[list[ErrorCode]]:
    body = {"group_id": "g", "generation_id_or_member_epoch": -1, "member_id": ""} | changes
    body["topics"] = [{**named(topic, version), "partitions": offsets} for topic, offsets in topics]
    answer = await place.ask(OFFSET_COMMIT, version, **body)
    for asked, answered in zip(body["topics"], answer["topics"], strict=True):
        assert all(answered[key] == asked[key] for key in ("name", "topic_id") if key in asked)
    return [[ErrorCode(each["error_code"]) for each in topic["partitions"]] for topic in answer["topics"]]


async def fetch(place: Place, version: int, topics: list[tuple[Topic | None, list[int]]] | None) -> dict:
    asked = None
    if topics is not None:
        asked = [{**named(topic, version), "partition_indexes": numbers} for topic, numbers in topics]
    if version < 8:
        return await place.ask(OFFSET_FETCH, version, group_id="g", topics=asked)
    answer = await place.ask(OFFSET_FETCH, version, groups=[{"group_id": "g", "topics": asked}])
    (group,) = answer["groups"]
    assert group["group_id"] == "g"
    return group


def places(group: dict) -> list[list[tuple[int, int, str, int]]]:
    return [
        [
            (each["partition_index"], each["committed_offset"], each["metadata"], each["error_code"])
            for each in topic["partitions"]
        ]
        for topic in group["topics"]
    ]


@pytest.mark.parametrize("version", COMMITS)
async def test_every_version_of_commit_stores_durably(place, topic, coordinator, version):
    assert await commit(place, version, [(topic, [offset(0, 7, "where"), offset(2, 9, None)])]) == [
        [ErrorCode.NONE, ErrorCode.NONE]
    ]
    stored = await coordinator.fetch_offsets("g", None)
    assert [(each.partition, each.offset, each.metadata) for each in stored] == [(0, 7, "where"), (2, 9, "")]


@pytest.mark.parametrize("version", FETCHES)
async def test_every_version_of_fetch_finds_them(place, topic, coordinator, version):
    await coordinator.commit_offsets("g", [CommittedOffset(topic.topic_id, 1, 5, 3, "here")])
    group = await fetch(place, version, [(topic, [1, 0])])
    assert places(group) == [[(1, 5, "here", 0), (0, -1, "", 0)]]
    assert group["error_code"] == ErrorCode.NONE
    epochs = [each["committed_leader_epoch"] for each in group["topics"][0]["partitions"]]
    assert epochs == ([3, -1] if version >= 5 else [-1, -1])
    assert group["topics"][0]["name"] == ("t" if version < 10 else "")
    found_id = group["topics"][0].get("topic_id", NO_TOPIC_ID)
    assert found_id == (topic.topic_id if version >= 10 else NO_TOPIC_ID)


@pytest.mark.parametrize("version", range(2, 11))
async def test_no_topics_means_all_of_them(place, topic, coordinator, version):
    other = await place.make_topic("u")
    gone = await place.make_topic("v")
    offsets = [CommittedOffset(each.topic_id, 0, number) for number, each in enumerate((topic, other, gone))]
    await coordinator.commit_offsets("g", offsets)
    del place.topics.topics["v"]
    assert places(await fetch(place, version, None)) == [[(0, 0, "", 0)], [(0, 1, "", 0)]]
    assert places(await fetch(place, version, [])) == []


@pytest.mark.parametrize("version", COMMITS)
async def test_a_bad_partition_does_not_spoil_its_neighbours(place, topic, version):
    long = "x" * (place.room.config.offset_metadata_bytes_max + 1)
    unknown = ErrorCode.UNKNOWN_TOPIC_ID if version >= 10 else ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    outcomes = await commit(
        place,
        version,
        [
            (None, [offset(0, 1)]),
            (topic, [offset(3, 1), offset(-1, 1), offset(1, 1, long), offset(0, 4, long[1:])]),
        ],
    )
    assert outcomes == [
        [unknown],
        [
            ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
            ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
            ErrorCode.OFFSET_METADATA_TOO_LARGE,
            ErrorCode.NONE,
        ],
    ]
    assert places(await fetch(place, 1, [(topic, [0, 1])]))[0][1] == (1, -1, "", 0)


async def test_of_a_partition_named_twice_the_last_offset_counts(place, topic):
    twice = [(topic, [offset(0, 1), offset(0, 2)]), (topic, [offset(0, 3)])]
    assert await commit(place, 9, twice) == [[ErrorCode.NONE, ErrorCode.NONE], [ErrorCode.NONE]]
    assert places(await fetch(place, 9, [(topic, [0])])) == [[(0, 3, "", 0)]]


@pytest.mark.parametrize("version", FETCHES)
async def test_an_unknown_topic_has_no_offset(place, version):
    group = await fetch(place, version, [(None, [0])])
    error = ErrorCode.UNKNOWN_TOPIC_ID if version >= 10 else ErrorCode.NONE
    assert places(group) == [[(0, -1, "", error)]]
    assert group["error_code"] == ErrorCode.NONE


async def test_many_groups_in_one_request(place, topic, coordinator):
    for number, group_id in enumerate("ab"):
        await coordinator.commit_offsets(group_id, [CommittedOffset(topic.topic_id, 0, number)])
    groups = [{"group_id": name, "topics": None} for name in "ab"]
    groups.append({"group_id": "c", "topics": [{"name": "t", "partition_indexes": [0]}]})
    answer = await place.ask(OFFSET_FETCH, 9, groups=groups, require_stable=True)
    assert [each["group_id"] for each in answer["groups"]] == ["a", "b", "c"]
    assert [places(each)[0][0][1] for each in answer["groups"]] == [0, 1, -1]


async def test_the_empty_group_id_has_offsets_too(place, topic):
    assert await commit(place, 9, [(topic, [offset(0, 4)])], group_id="") == [[ErrorCode.NONE]]
    answer = await place.ask(OFFSET_FETCH, 8, groups=[{"group_id": "", "topics": None}])
    assert places(answer["groups"][0]) == [[(0, 4, "", 0)]]


class TestWhoMay:
    async def test_a_member_of_the_generation(self, place, topic):
        joined = await place.stable()
        mine = {"generation_id_or_member_epoch": 1, "member_id": joined["member_id"]}
        wanted = [(topic, [offset(0, 1)])]
        assert await commit(place, 9, wanted, **mine) == [[ErrorCode.NONE]]
        for changes, error in [
            ({}, ErrorCode.UNKNOWN_MEMBER_ID),
            (mine | {"generation_id_or_member_epoch": 2}, ErrorCode.ILLEGAL_GENERATION),
            (mine | {"member_id": "stranger"}, ErrorCode.UNKNOWN_MEMBER_ID),
            (mine | {"group_instance_id": "i"}, ErrorCode.UNKNOWN_MEMBER_ID),
        ]:
            assert await commit(place, 9, wanted, **changes) == [[error]]
        assert places(await fetch(place, 9, [(topic, [0])])) == [[(0, 1, "", 0)]]

    @pytest.mark.parametrize("version", COMMITS)
    async def test_a_generation_of_an_unknown_group_is_refused(self, place, topic, version):
        expected = ErrorCode.GROUP_ID_NOT_FOUND if version >= 9 else ErrorCode.ILLEGAL_GENERATION
        stranger = {"generation_id_or_member_epoch": 3, "member_id": "m"}
        assert await commit(place, version, [(topic, [offset(0, 1)])], **stranger) == [[expected]]

    async def test_a_generation_of_a_group_without_members_is_refused(self, place, topic):
        wanted = [(topic, [offset(0, 1)])]
        await commit(place, 9, wanted)
        stranger = {"generation_id_or_member_epoch": 3, "member_id": "m"}
        assert await commit(place, 9, wanted, **stranger) == [[ErrorCode.UNKNOWN_MEMBER_ID]]

    async def test_nobody_while_the_members_sync(self, place, topic):
        joined = await place.stable()
        again = await place.join(joined["member_id"])
        mine = {"generation_id_or_member_epoch": 2, "member_id": again["member_id"]}
        refused = await commit(place, 9, [(topic, [offset(0, 1)])], **mine)
        assert refused == [[ErrorCode.REBALANCE_IN_PROGRESS]]

    async def test_unknown_topics_are_told_without_asking_the_group(self, place):
        await place.stable()
        refused = await commit(place, 9, [(None, [offset(0, 1)])])
        assert refused == [[ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]]


class TestFailures:
    @pytest.mark.parametrize("version", COMMITS)
    async def test_a_commit_that_may_be_lost_is_to_be_tried_again(self, place, topic, version):
        place.faults.errors["commit_offsets"] = Unavailable("no answer")
        wanted = [(topic, [offset(0, 1), offset(9, 1)])]
        assert await commit(place, version, wanted) == [
            [ErrorCode.COORDINATOR_NOT_AVAILABLE, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]
        ]

    @pytest.mark.parametrize("version", [9, 10])
    async def test_a_topic_that_was_deleted_meanwhile_is_unknown(self, place, topic, coordinator, version):
        await coordinator.delete_topics([topic.topic_id])
        unknown = ErrorCode.UNKNOWN_TOPIC_ID if version >= 10 else ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        assert await commit(place, version, [(topic, [offset(0, 1)])]) == [[unknown]]

    @pytest.mark.parametrize("version", FETCHES)
    async def test_a_fetch_without_an_answer_says_so(self, place, topic, version):
        place.faults.errors["fetch_offsets"] = Unavailable("no answer")
        group = await fetch(place, version, [(topic, [0])])
        code = ErrorCode.COORDINATOR_NOT_AVAILABLE
        assert group["error_code"] == (code if version >= 2 else ErrorCode.NONE)
        assert places(group) == [[(0, -1, "", code)]]

    async def test_a_group_that_is_being_deleted_takes_no_offsets(self, place, topic):
        await commit(place, 9, [(topic, [offset(0, 1)])])
        go_on = place.faults.hold("delete_groups")
        deleting = asyncio.create_task(place.room.delete(["g"]))
        await until_idle()
        refused = await commit(place, 9, [(topic, [offset(0, 2)])])
        assert refused == [[ErrorCode.COORDINATOR_NOT_AVAILABLE]]
        go_on.set()
        assert await deleting == {"g": ErrorCode.NONE}
        assert places(await fetch(place, 9, [(topic, [0])])) == [[(0, -1, "", 0)]]
