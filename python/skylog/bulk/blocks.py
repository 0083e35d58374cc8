"""Tables of any kind as blocks of rows, small enough to be worked on one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

BLOCK_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column of a table becomes which part of a record; None for parts that records lack.

    `partition` is a column of partition numbers, or one number for all.
    """

    value: str | None
    key: str | None
    timestamp: str | None
    headers: str | None
    partition: str | int | None

    def names(self) -> dict[str, str]:
        """Return the columns by argument."""
        every = {
            "value": self.value,
            "key": self.key,
            "timestamp": self.timestamp,
            "headers": self.headers,
            "partition": self.partition,
        }
        return {argument: name for argument, name in every.items() if isinstance(name, str)}

    def check(self, schema: pa.Schema) -> None:
        """Raise `ValueError` for a column that a table lacks."""
        for argument, name in self.names().items():
            if name not in schema.names:
                raise ValueError(
                    f"{argument}={name!r}: the table has no such column, it has {schema.names};"
                    f" name another, or pass {argument}=None for records without"
                )


@dataclass(frozen=True, slots=True)
class Block:
    """Some adjacent rows.

    Attributes
    ----------
    first_row : int
        Place of its first row in all that was given.
    batch : pyarrow.RecordBatch
    """

    first_row: int
    batch: pa.RecordBatch

    @property
    def row_count(self) -> int:
        """Rows in it."""
        return int(self.batch.num_rows)

    def column(self, name: str | None) -> pa.Array | None:
        """Return a column; None for no name."""
        return None if name is None else self.batch.column(name)


def blocks(table: object, columns: Columns, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """Cut a table, or an iterable of tables, into blocks of about `block_bytes`; nothing is copied.

    Only the columns named are looked at.

    Raises
    ------
    TypeError
        Something that has no Arrow interface.
    ValueError
        A column is missing.
    """
    row = 0
    for batch in _batches(table, columns):
        step = _rows_per_block(batch, block_bytes)
        for start in range(0, batch.num_rows, step):
            part = batch.slice(start, step)
            yield Block(row, part)
            row += part.num_rows


def row_count(table: object) -> int | None:
    """Return how many rows a table has, where it can be told without reading it."""
    if isinstance(table, pa.Table | pa.RecordBatch):
        return int(table.num_rows)
    shape = getattr(table, "shape", None)
    if isinstance(shape, tuple) and len(shape) == 2 and isinstance(shape[0], int) and shape[0] >= 0:
        return shape[0]
    return None


def _rows_per_block(batch: pa.RecordBatch, block_bytes: int) -> int:
    row_bytes = batch.nbytes / max(batch.num_rows, 1)
    return max(1, int(block_bytes / max(row_bytes, 1.0)))


def _batches(table: object, columns: Columns) -> Iterator[pa.RecordBatch]:
    stream = _stream(table)
    if stream is not None:
        yield from _of_stream(stream, columns)
    elif isinstance(table, Iterable) and not isinstance(table, str | bytes | dict):
        for each in table:
            inner = _stream(each)
            if inner is None:
                raise TypeError(_no_table(each, "an iterable of tables"))
            yield from _of_stream(inner, columns)
    else:
        raise TypeError(_no_table(table, "a table or an iterable of tables"))


def _of_stream(stream: pa.RecordBatchReader, columns: Columns) -> Iterator[pa.RecordBatch]:
    columns.check(stream.schema)
    names = list(dict.fromkeys(columns.names().values()))
    for batch in stream:
        yield batch.select(names)


def _stream(table: Any) -> pa.RecordBatchReader | None:
    if isinstance(table, pa.RecordBatchReader):
        return table
    if isinstance(table, pa.Table):
        return table.to_reader()
    if hasattr(table, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(table)
    if hasattr(table, "__arrow_c_array__"):
        batch = pa.record_batch(table)
        return pa.RecordBatchReader.from_batches(batch.schema, [batch])
    return None


def _no_table(found: object, expected: str) -> str:
    return (
        f"table: expected {expected} with the Arrow interface (pyarrow, polars, pandas, duckdb…),"
        f" found {type(found).__name__}"
    )
