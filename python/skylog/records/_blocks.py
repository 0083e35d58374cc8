"""The columns of records, cut into blocks that have the same rows of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from skylog.clock import SystemClock
from skylog.core import RecordColumns
from skylog.records._columns import (
    Chunks,
    Columnar,
    arrow_of,
    blob_chunks,
    constant_time,
    header_chunks,
    is_plain_sequence,
    pairs_of,
    time_chunks,
)

PIECE_BYTES = 4 << 20
_RECORD_BYTES_MIN = 7


class Columns(NamedTuple):
    """The columns of records as a caller has them."""

    values: Columnar
    keys: Columnar | None
    timestamps: Columnar | int
    headers: Columnar | None

    @classmethod
    def of(
        cls,
        values: Columnar,
        keys: Columnar | None,
        timestamps: Columnar | int | None,
        headers: Columnar | None,
    ) -> Columns:
        """Return the columns, with the time of this call where none is given."""
        if timestamps is None:
            timestamps = SystemClock().now_ms()
        elif isinstance(timestamps, int | np.integer):
            timestamps = constant_time(int(timestamps))
        return cls(values, keys, timestamps, headers)


def blocks_of(columns: Columns) -> list[RecordColumns]:
    """Return the records as the core has them.

    Raises
    ------
    TypeError
        If a column is of a type that is not taken.
    ValueError
        If columns differ in length.
    """
    return [block for block, _ in blocks_with(columns, None)]


def blocks_with(columns: Columns, partitions: Chunks | None) -> Iterator[tuple[RecordColumns, Any]]:
    """Return the records as the core has them, each block with its rows of `partitions`."""
    constant = columns.timestamps if isinstance(columns.timestamps, int) else None
    chunks = {
        "values": blob_chunks("values", columns.values),
        "keys": None if columns.keys is None else blob_chunks("keys", columns.keys),
        "timestamps": None if constant is not None else time_chunks(columns.timestamps),
        "headers": None if columns.headers is None else header_chunks(columns.headers),
        "partitions": partitions,
    }
    _require_same_rows(chunks)
    for value, key, time, header, partition in aligned(list(chunks.values())):
        yield RecordColumns(value, key, time if constant is None else constant, header), partition


def aligned(columns: Sequence[Chunks | None]) -> Iterator[tuple[Any, ...]]:
    """Cut columns of the same length so that they have the same chunks; nothing is copied."""
    present = [chunks for chunks in columns if chunks is not None]
    cuts = sorted({0}.union(*(np.cumsum([len(chunk) for chunk in chunks]).tolist() for chunks in present)))
    cutters = [None if chunks is None else _cut_chunks(chunks, cuts) for chunks in columns]
    for _ in pairwise(cuts):
        yield tuple(None if cutter is None else next(cutter) for cutter in cutters)


def pieces(columns: Columns, start: int, piece_bytes: int) -> Iterator[Columns]:
    """Cut columns from row `start` on so that what has to be copied of sequences stays near `piece_bytes`.

    Where all columns are Arrow's already there is one piece. Every piece but the last has records of
    `piece_bytes`.

    Raises
    ------
    ValueError
        If the columns differ in length.
    """
    whole = Columns(*map(_sliceable, columns))
    plain = any(map(is_plain_sequence, (columns.values, columns.keys, columns.headers)))
    if start == 0 and not plain:
        yield whole
        return
    rows = _row_count(whole)
    for stop in _stops(whole, start, rows, piece_bytes) if plain else [rows]:
        yield Columns(*(_cut(column, start, stop) for column in whole))
        start = stop


def marked_last(items: Iterator[Columns]) -> Iterator[tuple[Columns, bool]]:
    """Tell with each item whether it is the last."""
    held = next(items, None)
    while held is not None:
        following = next(items, None)
        yield held, following is None
        held = following


def _require_same_rows(columns: dict[str, Chunks | None]) -> None:
    rows = {name: sum(map(len, chunks)) for name, chunks in columns.items() if chunks is not None}
    for name, found in rows.items():
        if found != rows["values"]:
            raise ValueError(f"{name}: expected as many rows as values has ({rows['values']}), found {found}")


def _cut_chunks(chunks: Chunks, cuts: list[int]) -> Iterator[pa.Array]:
    start, remaining = 0, iter(chunks)
    chunk = next(remaining, None)
    for cut, end in pairwise(cuts):
        while chunk is not None and start + len(chunk) <= cut:
            start += len(chunk)
            chunk = next(remaining, None)
        if chunk is not None:
            yield chunk.slice(cut - start, end - cut)


def _sliceable(column: Columnar | int | None) -> Columnar | int | None:
    arrow = None if column is None or isinstance(column, int) else arrow_of(column)
    return column if arrow is None else arrow


def _row_count(columns: Columns) -> int:
    rows = len(columns.values)
    for name, column in zip(Columns._fields, columns, strict=True):
        if column is not None and not isinstance(column, int) and len(column) != rows:
            raise ValueError(f"{name}: expected as many rows as values has ({rows}), found {len(column)}")
    return rows


def _cut(column: Columnar | int | None, start: int, stop: int) -> Columnar | int | None:
    return column if column is None or isinstance(column, int) else column[start:stop]


def _stops(columns: Columns, start: int, rows: int, piece_bytes: int) -> Iterator[int]:
    """Return the rows before which a piece ends."""
    blobs: list[Any] = [column for column in (columns.values, columns.keys) if is_plain_sequence(column)]
    headers: Any = columns.headers if is_plain_sequence(columns.headers) else None
    size = 0
    for row in range(start, rows):
        size += _RECORD_BYTES_MIN + sum(len(column[row] or b"") for column in blobs)
        size += 0 if headers is None else _headers_size(headers[row])
        if size >= piece_bytes or row + 1 == rows:
            yield row + 1
            size = 0


def _headers_size(headers: Sequence[tuple[str, bytes | None]] | None) -> int:
    return sum(len(key) + len(value or b"") for key, value in pairs_of(headers) or ())
