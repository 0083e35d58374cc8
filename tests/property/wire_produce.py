"""Produce from frame to answer, as two foreign codecs read it."""

from typing import Any

from kafka.protocol.producer.produce import ProduceResponse as KafkaProduceResponse
from wire_samples import NOW_MS, as_frame, read_response, topic_table

from skylog.core import ProduceRequest, SealedSegment, SegmentBuilder, parse_produce, sequence

TOPICS = topic_table()
INLINE = 1 << 20


def parse(message: bytes, inline: int = INLINE) -> ProduceRequest:
    return parse_produce(as_frame(message), TOPICS, NOW_MS, inline)


def seal(*requests: ProduceRequest) -> SealedSegment:
    builder = SegmentBuilder()
    for request in requests:
        builder.append(request)
    return builder.seal(bytes(range(16)), NOW_MS)


def commit(sealed: SealedSegment, next_offset: int = 100, log_start: int = 7) -> list[bytes | None]:
    """Give offsets from `next_offset` on, in every log."""
    logs = [(number, log_start, next_offset, -1, -1) for number in range(len(sealed.logs))]
    return sealed.answer(sequence(sealed, logs, [None] * len(sealed.producers), NOW_MS).result)


def read(response: bytes | None, version: int, throttle_time_ms: int = 0) -> Any:
    """Return the response as kafka-python reads it, once kio has agreed."""
    assert response
    by_kafka, by_kio = read_response(response, KafkaProduceResponse, "produce", version)
    assert by_kafka.throttle_time_ms == throttle_time_ms
    for mine, other in zip(by_kafka.responses, by_kio.responses, strict=True):
        assert (mine.topic_id.bytes == other.topic_id.bytes) if version >= 13 else (mine.name == other.name)
        for part, same in zip(mine.partition_responses, other.partition_responses, strict=True):
            assert (part.index, part.error_code, part.base_offset) == (
                same.index,
                same.error_code.value,
                same.base_offset,
            )
            if version >= 8:
                assert part.error_message == same.error_message
                assert record_errors(part) == record_errors(same)
    return by_kafka


def record_errors(part: Any) -> list[tuple[int, str | None]]:
    """Return the records that are named as invalid, with what is said of them."""
    return [(error.batch_index, error.batch_index_error_message) for error in part.record_errors]


def codes(response: bytes | None, version: int) -> list[list[tuple[int, int, int]]]:
    return [
        [(part.index, part.error_code, part.base_offset) for part in topic.partition_responses]
        for topic in read(response, version).responses
    ]
