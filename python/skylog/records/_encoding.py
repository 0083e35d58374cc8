"""Columns to record batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from skylog.core import BatchEncoder, BatchOptions, RecordColumns, SharedBytes
from skylog.records._blocks import PIECE_BYTES, Columns, blocks_of, marked_last, pieces
from skylog.records._columns import Columnar

Compression: TypeAlias = Literal["none", "gzip", "snappy", "lz4", "zstd"]
TimestampType: TypeAlias = Literal["create", "append"]

MAX_BATCH_BYTES = 1_048_588
"""What Kafka's brokers and producers take by default."""

BUFFER_BYTES = 16 << 20

INDEX_DTYPE = np.dtype(
    {
        "names": [
            "position",
            "size",
            "record_count",
            "base_offset",
            "base_sequence",
            "base_timestamp",
            "max_timestamp",
        ],
        "formats": ["i8", "i8", "i4", "i8", "i4", "i8", "i8"],
        "offsets": [0, 8, 40, 16, 44, 24, 32],
        "itemsize": 48,
    }
)
"""The rows of :attr:`Encoded.index`."""


class Encoded(SharedBytes):
    """Record batches, one after another, in one read-only buffer.

    `memoryview(encoded)` reads it without a copy, `bytes(encoded)` copies it, `len(encoded)` is its size in
    bytes.

    Attributes
    ----------
    index : numpy.ndarray
        One row a batch, read-only: `position` and `size` in bytes, `record_count`, `base_offset`,
        `base_sequence` (-1 without a producer id), `base_timestamp` and `max_timestamp` in ms (-1 for none).
    """

    __slots__ = ("index",)

    index: npt.NDArray[np.void]

    def __new__(cls, content: SharedBytes, index: bytes) -> Self:
        """Name the batches in `content`; `index` holds rows of the index one after another."""
        encoded = super().__new__(cls, content)
        encoded.index = np.frombuffer(index, INDEX_DTYPE)
        return encoded

    @property
    def record_count(self) -> int:
        """Records of all batches."""
        return int(self.index["record_count"].sum())

    def batches(self) -> list[memoryview]:
        """Return each batch by itself, without a copy."""
        view = memoryview(self)
        ends = zip(self.index["position"].tolist(), self.index["size"].tolist(), strict=True)
        return [view[position : position + size] for position, size in ends]

    def __repr__(self) -> str:
        return f"Encoded({len(self)} bytes, {len(self.index)} batches, {self.record_count} records)"


