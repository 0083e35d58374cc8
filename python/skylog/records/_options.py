"""What decoding takes: columns, types, bounds; checked in one place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal, TypeAlias

import pyarrow

from skylog.core import RecordDecoder

DEFAULT_COLUMNS: Final = ("offset", "timestamp", "key", "value", "headers")
LOG_COLUMNS: Final = (
    *DEFAULT_COLUMNS,
    "timestamp_type",
    "partition",
    "leader_epoch",
    "producer_id",
    "producer_epoch",
    "sequence",
    "is_transactional",
    "is_control",
)
"""The columns of a log that knows its number only."""
DECOMPRESSED_BYTES_MAX: Final = 256 << 20
OFFSET_MIN: Final = -(2**63)
OFFSET_MAX: Final = 2**63 - 1

BinaryType: TypeAlias = Literal["binary", "large_binary", "binary_view"]
Control: TypeAlias = Literal["skip", "keep"]
Partial: TypeAlias = Literal["error", "ignore"]
Offsets: TypeAlias = tuple[int | None, int | None]


def open_decoder(
    columns: Sequence[str],
    known: Sequence[str] = LOG_COLUMNS,
    *,
    verify_crc: bool,
    offsets: Offsets | None,
    control: Control,
    binary: BinaryType,
    decompressed_bytes_max: int,
) -> RecordDecoder:
    """Return a decoder of `columns`, all of which must be `known`."""
    _check_columns(columns, known)
    require("control", control, ("skip", "keep"))
    require("binary", binary, ("binary", "large_binary", "binary_view"))
    if not 1 <= decompressed_bytes_max < 2**31:
        raise ValueError(f"decompressed_bytes_max must be 1 to 2^31 - 1, not {decompressed_bytes_max}")
    start, stop = offsets or (None, None)
    return RecordDecoder(
        list(columns),
        binary=binary,
        verify_crc=verify_crc,
        offsets=(
            OFFSET_MIN if start is None else _clamped(start),
            OFFSET_MAX if stop is None else _clamped(stop - 1),
        ),
        keep_control=control == "keep",
        decompressed_bytes_max=decompressed_bytes_max,
    )


def _clamped(offset: int) -> int:
    return max(OFFSET_MIN, min(offset, OFFSET_MAX))


def _check_columns(columns: Sequence[str], known: Sequence[str]) -> None:
    if isinstance(columns, str) or not columns:
        raise ValueError(f"columns must be a sequence of at least one name, not {columns!r}")
    for name in columns:
        if name not in known:
            raise ValueError(f"no column {name!r} here, there are {', '.join(known)}")
    if len(set(columns)) < len(columns):
        raise ValueError(f"columns must differ, found {', '.join(columns)}")


def require(name: str, value: str, allowed: Sequence[str]) -> None:
    """Raise `ValueError` for a value that is not allowed."""
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")


def take_batches(decoder: RecordDecoder) -> Iterator[pyarrow.RecordBatch]:
    """Yield what is decoded so far."""
    for piece in decoder.take():
        yield pyarrow.record_batch(piece)


def take_table(decoder: RecordDecoder) -> pyarrow.Table:
    """Return all that is decoded."""
    pieces = decoder.take() or [decoder.empty()]
    return pyarrow.Table.from_batches([pyarrow.record_batch(piece) for piece in pieces])
