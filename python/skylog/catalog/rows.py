"""The rows of partitions in Metadata, made once and shared by all topics and answers."""

from __future__ import annotations

from skylog.wire.codes import ErrorCode
from skylog.wire.exchange import Body

LEADER_EPOCH = 0
"""There are no leaders, so there is one epoch."""


class PartitionRows:
    """A row says no more than index and leader, so partition n of all topics is the same row.

    An answer about 10,000 partitions thus costs a slice per topic. The rows are shared: they are read only.
    """

    def __init__(self) -> None:
        self._rows: dict[int, list[Body]] = {}

    def of(self, leader: int, partitions: int) -> list[Body]:
        """Return the rows of partitions 0 to `partitions` - 1, all led by `leader`."""
        rows = self._rows.setdefault(leader, [])
        rows.extend(_row(leader, index) for index in range(len(rows), partitions))
        return rows[:partitions]


def _row(leader: int, index: int) -> Body:
    return {
        "error_code": ErrorCode.NONE,
        "partition_index": index,
        "leader_id": leader,
        "leader_epoch": LEADER_EPOCH,
        "replica_nodes": [leader],
        "isr_nodes": [leader],
        "offline_replicas": [],
    }
