"""Columns as people have them, brought to Arrow without a copy where memory allows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Columnar: TypeAlias = Any
"""An Arrow array or chunked array, what has Arrow's C interface, a numpy array, or a sequence."""

Chunks: TypeAlias = list[pa.Array]

HEADERS_TYPE = pa.map_(pa.string(), pa.binary())
TIMESTAMP_MS_MAX = 2**63 - 2


def blob_chunks(name: str, column: Columnar) -> Chunks:
    """Return a column of bytes as Arrow arrays.

    Parameters
    ----------
    name
        What errors call it.
    column
        See :func:`skylog.records.encode`.

    Raises
    ------
    TypeError
        If it is nothing that holds bytes.
    """
    arrow = arrow_of(column)
    if arrow is not None:
        return [_plain(chunk) for chunk in arrow.chunks]
    if isinstance(column, np.ndarray):
        return _fixed_width(name, column)
    _require_sequence(name, column, "bytes or None")
    return _converted(name, column, pa.binary())


def time_chunks(column: Columnar) -> Chunks:
    """Return a column of times as Arrow arrays of int64 milliseconds or of timestamps."""
    arrow = arrow_of(column)
    if arrow is not None:
        return [_times(chunk) for chunk in arrow.chunks]
    if isinstance(column, np.ndarray):
        column = _in_arrow_unit(column)
    else:
        _require_sequence("timestamps", column, "int milliseconds, datetime or None")
    return [_times(chunk) for chunk in _converted("timestamps", column, None)]


def header_chunks(column: Columnar) -> Chunks:
    """Return a column of headers as Arrow arrays of lists of structs, or of maps."""
    arrow = arrow_of(column)
    if arrow is not None:
        return [_plain(chunk) for chunk in arrow.chunks]
    _require_sequence("headers", column, "one sequence of (key, value) pairs, or None, for each record")
    rows = (row if row is None else list(pairs_of(row)) for row in column)
    return _converted("headers", rows, HEADERS_TYPE)


def pairs_of(row: Any) -> Any:
    """Return the headers of one record; TypeError if looking at them twice would lose them."""
    if isinstance(row, Iterator):
        raise TypeError(
            f"headers: expected a sequence of (key, value) pairs for each record, found {type(row).__name__}"
        )
    return row


def partition_chunks(column: Columnar) -> Chunks:
    """Return a column of partitions as Arrow arrays of int32."""
    arrow = arrow_of(column)
    chunks = _converted("partitions", column, None) if arrow is None else arrow.chunks
    return [_integers("partitions", chunk, pa.int32()) for chunk in chunks]


def arrow_of(column: Columnar) -> pa.ChunkedArray | None:
    """Return what is Arrow or has one of its interfaces as a chunked array, None for all else."""
    if isinstance(column, pa.ChunkedArray):
        return column
    if isinstance(column, pa.Array):
        return pa.chunked_array([column])
    if hasattr(column, "__arrow_c_stream__"):
        return _only_column(pa.chunked_array(column))
    if hasattr(column, "__arrow_c_array__") or hasattr(column, "__arrow_array__"):
        return arrow_of(pa.array(column))
    if hasattr(column, "__array__") and not isinstance(column, np.ndarray):
        # A series of pandas without Arrow behind it; what is not a number there is null.
        return arrow_of(pa.array(column, from_pandas=True))
    return None


def is_plain_sequence(column: Columnar) -> bool:
    """Whether a column has to be copied into an Arrow array, object by object."""
    return isinstance(column, Sequence) and arrow_of(column) is None


def constant_time(timestamp: int) -> int:
    """Return a time that all records can have, in milliseconds, -1 for none; ValueError for others."""
    if not -1 <= timestamp <= TIMESTAMP_MS_MAX:
        raise ValueError(f"timestamps: expected -1 to {TIMESTAMP_MS_MAX} ms, found {timestamp}")
    return timestamp


