"""DescribeTopicPartitions: topics by name, some partitions at a time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from skylog.catalog.authority import TOPIC_OPERATIONS
from skylog.catalog.catalog import Catalog
from skylog.catalog.names import check_topic_name
from skylog.catalog.rows import TopicRows, described_row, missing_row
from skylog.catalog.verdicts import bounded
from skylog.model import NO_TOPIC_ID, ClusterView, Topic
from skylog.wire.codes import ErrorCode, KafkaError
from skylog.wire.exchange import Body, Handler, Request

DESCRIBE_TOPIC_PARTITIONS = 75

PARTITIONS_MAX = 2_000
"""Partitions of one answer. Kafka: max.request.partition.size.limit."""

Asked: TypeAlias = Iterable[tuple[str, Topic | None]]
"""Topics in the order of their names; None is one that is not there."""


class PagingHandler:
    """Answers from memory. The cost is that of the partitions shown, wherever the cursor stands."""

    def __init__(self, catalog: Catalog, view: Callable[[], ClusterView]) -> None:
        self._catalog = catalog
        self._view = view
        self._rows = TopicRows(described_row)

    def handlers(self) -> dict[int, Handler]:
        """Return the handlers by api key."""
        return {DESCRIBE_TOPIC_PARTITIONS: self.describe_topic_partitions}

    async def describe_topic_partitions(self, request: Request) -> Body:
        """Answer DescribeTopicPartitions v0; without names all topics. What is named twice is shown once."""
        body = request.body
        names = sorted({topic["name"] for topic in bounded(body["topics"], "topics")})
        cursor = body["cursor"] or _beginning(names)
        first, start = cursor["topic_name"], cursor["partition_index"]
        if start < 0 or (names and first not in names):
            # The answer has no place for an error of the whole.
            rows = [missing_row(name, NO_TOPIC_ID, ErrorCode.INVALID_REQUEST) for name in names]
            return {"topics": rows, "next_cursor": None}
        asked = self._named(names, first) if names else self._all(first)
        limit = min(max(body["response_partition_limit"], 1), PARTITIONS_MAX)
        return self._page(asked, first, start, limit)

    def _named(self, names: Sequence[str], since: str) -> Asked:
        for name in names[bisect_left(names, since) :]:
            yield name, self._catalog.by_name(name)

    def _all(self, since: str) -> Asked:
        topics = self._catalog.all()
        for at in range(bisect_left(topics, since, key=lambda topic: topic.name), len(topics)):
            yield topics[at].name, topics[at]

    def _page(self, asked: Asked, first: str, start: int, left: int) -> Body:
        """Show up to `left` partitions, of the topic `first` those from `start` on."""
        leader = self._view().self_id
        rows: list[Body] = []
        for name, topic in asked:
            if left == 0:
                return _answer(rows, name, 0)
            if topic is None:
                rows.append(missing_row(name, NO_TOPIC_ID, _missing(name), TOPIC_OPERATIONS))
                continue
            begin = start if name == first else 0
            end = min(topic.partitions, begin + left)
            rows.append(self._rows.one(topic, leader, TOPIC_OPERATIONS, range(begin, end)))
            if end < topic.partitions:
                return _answer(rows, name, end)
            left -= max(end - begin, 0)
        return {"topics": rows, "next_cursor": None}


def _beginning(names: Sequence[str]) -> Body:
    return {"topic_name": names[0] if names else "", "partition_index": 0}


def _answer(rows: list[Body], name: str, partition: int) -> Body:
    """Return an answer that ends before this partition."""
    return {"topics": rows, "next_cursor": {"topic_name": name, "partition_index": partition}}


def _missing(name: str) -> ErrorCode:
    try:
        check_topic_name(name)
    except KafkaError as error:
        return error.code
    return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
