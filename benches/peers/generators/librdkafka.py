"""librdkafka by confluent-kafka: records go in by lists, so that Python's share stays small."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition

from peers.generators.job import Job, Told, main
from peers.payload import records

_AT_ONCE = 2000
_IDLE_S = 60.0


class _Requests:
    """Counts Produce requests, and remembers what batches were like."""

    def __init__(self) -> None:
        self.count = 0
        self.batch_bytes = 0.0

    def take(self, statistics: str) -> None:
        told = json.loads(statistics)
        self.count = sum(broker["req"].get("Produce", 0) for broker in told["brokers"].values())
        sizes = [topic["batchsize"]["avg"] for topic in told["topics"].values()]
        self.batch_bytes = max([self.batch_bytes, *sizes])


def produce(job: Job) -> Told:
    """Send records to the partitions in turn, a batch each; idempotent, acks=all."""
    requests = _Requests()
    producer = Producer(_settings(job) | {"stats_cb": requests.take})
    start = time.perf_counter()
    for messages in _messages(job):
        _send(producer, job.topic, messages)
    if left := producer.flush(_IDLE_S):
        raise SystemExit(f"{left} records were not acknowledged")
    seconds = time.perf_counter() - start
    producer.poll(0.3)  # the last statistics
    return {
        "records": job.count,
        "seconds": seconds,
        "requests": requests.count,
        "batch_bytes": requests.batch_bytes,
        "records_per_request": job.count / max(1, requests.count),
    }


def _send(producer: Producer, topic: str, messages: list[dict[str, object]]) -> None:
    """Hand a list over; what the queue had no room for is handed over again."""
    while messages:
        producer.produce_batch(topic, messages)
        messages = [message for message in messages if "_error" in message]
        for message in messages:
            del message["_error"]
        producer.poll(0.01 if messages else 0)


def _settings(job: Job) -> dict[str, object]:
    return {
        "bootstrap.servers": job.bootstrap,
        "enable.idempotence": True,
        "batch.size": job.batch_bytes,
        "batch.num.messages": 1_000_000,
        "compression.type": job.compression,
        "queue.buffering.max.kbytes": 128 * 1024,
        "queue.buffering.max.messages": 1_000_000,
        "statistics.interval.ms": 200,
    }


def _messages(job: Job) -> Iterator[list[dict[str, object]]]:
    """Give lists of records; each list goes to one partition, the next to the next."""
    values = records(Path(job.payload))
    at_once = min(_AT_ONCE, max(1, job.batch_bytes // (job.record_bytes + 8)))
    first = partition = 0
    for begin in range(0, job.count, at_once):
        size = min(at_once, job.count - begin)
        chosen = values[first : first + size] or values[:size]
        chosen += values[: size - len(chosen)]
        first = (first + size) % len(values)
        yield [{"value": value, "partition": partition} for value in chosen]
        partition = (partition + 1) % job.partitions


def fetch(job: Job) -> Told:
    """Read so many records of all partitions from the start, no group."""
    consumer = Consumer(
        {
            "bootstrap.servers": job.bootstrap,
            "group.id": "bench",
            "enable.auto.commit": False,
            "fetch.message.max.bytes": 1 << 20,
            "queued.max.messages.kbytes": 64 * 1024,
        }
    )
    consumer.assign([TopicPartition(job.topic, partition, job.start) for partition in range(job.partitions)])
    print("ready", flush=True)
    got, start, deadline = 0, 0.0, time.perf_counter() + _IDLE_S
    while got < job.count and time.perf_counter() < deadline:
        messages = consumer.consume(10_000, 0.1)
        if messages:
            start, deadline = start or time.perf_counter(), time.perf_counter() + _IDLE_S
        if broken := next((message.error() for message in messages if message.error()), None):
            raise SystemExit(str(broken))
        got += len(messages)
    if got < job.count:
        raise SystemExit(f"expected {job.count} records, found {got}")
    seconds = time.perf_counter() - start
    consumer.close()
    return {"records": got, "seconds": seconds}


if __name__ == "__main__":
    main({"produce": produce, "fetch": fetch})
