"""Records of many partitions, and which partition a key belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from skylog.core import BatchScatter, SharedBytes
from skylog.core import partitions_of as _partitions_of
from skylog.records._blocks import Columns, blocks_with
from skylog.records._columns import Columnar, blob_chunks, partition_chunks
from skylog.records._encoding import (
    MAX_BATCH_BYTES,
    Compression,
    TimestampType,
    batch_options,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """One partition's batch.

    Attributes
    ----------
    partition
        Which partition.
    batch
        The batch, a read-only buffer.
    record_count
        Its records.
    base_sequence
        Sequence of the first, -1 without a producer id.
    """

    partition: int
    batch: SharedBytes
    record_count: int
    base_sequence: int


class Scatter:
    """Routes rows to the batches of their partitions, in one pass over each column.

    Memory is bounded by the number of partitions times `max_batch_bytes`, and grows with what is written.
    Every batch has base offset 0, as brokers want it of producers.

    Parameters
    ----------
    partitions
        Their number; they are numbered from 0.
    max_batch_bytes, compression, level, timestamp_type, producer_id, producer_epoch, transactional
        As in :func:`skylog.records.encode`. With a producer id the sequence of each partition starts at 0.

    Raises
    ------
    ValueError
        If an option is out of its range.
    """

    def __init__(
        self,
        partitions: int,
        *,
        max_batch_bytes: int = MAX_BATCH_BYTES,
        compression: Compression | None = None,
        level: int | None = None,
        timestamp_type: TimestampType = "create",
        producer_id: int = -1,
        producer_epoch: int = -1,
        transactional: bool = False,
    ) -> None:
        options = batch_options(
            compression=compression,
            level=level,
            max_batch_bytes=max_batch_bytes,
            timestamp_type=timestamp_type,
            producer_id=producer_id,
            producer_epoch=producer_epoch,
            base_sequence=0 if producer_id >= 0 else -1,
            transactional=transactional,
        )
        self._core = BatchScatter(partitions, options)

    def write(
        self,
        values: Columnar,
        *,
        keys: Columnar | None = None,
        timestamps: Columnar | int | None = None,
        headers: Columnar | None = None,
        partitions: Columnar,
    ) -> list[Piece]:
        """Take all rows, and return the batches that got full.

        Parameters
        ----------
        values, keys, timestamps, headers
            As in :func:`skylog.records.encode`.
        partitions
            The partition of each row: int32, or other integers that are cast.

        Raises
        ------
        ValueError
            If a row cannot be in any batch or its partition is not there; no row was taken then.
        """
        columns = Columns.of(values, keys, timestamps, headers)
        blocks = list(blocks_with(columns, partition_chunks(partitions)))
        return [Piece(*parts) for parts in self._core.write(blocks)]

    def flush(self) -> list[Piece]:
        """Return the batches of all partitions that have begun one."""
        return [Piece(*parts) for parts in self._core.flush()]


def partitions_of(keys: Columnar, count: int) -> npt.NDArray[np.int32]:
    """Return the partition of each key as Java's producer chooses it.

    That is the positive part of murmur2 of the key, modulo `count`.

    Parameters
    ----------
    keys
        Bytes, as in :func:`skylog.records.encode`.
    count
        The topic's partitions.

    Returns
    -------
    numpy.ndarray
        int32; -1 for null keys, which belong to no partition in particular.
    """
    if not 0 < count < 2**31:
        raise ValueError(f"count: expected 1 to {2**31 - 1}, found {count}")
    chunks = [
        np.frombuffer(memoryview(_partitions_of(chunk, count)), np.int32)
        for chunk in blob_chunks("keys", keys)
    ]
    return chunks[0] if len(chunks) == 1 else np.concatenate([np.empty(0, np.int32), *chunks])
