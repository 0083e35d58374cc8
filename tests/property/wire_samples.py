"""Produce and Fetch messages as foreign codecs write and read them; batches made by a foreign client."""

import importlib
import struct
import uuid
from collections.abc import Sequence
from typing import Any

import kio.serial
from kafka.protocol.consumer.fetch import FetchRequest as KafkaFetchRequest
from kafka.protocol.producer.produce import ProduceRequest as KafkaProduceRequest
from kafka.record.default_records import DefaultRecordBatchBuilder

from skylog.core import Frame, FrameReader, Scratch, TopicTable

NOW_MS = 1_700_000_000_000
CORRELATION = 0x01020304
PRODUCE_VERSIONS = range(3, 14)
FETCH_VERSIONS = range(4, 19)

TOPIC_IDS = {"plain": bytes([1] * 16), "stamped": bytes([2] * 16), "compacted": bytes([3] * 16)}
"""Three topics of four partitions; batches of at most 100,000 bytes."""


def topic_table() -> TopicTable:
    table = TopicTable()
    for name, topic_id in TOPIC_IDS.items():
        table.put(
            topic_id,
            name,
            4,
            batch_bytes_max=100_000,
            log_append_time=name == "stamped",
            compacted=name == "compacted",
            timestamp_before_ms_max=2**63 - 1,
            timestamp_after_ms_max=3_600_000,
        )
    return table


def topic_id(name: str | bytes) -> bytes:
    if isinstance(name, bytes):
        return name
    return TOPIC_IDS.get(name, bytes([9] * 16))


def as_frame(message: bytes) -> Frame:
    """Receive one request."""
    reader, stream = FrameReader(Scratch(), 100 << 20), struct.pack(">i", len(message)) + message
    frames: list[Frame] = []
    while stream:
        room = reader.get_buffer()
        size = min(len(room), len(stream))
        room[:size] = stream[:size]
        frames += reader.buffer_updated(size)
        stream = stream[size:]
    (frame,) = frames
    return frame


def build_batch(
    values: Sequence[bytes | None],
    *,
    key: bytes | None = b"key",
    codec: int = 0,
    timestamp_ms: int = NOW_MS,
    producer: tuple[int, int, int] = (-1, -1, -1),
    transactional: bool = False,
) -> bytes:
    builder = DefaultRecordBatchBuilder(2, codec, transactional, *producer, 1 << 24)
    for offset, value in enumerate(values):
        builder.append(offset, timestamp_ms + offset, key, value, [])
    return bytes(builder.build())


Partition = tuple[int, bytes | None]


def produce_message(
    version: int,
    topics: Sequence[tuple[str, Sequence[Partition]]],
    *,
    acks: int = -1,
    transactional_id: str | None = None,
) -> bytes:
    topic_type = KafkaProduceRequest.TopicProduceData
    request = KafkaProduceRequest(
        version=version,
        transactional_id=transactional_id,
        acks=acks,
        timeout_ms=1500,
        topic_data=[
            topic_type(
                name=name,
                topic_id=uuid.UUID(bytes=topic_id(name)),
                partition_data=[
                    topic_type.PartitionProduceData(index=index, records=records)
                    for index, records in partitions
                ],
            )
            for name, partitions in topics
        ],
    )
    request.with_header(correlation_id=CORRELATION, client_id="a client")
    return bytes(request.encode(header=True))


def fetch_message(
    version: int,
    topics: Sequence[tuple[str | bytes, Sequence[dict[str, int]]]],
    *,
    forgotten: Sequence[tuple[str | bytes, Sequence[int]]] = (),
    **fields: Any,
) -> bytes:
    """Return a Fetch request; each partition is a dict of its fields, the rest are defaults.

    A topic may be given by its identity from version 13 on.
    """
    topic_type, forgotten_type = KafkaFetchRequest.FetchTopic, KafkaFetchRequest.ForgottenTopic
    partition = {
        "current_leader_epoch": 0,
        "last_fetched_epoch": -1,
        "log_start_offset": -1,
        "partition_max_bytes": 1 << 20,
    }
    request = {
        "replica_id": -1,
        "max_wait_ms": 500,
        "min_bytes": 1,
        "max_bytes": 50 << 20,
        "isolation_level": 0,
        "session_id": 0,
        "session_epoch": -1,
        "rack_id": "",
    }
    message = KafkaFetchRequest(
        version=version,
        **(request | fields),
        topics=[
            topic_type(
                topic=name if isinstance(name, str) else "",
                topic_id=uuid.UUID(bytes=topic_id(name)),
                partitions=[topic_type.FetchPartition(**(partition | each)) for each in partitions],
            )
            for name, partitions in topics
        ],
        forgotten_topics_data=[
            forgotten_type(
                topic=name if isinstance(name, str) else "",
                topic_id=uuid.UUID(bytes=topic_id(name)),
                partitions=list(partitions),
            )
            for name, partitions in forgotten
        ],
    )
    message.with_header(correlation_id=CORRELATION, client_id="a client")
    return bytes(message.encode(header=True))


def read_response(response: bytes, kafka_class: Any, kio_name: str, version: int) -> tuple[Any, Any]:
    """Return a response as kafka-python and as kio read it; prefix and header hold and nothing is left."""
    assert struct.unpack_from(">i", response)[0] == len(response) - 4
    assert struct.unpack_from(">i", response, 4)[0] == CORRELATION
    flexible = kafka_class.flexible_version_q(version)
    body = response[9 if flexible else 8 :]
    assert not flexible or response[8] == 0
    module = importlib.import_module(f"kio.schema.{kio_name}.v{version}.response")
    by_kio, size = kio.serial.entity_reader(getattr(module, f"{kio_name.title()}Response"))(body, 0)
    assert size == len(body)
    by_kafka = kafka_class.decode(body, version=version)
    return by_kafka, by_kio


def mutate(message: bytes, changes: Sequence[tuple[int, int]], end: int) -> bytes:
    """Return a message with bytes changed behind its first 8, every third time cut short too."""
    mutated = bytearray(message)
    for place, value in changes:
        mutated[8 + place % (len(mutated) - 8)] = value
    if end % 3 == 0:
        mutated = mutated[: max(10, end % len(mutated))]
    return bytes(mutated)
