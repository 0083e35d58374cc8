"""The rows of topics and partitions, made once and shared by many answers: they are read only."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from skylog.catalog.authority import NOT_ASKED
from skylog.model import Topic
from skylog.wire.codes import ErrorCode
from skylog.wire.exchange import Body
from skylog.wire.shared import SharedRows

LEADER_EPOCH = 0
"""There are no leaders, so there is one epoch."""
ROWS_KEPT_MAX, LISTS_KEPT_MAX = 100_000, 1_000
"""Of lists that topics share. The oldest go first: maybe no topic is as long any more."""


class TopicRows:
    """Rows of topics and partitions.

    A partition's row says no more than index and leader, so partition n of all topics is the same row, and
    topics of as many partitions share one list of them, which is encoded once. The rows of all topics are
    kept until one changes: to show 10,000 partitions again costs a copy of bytes.

    Parameters
    ----------
    partition_row
        Makes the row of a partition from its leader and index.
    """

    def __init__(self, partition_row: Callable[[int, int], Body]) -> None:
        self._partition_row = partition_row
        self._partitions: list[Body] = []
        self._lists: dict[range, SharedRows] = {}
        self._kept = 0
        self._leader = -1
        self._all: dict[int, tuple[Sequence[Topic], SharedRows]] = {}

    def one(self, topic: Topic, leader: int, operations: int, some: range | None = None) -> Body:
        """Return the row of a topic with all partitions, or with some; `leader` leads every one."""
        self._follow(leader)
        return {
            "error_code": ErrorCode.NONE,
            "name": topic.name,
            "topic_id": topic.topic_id,
            "is_internal": topic.internal,
            "partitions": self._some(range(topic.partitions) if some is None else some),
            "topic_authorized_operations": operations,
        }

    def all(self, topics: Sequence[Topic], leader: int, operations: int) -> SharedRows:
        """Return the rows of `topics`; the same sequence again costs nothing."""
        self._follow(leader)
        seen, rows = self._all.get(operations, (None, SharedRows(())))
        if seen is not topics:
            rows = SharedRows(self.one(topic, leader, operations) for topic in topics)
            self._all[operations] = topics, rows
        return rows

    def _follow(self, leader: int) -> None:
        if leader != self._leader:
            self._leader = leader
            self._partitions = []
            self._lists, self._kept = {}, 0
            self._all = {}

    def _some(self, indexes: range) -> SharedRows:
        """Return the rows of these partitions: the same list for every topic."""
        rows = self._lists.get(indexes)
        if rows is None:
            made = self._partitions
            made.extend(self._partition_row(self._leader, index) for index in range(len(made), indexes.stop))
            rows = SharedRows(made[indexes.start : indexes.stop])
            self._make_room(len(rows))
            self._lists[indexes] = rows
        return rows

    def _make_room(self, count: int) -> None:
        self._kept += count
        while self._lists and (self._kept > ROWS_KEPT_MAX or len(self._lists) >= LISTS_KEPT_MAX):
            self._kept -= len(self._lists.pop(next(iter(self._lists))))


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
