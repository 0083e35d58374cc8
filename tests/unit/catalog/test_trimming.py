"""DeleteRecords as clients see it; the codes are Apache Kafka 4.3's."""

import pytest

from catalog.room import Room
from sealing import Batch, Log, seal
from skylog.clock import SystemClock
from skylog.coordinator.base import SegmentCommit
from skylog.core import CommitResult
from skylog.model import Topic
from skylog.wire.codes import ErrorCode

DELETE_RECORDS = 21
OUT_OF_RANGE, POLICY = ErrorCode.OFFSET_OUT_OF_RANGE, ErrorCode.POLICY_VIOLATION
UNKNOWN, TIMED_OUT = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.REQUEST_TIMED_OUT


async def fill(room: Room, topic: Topic, records: int) -> None:
    epoch = await room.coordinator.register_broker(1)
    logs = [Log(topic.topic_id, partition) for partition in range(topic.partitions)]
    sealed = seal([Batch(log, records) for log in logs])
    commit = SegmentCommit("key", sealed.size, SystemClock().now_ms(), 1, epoch, sealed)
    (result,) = await room.coordinator.commit_segments([commit])
    assert isinstance(result, CommitResult)


async def trim(
    room: Room, *wishes: tuple[str, int, int], version: int = 2
) -> list[tuple[str, int, int, ErrorCode]]:
    """Send one topic per wish; return (topic, partition, low watermark, code) in the answer's order."""
    topics = [
        {"name": name, "partitions": [{"partition_index": partition, "offset": offset}]}
        for name, partition, offset in wishes
    ]
    answer = await room.ask(DELETE_RECORDS, version, topics=topics, timeout_ms=5_000)
    return [
        (topic["name"], row["partition_index"], row["low_watermark"], ErrorCode(row["error_code"]))
        for topic in answer["topics"]
        for row in topic["partitions"]
    ]


@pytest.mark.parametrize("version", range(3))
async def test_partitions_start_where_they_were_told_to(room: Room, version: int) -> None:
    topic = await room.make("a", 3)
    await fill(room, topic, 10)
    rows = await trim(room, ("a", 0, 4), ("a", 1, -1), ("a", 2, 0), version=version)
    assert rows == [("a", 0, 4, 0), ("a", 1, 10, 0), ("a", 2, 0, 0)]
    assert room.trimmed == [topic.topic_id], "who waits for it learns it"
    assert await trim(room, ("a", 0, 2)) == [("a", 0, 4, 0)]


async def test_offsets_that_a_log_does_not_have(room: Room) -> None:
    await fill(room, await room.make("a", 2), 10)
    rows = await trim(room, ("a", 0, 11), ("a", 1, -2))
    assert rows == [("a", 0, -1, OUT_OF_RANGE), ("a", 1, -1, OUT_OF_RANGE)]


async def test_what_is_not_there_spoils_nothing(room: Room) -> None:
    await fill(room, await room.make("a", 2), 10)
    rows = await trim(room, ("a", 0, 3), ("b", 0, 3), ("a", 2, 3), ("a", -1, 3), ("", 0, 0))
    assert sorted(rows) == [
        ("", 0, -1, UNKNOWN),
        ("a", -1, -1, UNKNOWN),
        ("a", 0, 3, 0),
        ("a", 2, -1, UNKNOWN),
        ("b", 0, -1, UNKNOWN),
    ]


async def test_of_a_partition_that_stands_twice_the_last_offset_counts(room: Room) -> None:
    await fill(room, await room.make("a"), 10)
    assert await trim(room, ("a", 0, 100), ("a", 0, 7)) == [("a", 0, 7, 0)]
    assert await trim(room, ("a", 0, 8), ("a", 0, 100)) == [("a", 0, -1, OUT_OF_RANGE)]


async def test_compacted_topics_keep_their_records(room: Room) -> None:
    await room.make("only", cleanup_policy="compact")
    await room.make("both", cleanup_policy="compact,delete")
    rows = await trim(room, ("only", 0, 0), ("only", 9, 0), ("both", 0, 0))
    assert rows == [("only", 0, -1, POLICY), ("only", 9, -1, UNKNOWN), ("both", 0, 0, 0)]


async def test_topics_without_partitions_are_left_out(room: Room) -> None:
    await room.make("a")
    topics = [{"name": name, "partitions": []} for name in ("a", "b")]
    assert (await room.ask(DELETE_RECORDS, 2, topics=topics, timeout_ms=0))["topics"] == []
    assert "delete_records" not in room.faults.calls


async def test_a_coordinator_that_does_not_answer_leaves_the_outcome_open(room: Room) -> None:
    topic = await room.make("a")
    await fill(room, topic, 10)
    room.faults.lost_answers.add("delete_records")
    assert await trim(room, ("a", 0, 3)) == [("a", 0, -1, TIMED_OUT)]
    assert room.trimmed == [topic.topic_id], "it may have been done"


async def test_a_topic_that_goes_meanwhile_is_unknown(room: Room) -> None:
    topic = await room.make("a")
    await room.coordinator.delete_topics([topic.topic_id])
    assert await trim(room, ("a", 0, 0)) == [("a", 0, -1, UNKNOWN)]
