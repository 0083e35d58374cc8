"""The protocol without a client: requests of kafka-python's message classes over a bare socket."""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping, Sequence
from typing import Any, Self
from uuid import UUID

from kafka.protocol.consumer import FetchRequest, ListOffsetsRequest
from kafka.protocol.metadata import MetadataRequest
from kafka.protocol.producer import InitProducerIdRequest, ProduceRequest

WAIT_SECONDS = 30.0
LATEST, EARLIEST, MAX_TIMESTAMP = -1, -2, -3


class ClosedError(Exception):
    """The broker closed the connection."""


class Connection:
    """One connection. Answers are taken in the order in which requests were sent."""

    def __init__(self, bootstrap: str) -> None:
        host, port = bootstrap.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=WAIT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._next_correlation_id = 1
        self._waiting: dict[int, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, request: Any) -> int:
        """Send a request and return its correlation id."""
        return self.send_all([request])[0]

    def send_all(self, requests: Sequence[Any]) -> list[int]:
        """Send requests in one piece, so that all of them are in flight at once."""
        ids = [self._number(request) for request in requests]
        self.socket.sendall(
            b"".join(frame(request, number) for request, number in zip(requests, ids, strict=True))
        )
        return ids

    def receive(self) -> tuple[int, Any]:
        """Return the next answer and its correlation id."""
        data = self.receive_frame()
        number = struct.unpack_from(">i", data)[0]
        return number, self._waiting.pop(number).decode(data, header=True)

    def receive_frame(self) -> bytes:
        """Return the next frame without its length."""
        return self._exactly(struct.unpack(">i", self._exactly(4))[0])

    def ask(self, request: Any) -> Any:
        """Send a request and return its answer."""
        number = self.send(request)
        answered, response = self.receive()
        assert answered == number
        return response

    def closed_by_peer(self) -> bool:
        """Wait until the broker ends the connection; what it sends before is ignored."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionError:
            return True
        return True

    def produce(self, topic: str, partition: int, batch: bytes, *, version: int = 9) -> Any:
        """Produce one batch and return its partition's answer."""
        return (
            self.ask(produce_request({(topic, partition): batch}, version=version))
            .responses[0]
            .partition_responses[0]
        )

    def fetch(self, topic: str, partition: int, offset: int, *, max_bytes: int = 50 << 20) -> bytes:
        """Return the batches from `offset` on."""
        answer = self.ask(fetch_request(topic, partition, offset, max_bytes=max_bytes))
        found = answer.responses[0].partitions[0]
        assert found.error_code == 0, found
        return bytes(found.records or b"")

    def offset_at(self, topic: str, partition: int, time: int, *, version: int = 7) -> Any:
        """Return the answer to one offset query."""
        asked = ListOffsetsRequest.ListOffsetsTopic.ListOffsetsPartition(
            partition_index=partition, current_leader_epoch=-1, timestamp=time, max_num_offsets=1
        )
        topics = [ListOffsetsRequest.ListOffsetsTopic(name=topic, partitions=[asked])]
        request = ListOffsetsRequest[version](
            replica_id=-1, isolation_level=0, topics=topics, timeout_ms=20_000
        )
        return self.ask(request).topics[0].partitions[0]

    def end_offset(self, topic: str, partition: int) -> int:
        """Return the offset of the next record."""
        return self.offset_at(topic, partition, LATEST).offset

    def new_producer(self) -> tuple[int, int]:
        """Return a new producer id and its epoch."""
        answer = self.ask(
            InitProducerIdRequest[4](
                transactional_id=None, transaction_timeout_ms=60_000, producer_id=-1, producer_epoch=-1
            )
        )
        assert answer.error_code == 0
        return answer.producer_id, answer.producer_epoch

    def topic_id(self, topic: str) -> UUID:
        """Return the identity of a topic."""
        found = self.ask(metadata_request([topic])).topics[0]
        assert found.error_code == 0, found
        return found.topic_id

    def _number(self, request: Any) -> int:
        number = self._next_correlation_id
        self._next_correlation_id += 1
        request.with_header(correlation_id=number, client_id="raw")
        if request.expect_response():
            self._waiting[number] = request.header.get_response_class()
        return number

    def _exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            piece = self.socket.recv(min(size - len(data), 1 << 20))
            if not piece:
                raise ClosedError(f"after {len(data)} of {size} bytes")
            data += piece
        return bytes(data)


def frame(request: Any, correlation_id: int = 1) -> bytes:
    """Return a request as it goes over the wire."""
    request.with_header(correlation_id=correlation_id, client_id="raw")
    return bytes(request.encode(header=True, framed=True))


def produce_request(
    batches: Mapping[tuple[str, int], bytes], *, version: int = 9, acks: int = -1, timeout_ms: int = 30_000
) -> Any:
    """Return a Produce request by topic names (versions up to 12)."""
    kind = ProduceRequest.TopicProduceData
    by_topic: dict[str, list[Any]] = {}
    for (topic, partition), batch in batches.items():
        by_topic.setdefault(topic, []).append(kind.PartitionProduceData(index=partition, records=batch))
    topics = [kind(name=topic, partition_data=data) for topic, data in by_topic.items()]
    return ProduceRequest[version](transactional_id=None, acks=acks, timeout_ms=timeout_ms, topic_data=topics)


def produce_by_id(topic_id: UUID, partition: int, batch: bytes) -> Any:
    """Return a Produce request by topic identity (version 13)."""
    kind = ProduceRequest.TopicProduceData
    data = [kind.PartitionProduceData(index=partition, records=batch)]
    topics = [kind(topic_id=topic_id, partition_data=data)]
    return ProduceRequest[13](transactional_id=None, acks=-1, timeout_ms=30_000, topic_data=topics)


def fetch_request(
    topic: str, partition: int, offset: int, *, max_bytes: int = 50 << 20, wait_ms: int = 0, version: int = 12
) -> Any:
    """Return a Fetch request for one partition, by name (versions up to 12)."""
    kind = FetchRequest.FetchTopic
    asked = kind.FetchPartition(
        partition=partition,
        current_leader_epoch=-1,
        fetch_offset=offset,
        last_fetched_epoch=-1,
        log_start_offset=-1,
        partition_max_bytes=max_bytes,
    )
    return FetchRequest[version](
        replica_id=-1,
        max_wait_ms=wait_ms,
        min_bytes=1,
        max_bytes=max_bytes,
        isolation_level=0,
        session_id=0,
        session_epoch=-1,
        topics=[kind(topic=topic, partitions=[asked])],
        forgotten_topics_data=[],
        rack_id="",
    )


def metadata_request(topics: Sequence[str] | None, *, version: int = 12, create: bool = False) -> Any:
    """Return a Metadata request; None asks for all topics."""
    kind = MetadataRequest.MetadataRequestTopic
    asked = None if topics is None else [kind(topic_id=UUID(int=0), name=name) for name in topics]
    return MetadataRequest[version](
        topics=asked,
        allow_auto_topic_creation=create,
        include_cluster_authorized_operations=False,
        include_topic_authorized_operations=False,
    )
