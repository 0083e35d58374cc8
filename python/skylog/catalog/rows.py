"""The rows of topics and partitions, made once and shared by many answers: they are read only."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from skylog.catalog.authority import NOT_ASKED
from skylog.model import Topic
from skylog.wire.codes import ErrorCode
from skylog.wire.exchange import Body

LEADER_EPOCH = 0
"""There are no leaders, so there is one epoch."""


class TopicRows:
    """Rows of topics and partitions.

    A partition's row says no more than index and leader, so partition n of all topics is the same row: an
    answer about 10,000 partitions costs a slice per topic. The rows of all topics are kept until one changes.

    Parameters
    ----------
    partition_row
        Makes the row of a partition from its leader and index.
    """

    def __init__(self, partition_row: Callable[[int, int], Body]) -> None:
        self._partition_row = partition_row
        self._partitions: list[Body] = []
        self._leader = -1
        self._all: dict[int, tuple[Sequence[Topic], list[Body]]] = {}

    def one(
        self, topic: Topic, leader: int, operations: int, *, start: int = 0, stop: int | None = None
    ) -> Body:
        """Return the row of a topic all of whose partitions are led by `leader`, or some of them."""
        self._follow(leader)
        return {
            "error_code": ErrorCode.NONE,
            "name": topic.name,
            "topic_id": topic.topic_id,
            "is_internal": topic.internal,
            "partitions": self._some(start, topic.partitions if stop is None else stop),
            "topic_authorized_operations": operations,
        }

    def all(self, topics: Sequence[Topic], leader: int, operations: int) -> list[Body]:
        """Return the rows of `topics`; the same sequence again costs nothing."""
        self._follow(leader)
        seen, rows = self._all.get(operations, (None, []))
        if seen is not topics:
            rows = [self.one(topic, leader, operations) for topic in topics]
            self._all[operations] = topics, rows
        return rows

    def _follow(self, leader: int) -> None:
        if leader != self._leader:
            self._leader = leader
            self._partitions = []
            self._all = {}

    def _some(self, start: int, stop: int) -> list[Body]:
        rows = self._partitions
        rows.extend(self._partition_row(self._leader, index) for index in range(len(rows), stop))
        return rows[start:stop]


def missing_row(name: str | None, topic_id: bytes, code: ErrorCode, operations: int = NOT_ASKED) -> Body:
    """Return the row of a topic that cannot be shown."""
    return {
        "error_code": code,
        "name": name,
        "topic_id": topic_id,
        "is_internal": False,
        "partitions": [],
        "topic_authorized_operations": operations,
    }


def metadata_row(leader: int, index: int) -> Body:
    """Return the row of a partition as Metadata shows it."""
    return {
        "error_code": ErrorCode.NONE,
        "partition_index": index,
        "leader_id": leader,
        "leader_epoch": LEADER_EPOCH,
        "replica_nodes": [leader],
        "isr_nodes": [leader],
        "offline_replicas": [],
    }


def described_row(leader: int, index: int) -> Body:
    """Return the row of a partition as DescribeTopicPartitions shows it."""
    return {**metadata_row(leader, index), "eligible_leader_replicas": [], "last_known_elr": []}
