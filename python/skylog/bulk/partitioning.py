"""Which partition a record goes to: the one it names, Java's choice by its key, or the next in turn."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from skylog import records
from skylog.bulk.blocks import Block, Columns

Partitions: TypeAlias = npt.NDArray[np.int32]

_RECORD_BYTES: Final = 12
"""About what a record takes besides key and value."""


class Turns:
    """Partitions in turn, about one batch's worth of rows each, so that rows without a key make full batches.

    Parameters
    ----------
    partition_count : int
    batch_bytes : int
        What a partition gets before it is the next one's turn.
    first : int
        The partition to begin with.
    """

    def __init__(self, partition_count: int, batch_bytes: int, first: int) -> None:
        self._count = partition_count
        self._batch_bytes = batch_bytes
        self._partition = first % partition_count
        self._left_bytes = batch_bytes

    def take(self, rows: int, row_bytes: float) -> Partitions:
        """Return the partitions of so many rows of about `row_bytes`."""
        per_turn = max(1, int(self._batch_bytes / row_bytes))
        head = min(rows, max(1, int(self._left_bytes / row_bytes)))
        turns = -(-(rows - head) // per_turn)
        lengths = np.full(turns + 1, per_turn)
        lengths[0] = head
        lengths[-1] -= int(lengths.sum()) - rows
        order = ((self._partition + np.arange(turns + 1)) % self._count).astype(np.int32)
        self._go_on(int(order[-1]), int(lengths[-1]) * row_bytes, fresh=turns > 0)
        return np.repeat(order, lengths)

    def _go_on(self, partition: int, taken_bytes: float, *, fresh: bool) -> None:
        self._partition = partition
        self._left_bytes = (self._batch_bytes if fresh else self._left_bytes) - int(taken_bytes)
        if self._left_bytes <= 0:
            self._partition = (partition + 1) % self._count
            self._left_bytes = self._batch_bytes


class Partitioner:
    """Chooses the partitions of blocks of rows.

    Parameters
    ----------
    columns : Columns
    partition_count : int
    turns : Turns
        For rows that neither name a partition nor have a key.
    """

    def __init__(self, columns: Columns, partition_count: int, turns: Turns) -> None:
        self._columns = columns
        self._count = partition_count
        self._turns = turns
        fixed = columns.partition
        if isinstance(fixed, int) and not 0 <= fixed < partition_count:
            raise ValueError(
                f"partition: expected 0 to {partition_count - 1}, which the topic has, found {fixed}"
            )

    def choose(self, block: Block) -> Partitions:
        """Return the partition of each row. Raises `ValueError` naming a row whose partition there is not."""
        if isinstance(self._columns.partition, int):
            return np.full(block.row_count, self._columns.partition, np.int32)
        if self._columns.partition is not None:
            return self._named(block, self._columns.partition)
        return self._by_key(block)

    def _named(self, block: Block, name: str) -> Partitions:
        column: Any = block.column(name)
        if not pa.types.is_integer(column.type):
            raise TypeError(f"partition={name!r}: expected a column of integers, found {column.type}")
        given = pc.fill_null(column, -1).to_numpy(zero_copy_only=False)
        wrong = np.flatnonzero((given < 0) | (given >= self._count))
        if wrong.size:
            found, row = column[int(wrong[0])].as_py(), block.first_row + int(wrong[0])
            raise ValueError(f"partition={name!r}: row {row}: expected 0 to {self._count - 1}, found {found}")
        partitions: Partitions = given.astype(np.int32)
        return partitions

    def _by_key(self, block: Block) -> Partitions:
        keys = block.column(self._columns.key)
        if keys is None or keys.null_count == len(keys):
            return self._turns.take(block.row_count, _row_bytes(block))
        chosen = records.partitions_of(keys, self._count)
        if keys.null_count:
            without = np.flatnonzero(chosen < 0)
            chosen = chosen.copy()
            chosen[without] = self._turns.take(len(without), _row_bytes(block))
        return chosen


def _row_bytes(block: Block) -> float:
    return float(block.batch.nbytes / max(block.row_count, 1)) + _RECORD_BYTES
