"""What a broker's refusal means for whoever runs the job, in words."""

from __future__ import annotations

from typing import Final

from skylog.bulk.window import Outgoing, Window
from skylog.wire.codes import ErrorCode, KafkaError

_ADVICE: Final = {
    ErrorCode.MESSAGE_TOO_LARGE: "lower max_batch_bytes, or raise the topic's max.message.bytes",
    ErrorCode.RECORD_LIST_TOO_LARGE: "lower max_batch_bytes, or raise the topic's segment.bytes",
    ErrorCode.INVALID_TIMESTAMP: "the topic bounds how far timestamps may be from now "
    "(message.timestamp.before.max.ms, message.timestamp.after.max.ms)",
    ErrorCode.INVALID_RECORD: "if the topic is compacted, all records need keys",
    ErrorCode.INVALID_TOPIC_EXCEPTION: "this topic cannot be written by clients",
    ErrorCode.TOPIC_AUTHORIZATION_FAILED: "the cluster asks for authorization; skylog.bulk speaks no SASL",
    ErrorCode.CLUSTER_AUTHORIZATION_FAILED: "the cluster asks for authorization; skylog.bulk speaks no SASL",
    ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER: "the broker lacks batches that were acknowledged before "
    "(unclean leader election, or its data was lost): compare the topic with the source, then start anew",
    ErrorCode.UNKNOWN_PRODUCER_ID: "the broker forgot this producer (its records were deleted, or the topic "
    "made anew): start a new producer with what is not acknowledged",
    ErrorCode.INVALID_PRODUCER_EPOCH: "another producer took over the identity: start a new one",
    ErrorCode.UNSUPPORTED_COMPRESSION_TYPE: "choose another compression",
    ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT: "the topic keeps an old format of records: raise its version",
    ErrorCode.CORRUPT_MESSAGE: "the batch arrives broken again and again: check the network and memory",
    ErrorCode.OFFSET_OUT_OF_RANGE: "retention deleted what was asked for: start at 'earliest'",
}


def refused(topic: str, window: Window, item: Outgoing, code: ErrorCode, message: str | None) -> KafkaError:
    """Return the error for a batch that the broker will not take: where, how much, why and what to do."""
    reason = f"{code.name}: {message}" if message else code.name
    return KafkaError(code, f"{describe(topic, window, item)}: {reason}{advice(code)}")


def describe(topic: str, window: Window, item: Outgoing) -> str:
    """Name a batch: topic, partition, records, sequences and where it would go."""
    count, first = item.record_count, item.base_sequence
    sequences = f" (sequences {first} to {(first + count - 1) & 0x7FFFFFFF})" if first >= 0 else ""
    after = f" after offset {window.last_offset}" if window.last_offset >= 0 else ""
    return f"topic {topic!r} partition {item.partition}: {count} records{sequences}{after}"


def advice(code: ErrorCode) -> str:
    """Return what to do about an error, to be appended to its message; empty where nothing is known."""
    return f"; {_ADVICE[code]}" if code in _ADVICE else ""