def encode(
    values: Columnar,
    *,
    keys: Columnar | None = None,
    timestamps: Columnar | int | None = None,
    headers: Columnar | None = None,
    compression: Compression | None = None,
    level: int | None = None,
    max_batch_bytes: int = MAX_BATCH_BYTES,
    timestamp_type: TimestampType = "create",
    producer_id: int = -1,
    producer_epoch: int = -1,
    base_sequence: int = -1,
    transactional: bool = False,
    base_offset: int = 0,
) -> Encoded:
    """Turn columns into Kafka record batches (format v2).

    Arrow columns are read where they are, without the GIL; no Python object is made for a record. Peak memory
    is the input and the output.

    Parameters
    ----------
    values, keys
        Bytes, row by row: an Arrow array or chunked array of binary, string, fixed-size binary, null or
        dictionary type (large and view types too); anything with Arrow's C interface, as polars, duckdb and
        pandas have; a numpy array of `S` or `V` type, or of uint8 with one row a record; or a sequence of
        `bytes | None`, which is copied into an Arrow array first. Nulls become Kafka nulls. numpy's `S` ends
        at its padding: zero bytes at the end of a value are not part of it.
    timestamps
        One number of milliseconds since 1970 for all records; or a column of int64 milliseconds, of Arrow
        timestamps of any unit or of numpy datetime64; times between milliseconds are rounded down, those
        without a zone are UTC, null is no time. None: the time of the call.
    headers
        An Arrow list of structs `key`, `value`, or an Arrow map; or a sequence with a sequence of
        `(str, bytes | None)` pairs, or None, for each record. Order and duplicates are kept.
    compression
        None, "gzip", "snappy", "lz4" or "zstd".
    level
        Of gzip and zstd; None for the codec's default.
    max_batch_bytes
        No batch is larger, however badly its records compress.
    timestamp_type
        "append" marks the batches as stamped by a broker; all records have one timestamp then.
    producer_id, producer_epoch, base_sequence
        Those of an idempotent producer; sequences go on from batch to batch and from 2^31 - 1 to 0.
    transactional
        Whether the batches belong to a transaction of the producer.
    base_offset
        Offset of the first record; the others follow without gaps.

    Returns
    -------
    Encoded
        The batches and their index. Empty for no records.

    Raises
    ------
    TypeError
        If a column is of a type that is not taken.
    ValueError
        If columns differ in length, an option is out of range, or a record cannot be written: too large for a
        batch by itself, a timestamp before 1970, a header without a key. The message names the column or the
        row.
    """
    encoder = BatchEncoder(
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
    return Encoded(*encoder.encode(blocks_of(Columns.of(values, keys, timestamps, headers))))


def iter_encode(
    values: Columnar,
    *,
    keys: Columnar | None = None,
    timestamps: Columnar | int | None = None,
    headers: Columnar | None = None,
    compression: Compression | None = None,
    level: int | None = None,
    max_batch_bytes: int = MAX_BATCH_BYTES,
    timestamp_type: TimestampType = "create",
    producer_id: int = -1,
    producer_epoch: int = -1,
    base_sequence: int = -1,
    transactional: bool = False,
    base_offset: int = 0,
    buffer_bytes: int = BUFFER_BYTES,
) -> Iterator[Encoded]:
    """Turn columns into Kafka record batches, some at a time.

    Together the outputs are what :func:`encode` returns; memory beyond the input is bounded by `buffer_bytes`
    and what the caller keeps. Sequences are copied a few MiB at a time.

    Parameters
    ----------
    buffer_bytes
        No output is larger, unless its only batch is.

    Other parameters and errors are those of :func:`encode`. Options are checked at once, rows when it is
    their turn.
    """
    options = batch_options(
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
    if not 1 <= buffer_bytes < 2**63:
        raise ValueError(f"buffer_bytes: expected 1 to 2^63 - 1, found {buffer_bytes}")
    return _outputs(BatchEncoder(options), Columns.of(values, keys, timestamps, headers), buffer_bytes)


def batch_options(
    *,
    compression: str | None,
    level: int | None,
    max_batch_bytes: int,
    timestamp_type: str,
    producer_id: int,
    producer_epoch: int,
    base_sequence: int,
    transactional: bool,
    base_offset: int = 0,
) -> BatchOptions:
    """Return the options as the core has them; ValueError for those out of range."""
    if timestamp_type not in {"create", "append"}:
        raise ValueError(f"timestamp_type: expected 'create' or 'append', found {timestamp_type!r}")
    numbers = {"max_batch_bytes": max_batch_bytes, "producer_id": producer_id, "base_offset": base_offset}
    for name, number in numbers.items():
        if not -(2**63) <= number < 2**63:
            raise ValueError(f"{name}: expected a number of 64 bits, found {number}")
    return BatchOptions(
        max_batch_bytes=max_batch_bytes,
        compression=compression,
        level=level,
        append_time=timestamp_type == "append",
        producer_id=producer_id,
        producer_epoch=producer_epoch,
        base_sequence=base_sequence,
        transactional=transactional,
        base_offset=base_offset,
    )


def _outputs(encoder: BatchEncoder, columns: Columns, buffer_bytes: int) -> Iterator[Encoded]:
    blocks: list[RecordColumns] = []
    first_row = row = 0
    for piece, last in marked_last(pieces(columns, 0, PIECE_BYTES)):
        blocks += blocks_of(piece)
        while blocks:
            parts, block, row = encoder.encode_some(blocks, row, first_row, last, buffer_bytes)
            first_row += sum(len(done) for done in blocks[:block])
            del blocks[:block]
            if not parts[1]:
                break
            yield Encoded(*parts)
