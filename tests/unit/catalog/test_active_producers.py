"""DescribeProducers as clients see it; the codes are Apache Kafka 4.3's."""

from typing import Any

from catalog.room import Room
from sealing import TIME_MS, Batch, Log, seal
from skylog.clock import SystemClock
from skylog.coordinator.base import SegmentCommit
from skylog.core import CommitResult
from skylog.model import Topic
from skylog.wire.codes import ErrorCode

DESCRIBE_PRODUCERS = 61
UNKNOWN, INVALID = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.INVALID_TOPIC_EXCEPTION


async def fill(room: Room, topic: Topic) -> None:
    """Two batches of producer 7 and one of producer 8 in partition 1."""
    epoch = await room.coordinator.register_broker(1)
    log = Log(topic.topic_id, 1)
    sealed = seal(
        [Batch(log, 2, TIME_MS, 7, 1, 0), Batch(log, 1, TIME_MS, 8, 0, 0), Batch(log, 3, TIME_MS, 7, 1, 2)]
    )
    commit = SegmentCommit("key", sealed.size, SystemClock().now_ms(), 1, epoch, sealed)
    (result,) = await room.coordinator.commit_segments([commit])
    assert isinstance(result, CommitResult)


async def describe(room: Room, *wanted: tuple[str, list[int]]) -> list[tuple[str, dict[str, Any]]]:
    topics = [{"name": name, "partition_indexes": partitions} for name, partitions in wanted]
    answer = await room.ask(DESCRIBE_PRODUCERS, 0, topics=topics)
    return [(topic["name"], row) for topic in answer["topics"] for row in topic["partitions"]]


def codes(rows: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, int, int]]:
    return [(name, row["partition_index"], row["error_code"]) for name, row in rows]


async def test_a_partition_shows_who_writes_to_it(room: Room) -> None:
    await fill(room, await room.make("a", 2))
    before = SystemClock().now_ms() - 60_000
    (_, empty), (_, full) = await describe(room, ("a", [0, 1]))
    assert (empty["error_code"], empty["error_message"], empty["active_producers"]) == (0, None, [])
    for row in full["active_producers"]:
        assert before <= row.pop("last_timestamp") <= SystemClock().now_ms()
    without = {"coordinator_epoch": -1, "current_txn_start_offset": -1}
    assert full["active_producers"] == [
        {"producer_id": 7, "producer_epoch": 1, "last_sequence": 4, **without},
        {"producer_id": 8, "producer_epoch": 0, "last_sequence": 0, **without},
    ]


async def test_what_is_not_there_spoils_nothing(room: Room) -> None:
    await room.make("a", 2)
    rows = await describe(room, ("a", [1, 9, -1]), ("b", [0]), ("", [0]), ("no/slash", [0]))
    assert codes(rows) == [
        ("a", 1, 0),
        ("a", 9, UNKNOWN),
        ("a", -1, UNKNOWN),
        ("b", 0, UNKNOWN),
        ("", 0, INVALID),
        ("no/slash", 0, INVALID),
    ]


async def test_a_partition_that_stands_twice_is_answered_once(room: Room) -> None:
    await room.make("a", 2)
    assert codes(await describe(room, ("a", [1, 1]), ("a", [0, 1]))) == [("a", 1, 0), ("a", 0, 0)]


async def test_a_coordinator_that_does_not_answer(room: Room) -> None:
    await room.make("a")
    room.faults.lost_requests.add("list_producers")
    rows = await describe(room, ("a", [0]), ("b", [0]))
    assert codes(rows) == [("a", 0, ErrorCode.REQUEST_TIMED_OUT), ("b", 0, UNKNOWN)]