def _chunks(column: pa.Array | pa.ChunkedArray) -> Chunks:
    return column.chunks if isinstance(column, pa.ChunkedArray) else [column]


def _converted(name: str, cells: Any, kind: pa.DataType | None) -> Chunks:
    """Copy Python's objects; errors name the column."""
    try:
        return _chunks(pa.array(cells, type=kind))
    except (TypeError, NotImplementedError) as error:
        raise TypeError(f"{name}: {error}") from error
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{name}: {error}") from error


def _only_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Take a table of one column for that column: relations and frames come as structs."""
    if pa.types.is_struct(column.type) and column.type.num_fields == 1:
        return pa.chunked_array([chunk.flatten()[0] for chunk in column.chunks], column.type.field(0).type)
    return column


def _plain(array: pa.Array) -> pa.Array:
    return array.storage if isinstance(array, pa.ExtensionArray) else array


def _times(array: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(array.type):
        return array
    if pa.types.is_date(array.type):
        return array.cast(pa.timestamp("ms"))
    return _integers("timestamps", array, pa.int64())


def _in_arrow_unit(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Bring datetimes in units that Arrow lacks (hours, months…) to seconds."""
    if column.dtype.kind != "M" or np.datetime_data(column.dtype)[0] in {"D", "s", "ms", "us", "ns"}:
        return column
    return column.astype("datetime64[s]")


def _integers(name: str, array: pa.Array, kind: pa.DataType) -> pa.Array:
    if not (pa.types.is_integer(array.type) or pa.types.is_null(array.type)):
        raise TypeError(f"{name}: expected {kind}, found {array.type}")
    return array if array.type == kind else array.cast(kind)


def _fixed_width(name: str, column: npt.NDArray[Any]) -> Chunks:
    if isinstance(column, np.ma.MaskedArray):
        raise TypeError(
            f"{name}: expected no masked array; pyarrow.array(column) has nulls in place of the mask"
        )
    if column.dtype.kind == "O" and column.ndim == 1:
        return _converted(name, column, pa.binary())
    if column.ndim == 2 and column.dtype == np.uint8:
        return [_fixed(column)]
    if column.ndim == 1 and column.dtype.kind in "SV" and column.dtype.names is None:
        table = np.ascontiguousarray(column).view(np.uint8).reshape(len(column), column.dtype.itemsize)
        padded = column.dtype.kind == "S" and bool((table[:, -1:] == 0).any())
        return [_unpadded(table) if padded else _fixed(table)]
    raise TypeError(
        f"{name}: expected a numpy array of S or V type, or of uint8 with one row a record, found "
        f"{column.dtype} of {column.ndim} dimension(s); numbers become text with "
        "pyarrow.array(column).cast(pyarrow.string())"
    )


def _fixed(table: npt.NDArray[np.uint8]) -> pa.Array:
    rows, width = table.shape
    if width == 0:
        return pa.array([b""] * rows, type=pa.binary())
    data = pa.py_buffer(np.ascontiguousarray(table))
    return pa.Array.from_buffers(pa.binary(width), rows, [None, data])


def _unpadded(table: npt.NDArray[np.uint8]) -> pa.Array:
    """Leave out the zero bytes at the end of each row, as numpy does when it reads an `S`."""
    rows, width = table.shape
    filled = table != 0
    sizes = np.where(filled.any(axis=1), width - filled[:, ::-1].argmax(axis=1), 0)
    ends = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    data = table[np.arange(width) < sizes[:, np.newaxis]]
    return pa.Array.from_buffers(pa.large_binary(), rows, [None, pa.py_buffer(ends), pa.py_buffer(data)])


def _require_sequence(name: str, column: Columnar, wanted: str) -> None:
    if isinstance(column, str | bytes | bytearray | memoryview) or not isinstance(column, Sequence):
        raise TypeError(
            f"{name}: expected an Arrow or numpy array, or a sequence of {wanted}; "
            f"found {type(column).__name__}"
        )
