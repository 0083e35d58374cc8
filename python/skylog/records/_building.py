"""One batch after another of records that come little by little."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from skylog.clock import SystemClock
from skylog.core import BatchBuilder
from skylog.records._blocks import Columns, blocks_of, pieces
from skylog.records._columns import TIMESTAMP_MS_MAX, Columnar
from skylog.records._encoding import (
    MAX_BATCH_BYTES,
    Compression,
    Encoded,
    TimestampType,
    batch_options,
)

Blob: TypeAlias = bytes | bytearray | memoryview
"""Bytes of a key, value or header."""


class Builder:
    """Collects records until a batch is full; what is not taken stays the caller's.

    Parameters
    ----------
    max_batch_bytes, compression, level, timestamp_type
    producer_id, producer_epoch, base_sequence, transactional, base_offset
        As in :func:`skylog.records.encode`.

    Raises
    ------
    ValueError
        If an option is out of its range.
    """

    def __init__(
        self,
        *,
        max_batch_bytes: int = MAX_BATCH_BYTES,
        compression: Compression | None = None,
        level: int | None = None,
        timestamp_type: TimestampType = "create",
        producer_id: int = -1,
        producer_epoch: int = -1,
        base_sequence: int = -1,
        transactional: bool = False,
        base_offset: int = 0,
    ) -> None:
        self._clock = SystemClock()
        self._max_batch_bytes = max_batch_bytes
        self._core = BatchBuilder(
            batch_options(
                compression=compression,
                level=level,
                max_batch_bytes=max_batch_bytes,
                timestamp_type=timestamp_type,
                producer_id=producer_id,
                producer_epoch=producer_epoch,
                base_sequence=base_sequence,
                transactional=transactional,
                base_offset=base_offset,
            )
        )

    def append(
        self,
        value: Blob | None,
        key: Blob | None = None,
        timestamp: int | None = None,
        headers: Sequence[tuple[str, Blob | None]] = (),
    ) -> bool:
        """Take one record, if the batch has room for it.

        Parameters
        ----------
        timestamp
            Milliseconds since 1970, -1 for none; None for now.

        Returns
        -------
        bool
            False if the batch is full, or has another timestamp with `timestamp_type="append"`: nothing was
            taken, append again after :meth:`take`.

        Raises
        ------
        ValueError
            If the record cannot be in any batch.
        """
        if timestamp is None:
            timestamp = self._clock.now_ms()
        try:
            return self._core.append(value, key, timestamp, headers)
        except OverflowError:
            raise ValueError(f"timestamp: expected -1 to {TIMESTAMP_MS_MAX} ms, found {timestamp}") from None

    def extend(
        self,
        values: Columnar,
        *,
        keys: Columnar | None = None,
        timestamps: Columnar | int | None = None,
        headers: Columnar | None = None,
        start: int = 0,
    ) -> int:
        """Take records of columns, from row `start` on, until the batch is full.

        Columns are those of :func:`skylog.records.encode`.

        Returns
        -------
        int
            Rows taken; after :meth:`take` go on with `start` moved on by as many.

        Raises
        ------
        ValueError
            If row `start` cannot be in any batch, or columns differ in length; nothing was taken. A later row
            that cannot ends the run before it.
        """
        if start < 0:
            raise ValueError(f"start: expected at least 0, found {start}")
        columns = Columns.of(values, keys, timestamps, headers)
        # Records of so many bytes fill any batch, so that one piece is enough.
        piece = next(pieces(columns, start, self._max_batch_bytes), None)
        taken = 0
        for block in [] if piece is None else blocks_of(piece):
            rows = self._core.extend(block, start + taken)
            taken += rows
            if rows < len(block):
                break
        return taken

    def take(self) -> Encoded | None:
        """Return the batch, None if nothing was taken. The next goes on in offset and sequence."""
        parts = self._core.take()
        return None if parts is None else Encoded(*parts)

    @property
    def record_count(self) -> int:
        """Records of the batch so far."""
        return self._core.record_count

    @property
    def size_bytes(self) -> int:
        """Bytes of the batch so far, before they are compressed; 0 without records."""
        return self._core.size_bytes

    def __repr__(self) -> str:
        return f"Builder({self.record_count} records, {self.size_bytes} bytes)"
