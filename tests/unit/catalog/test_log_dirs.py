"""DescribeLogDirs as clients see it; shape and codes are Apache Kafka 4.3's."""

from typing import Any

import pytest

from catalog.room import Room
from sealing import Batch, Log, seal
from skylog.clock import SystemClock
from skylog.coordinator.base import SegmentCommit
from skylog.core import CommitResult
from skylog.model import Topic
from skylog.wire.codes import ErrorCode

DESCRIBE_LOG_DIRS = 35


async def fill(room: Room, topic: Topic, *records: int) -> int:
    """Commit a batch of so many records to each partition; return the bytes of all of them."""
    epoch = await room.coordinator.register_broker(1)
    batches = [Batch(Log(topic.topic_id, index), count) for index, count in enumerate(records)]
    sealed = seal(batches)
    commit = SegmentCommit("key", sealed.size, SystemClock().now_ms(), 1, epoch, sealed)
    (result,) = await room.coordinator.commit_segments([commit])
    assert isinstance(result, CommitResult)
    return sum(len(batch.build()) for batch in batches)


async def describe(room: Room, version: int = 5, **wanted: list[int]) -> dict[str, Any]:
    """Ask for partitions of topics, of all if none is given; return the one directory."""
    topics = [{"topic": name, "partitions": partitions} for name, partitions in wanted.items()]
    answer = await room.ask(DESCRIBE_LOG_DIRS, version, topics=topics or None)
    assert answer["error_code"] == ErrorCode.NONE
    (found,) = answer["results"]
    return dict(found)


def sizes(found: dict[str, Any]) -> dict[str, dict[int, int]]:
    return {
        topic["name"]: {row["partition_index"]: row["partition_size"] for row in topic["partitions"]}
        for topic in found["topics"]
    }


@pytest.mark.parametrize("version", range(1, 6))
async def test_all_partitions_lie_in_the_store(room: Room, version: int) -> None:
    total = await fill(room, await room.make("a", 3), 1, 50)
    await room.make("b")
    found = await describe(room, version)
    assert (found["error_code"], found["log_dir"]) == (ErrorCode.NONE, "memory:")
    assert (found["total_bytes"], found["usable_bytes"], found["is_cordoned"]) == (-1, -1, False)
    rows = [row for topic in found["topics"] for row in topic["partitions"]]
    assert {(row["offset_lag"], row["is_future_key"]) for row in rows} == {(0, False)}
    by_topic = sizes(found)
    assert by_topic == {"a": {0: by_topic["a"][0], 1: by_topic["a"][1], 2: 0}, "b": {0: 0}}
    assert 0 < by_topic["a"][0] < by_topic["a"][1]
    assert sum(by_topic["a"].values()) == total


async def test_what_is_not_there_is_left_out(room: Room) -> None:
    await room.make("a", 2)
    assert sizes(await describe(room, a=[1, 7, -1, 1], nobody=[0])) == {"a": {1: 0}}
    assert sizes(await describe(room, a=[], nobody=[0])) == {}
    answer = await room.ask(DESCRIBE_LOG_DIRS, 5, topics=[])
    assert [each["topics"] for each in answer["results"]] == [[]], "the directory is there all the same"


async def test_a_topic_that_stands_twice_is_named_once(room: Room) -> None:
    await room.make("a", 2)
    topics = [{"topic": "a", "partitions": [1]}, {"topic": "a", "partitions": [0, 1]}]
    answer = await room.ask(DESCRIBE_LOG_DIRS, 5, topics=topics)
    assert sizes(answer["results"][0]) == {"a": {0: 0, 1: 0}}
    assert len(answer["results"][0]["topics"]) == 1


async def test_a_topic_that_goes_meanwhile_has_no_partitions(room: Room) -> None:
    topic = await room.make("a")
    await room.coordinator.delete_topics([topic.topic_id])
    assert sizes(await describe(room)) == {"a": {}}


async def test_a_coordinator_that_does_not_answer_is_an_error_of_the_directory(room: Room) -> None:
    await room.make("a")
    room.faults.lost_requests.add("log_sizes")
    found = await describe(room)
    assert (found["error_code"], found["topics"]) == (ErrorCode.REQUEST_TIMED_OUT, [])
