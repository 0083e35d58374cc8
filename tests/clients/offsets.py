"""Ends of logs and places of groups, as confluent's client sees them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Consumer, TopicPartition

from clients.drivers.base import Membership
from clients.seeds import unique

WAIT_SECONDS = 20.0


@contextmanager
def plain_consumer(bootstrap: str, group: str | None = None, **options: object) -> Iterator[Consumer]:
    """Return a consumer that only asks."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group or unique("unused"), **options})
    try:
        yield consumer
    finally:
        consumer.close()


def end_offsets(bootstrap: str, topic: str, partitions: int) -> list[int]:
    """Return the offset after the last record of each partition."""
    with plain_consumer(bootstrap) as consumer:
        return [
            consumer.get_watermark_offsets(TopicPartition(topic, n), WAIT_SECONDS)[1]
            for n in range(partitions)
        ]


def committed_offsets(membership: Membership, partitions: int = 6) -> list[int]:
    """Return where the group stands in each partition; -1001 where it has no place."""
    asked = [TopicPartition(membership.topic, n) for n in range(partitions)]
    with plain_consumer(membership.bootstrap, membership.group) as consumer:
        return [answer.offset for answer in consumer.committed(asked, WAIT_SECONDS)]
