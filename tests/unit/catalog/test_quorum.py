"""DescribeQuorum, UpdateFeatures and UnregisterBroker as clients see them."""

import pytest

from catalog.room import DESCRIBE_QUORUM, NO_ID, UNREGISTER_BROKER, UPDATE_FEATURES, Room
from skylog.wire.codes import ErrorCode

LOG = "__cluster_metadata"


async def quorum(room: Room, version: int, *asked: tuple[str, list[int]]) -> dict[str, object]:
    topics = [
        {"topic_name": name, "partitions": [{"partition_index": index} for index in indexes]}
        for name, indexes in asked
    ]
    return await room.ask(DESCRIBE_QUORUM, version, topics=topics)


@pytest.mark.parametrize("version", range(3))
async def test_the_broker_asked_is_the_one_voter(room: Room, version: int) -> None:
    answer = await quorum(room, version, (LOG, [0]))
    voter = {"replica_id": 1, "log_end_offset": 0, "replica_directory_id": NO_ID}
    times = {"last_fetch_timestamp": -1, "last_caught_up_timestamp": -1}
    partition = {"partition_index": 0, "leader_id": 1, "leader_epoch": 0, "high_watermark": 0}
    lists = {"current_voters": [voter | times], "observers": []}
    result = {"error_code": 0, "error_message": None if version >= 2 else ""}
    assert answer["error_code"] == 0
    assert answer["topics"] == [{"topic_name": LOG, "partitions": [partition | lists | result]}]
    listener = {"name": "PLAINTEXT", "host": "localhost", "port": 9092}
    assert answer["nodes"] == ([{"node_id": 1, "listeners": [listener]}] if version >= 2 else [])


@pytest.mark.parametrize(
    "asked",
    [
        [(LOG, [1])],
        [(LOG, [-1])],
        [(LOG, [0, 1])],
        [(LOG, [0, 0])],
        [("a", [0])],
        [(LOG, [0]), ("a", [0])],
        [(LOG, [0]), (LOG, [])],
        [(LOG, [])],
        [],
    ],
)
@pytest.mark.parametrize("version", range(3))
async def test_anything_else_is_no_log_of_a_quorum(
    room: Room, version: int, asked: list[tuple[str, list[int]]]
) -> None:
    await room.make("a")
    answer = await quorum(room, version, *asked)
    assert (answer["error_code"], answer["nodes"]) == (0, [])
    found = [
        (topic["topic_name"], [(part["partition_index"], part["error_code"]) for part in topic["partitions"]])
        for topic in answer["topics"]
    ]
    assert found == [(name, [(index, 3) for index in indexes]) for name, indexes in asked]


@pytest.mark.parametrize("version", range(3))
async def test_no_feature_can_be_updated(room: Room, version: int) -> None:
    updates = [{"feature": name, "max_version_level": 1} for name in ("metadata.version", "x" * 9_000)]
    for asked in (updates, updates[::-1], updates[1:]):
        answer = await room.ask(UPDATE_FEATURES, version, feature_updates=asked)
        assert answer["error_code"] == ErrorCode.INVALID_UPDATE_VERSION
        assert 0 < len(answer["error_message"]) < 500
        assert answer["results"] == []


@pytest.mark.parametrize("version", range(3))
async def test_no_update_is_no_error(room: Room, version: int) -> None:
    answer = await room.ask(UPDATE_FEATURES, version, feature_updates=[])
    assert (answer["error_code"], answer["error_message"]) == (0, None)


async def test_a_living_broker_stays_and_others_are_not_known(room: Room) -> None:
    for broker_id, expected in (
        (1, ErrorCode.INVALID_REQUEST),
        (2, ErrorCode.BROKER_ID_NOT_REGISTERED),
        (-1, ErrorCode.BROKER_ID_NOT_REGISTERED),
    ):
        answer = await room.ask(UNREGISTER_BROKER, 0, broker_id=broker_id)
        assert answer["error_code"] == expected
        assert answer["error_message"]
