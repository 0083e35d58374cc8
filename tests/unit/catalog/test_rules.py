"""What the catalog tells the parsers: a produce request meets the rules of its topic as they are now."""

from kafka.record.default_records import DefaultRecordBatchBuilder

from catalog.room import Room
from skylog.core import FrameReader, Scratch, parse_produce
from skylog.model import ConfigChange
from skylog.wire import codec
from skylog.wire.codes import ErrorCode

PRODUCE = 0
NOW_MS = 1_700_000_000_000


def produce(
    room: Room, topic: str, partition: int = 0, key: bytes | None = b"k", timestamp_ms: int = NOW_MS
) -> ErrorCode:
    """Have one record parsed and return what becomes of it."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1 << 20)
    builder.append(0, timestamp_ms, key, b"value", [])
    data = {"index": partition, "records": bytes(builder.build())}
    body = {"acks": -1, "timeout_ms": 1, "topic_data": [{"name": topic, "partition_data": [data]}]}
    stream = codec.encode_request(PRODUCE, 9, 7, body)
    reader = FrameReader(Scratch(65536), 1 << 20)
    reader.get_buffer()[: len(stream)] = stream
    (frame,) = reader.buffer_updated(len(stream))
    request = parse_produce(frame, room.table, NOW_MS, 1 << 20)
    if request.accepted:
        return ErrorCode.NONE
    answer = request.response()
    assert answer
    response = codec.decode_response(PRODUCE, 9, answer[4:])[1]
    return ErrorCode(response["responses"][0]["partition_responses"][0]["error_code"])


async def alter(room: Room, kind: str, name: str, **values: str | None) -> None:
    changes = [ConfigChange(kind, name, {key.replace("_", "."): value for key, value in values.items()})]
    assert await room.catalog.change(lambda: room.catalog.alter(changes), 1_000) == [None]


async def test_a_topic_is_known_from_creation_to_deletion(room: Room) -> None:
    assert produce(room, "a") is ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    topic = await room.make("a")
    assert produce(room, "a") is ErrorCode.NONE
    await room.catalog.change(lambda: room.catalog.delete([topic.topic_id]), 1_000)
    assert produce(room, "a") is ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


async def test_new_partitions_are_known(room: Room) -> None:
    topic = await room.make("a", 2)
    assert produce(room, "a", partition=2) is ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    await room.catalog.change(lambda: room.catalog.grow({topic.topic_id: 3}), 1_000)
    assert produce(room, "a", partition=2) is ErrorCode.NONE


async def test_the_largest_batch(room: Room) -> None:
    await room.make("a")
    await alter(room, "topic", "a", max_message_bytes="70")
    assert produce(room, "a") is ErrorCode.MESSAGE_TOO_LARGE
    await alter(room, "topic", "a", max_message_bytes=None)
    assert produce(room, "a") is ErrorCode.NONE


async def test_compacted_topics_want_keys(room: Room) -> None:
    await room.make("a", cleanup_policy="compact,delete")
    assert produce(room, "a", key=None) is ErrorCode.INVALID_RECORD
    assert produce(room, "a") is ErrorCode.NONE
    await alter(room, "topic", "a", cleanup_policy="delete")
    assert produce(room, "a", key=None) is ErrorCode.NONE


async def test_bounds_of_the_records_own_time(room: Room) -> None:
    await room.make("a", message_timestamp_before_max_ms="10", message_timestamp_after_max_ms="20")
    assert produce(room, "a", timestamp_ms=NOW_MS - 11) is ErrorCode.INVALID_TIMESTAMP
    assert produce(room, "a", timestamp_ms=NOW_MS - 10) is ErrorCode.NONE
    assert produce(room, "a", timestamp_ms=NOW_MS + 20) is ErrorCode.NONE
    assert produce(room, "a", timestamp_ms=NOW_MS + 21) is ErrorCode.INVALID_TIMESTAMP
    await alter(room, "topic", "a", message_timestamp_type="LogAppendTime")
    assert produce(room, "a", timestamp_ms=0) is ErrorCode.NONE


async def test_defaults_of_all_brokers_reach_topics_that_exist(room: Room) -> None:
    await room.make("plain")
    await room.make("own", max_message_bytes="1000")
    await alter(room, "broker", "", message_max_bytes="70")
    assert produce(room, "plain") is ErrorCode.MESSAGE_TOO_LARGE
    assert produce(room, "own") is ErrorCode.NONE
