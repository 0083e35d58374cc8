"""Record batches into Arrow columns."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, TypeAlias

import pyarrow

from skylog.core import RecordDecoder
from skylog.errors import Corrupt
from skylog.records._options import (
    DECOMPRESSED_BYTES_MAX,
    DEFAULT_COLUMNS,
    BinaryType,
    Control,
    Offsets,
    Partial,
    open_decoder,
    require,
    take_batches,
    take_table,
)
from skylog.records._sources import FilePieces, bytes_view, cut_batch, has_buffer, is_file

Source: TypeAlias = Any
"""Anything with a contiguous buffer, or a sequence of (partition, such a thing)."""
Part: TypeAlias = tuple[int | None, memoryview]


def decode(
    source: Source,
    *,
    columns: Sequence[str] = DEFAULT_COLUMNS,
    verify_crc: bool = True,
    offsets: Offsets | None = None,
    control: Control = "skip",
    aborted: Sequence[tuple[int, int]] = (),
    partition: int | None = None,
    binary: BinaryType = "binary",
    decompressed_bytes_max: int = DECOMPRESSED_BYTES_MAX,
    partial: Partial = "error",
) -> pyarrow.Table:
    """Decode record batches that follow each other without gaps.

    What is not asked for costs nothing: values that are not among the `columns` are passed over, and so is
    whatever of a record lies behind the last column that is needed (:func:`verify` looks at everything).

    Parameters
    ----------
    source
        A bytes-like object (``bytes``, ``memoryview``, ``mmap``, ``Encoded``, the bytes of a Kafka ``.log``
        file), or a sequence of (partition, bytes-like object).
    columns
        Names of the columns, in the order of the table.
    verify_crc
        Whether the checksum of every batch that is decoded is held against its bytes.
    offsets
        Only records from the first offset up to, not including, the second; None where there is no bound.
    control
        Whether markers of transactions are left out (``"skip"``) or are records as others (``"keep"``).
    aborted
        (producer_id, first_offset) of aborted transactions, as a Fetch answer has them for one partition:
        their records are left out, as for consumers that read what is committed only.
    partition
        The value of the column `partition`, for a source that does not say.
    binary
        The type of keys and values. ``"binary_view"`` copies nothing of uncompressed batches: the table keeps
        the source alive, which must be read-only and must not change (from what is writable it copies).
    decompressed_bytes_max
        The most that the records of one batch may be decompressed to.
    partial
        Whether a last batch that is cut is an error or is ignored.

    Returns
    -------
    pyarrow.Table
        One row a record, in the order of the source. Its chunks hold up to 1 GiB of records.

    Raises
    ------
    Corrupt
        For bytes that are not what they should be, with their position in `source` (or in its part).
    ValueError
        For unknown columns and options.
    """
    decoder = open_decoder(
        columns,
        verify_crc=verify_crc,
        offsets=offsets,
        control=control,
        binary=binary,
        decompressed_bytes_max=decompressed_bytes_max,
    )
    require("partial", partial, ("error", "ignore"))
    parts = _parts(source, partition)
    _check_parts(parts, columns, aborted)
    for index, (number, part) in enumerate(parts):
        if index == 0 or parts[index - 1][0] != number:
            decoder.set_log(-1 if number is None else number, list(aborted))
        try:
            _read_whole(decoder, part, partial)
        except Corrupt as error:
            raise _in_part(error, index, number, len(parts)) from None
    return take_table(decoder)


def iter_decode(
    source: Source | str | os.PathLike[str] | BinaryIO,
    *,
    columns: Sequence[str] = DEFAULT_COLUMNS,
    verify_crc: bool = True,
    offsets: Offsets | None = None,
    control: Control = "skip",
    aborted: Sequence[tuple[int, int]] = (),
    partition: int | None = None,
    binary: BinaryType = "binary",
    decompressed_bytes_max: int = DECOMPRESSED_BYTES_MAX,
    partial: Partial = "error",
    batch_bytes: int = 16 << 20,
) -> Iterator[pyarrow.RecordBatch]:
    """Decode record batches piece by piece, in bounded memory.

    Parameters are those of :func:`decode`, and:

    Parameters
    ----------
    source
        May also be a path or a binary file object, of which a piece is read at a time.
    batch_bytes
        About the size of the columns of one piece.

    Yields
    ------
    pyarrow.RecordBatch
        At least one row each. A batch is decompressed as a whole, so on top of a piece or two, memory holds
        what one batch decompresses to; a batch of a file may have `decompressed_bytes_max` bytes itself.

    Raises
    ------
    Corrupt
        As :func:`decode`, once the bad bytes are reached: what came before them was yielded.
    """
    if not 1 <= batch_bytes < 2**63:
        raise ValueError(f"batch_bytes must be 1 to 2^63 - 1, not {batch_bytes}")
    decoder = open_decoder(
        columns,
        verify_crc=verify_crc,
        offsets=offsets,
        control=control,
        binary=binary,
        decompressed_bytes_max=decompressed_bytes_max,
    )
    require("partial", partial, ("error", "ignore"))
    if is_file(source):
        _check_parts([(partition, memoryview(b""))], columns, aborted)
        decoder.set_log(-1 if partition is None else partition, list(aborted))
        pieces = FilePieces(source, decompressed_bytes_max)
        return _iter_file(decoder, pieces, partial, batch_bytes)
    parts = _parts(source, partition)
    _check_parts(parts, columns, aborted)
    return _iter_parts(decoder, parts, aborted, partial, batch_bytes)


def _parts(source: Source, partition: int | None) -> list[Part]:
    if has_buffer(source):
        return [(partition, bytes_view(source))]
    if not isinstance(source, Sequence) or isinstance(source, str):
        kind = type(source).__name__
        raise TypeError(f"expected a bytes-like object or (partition, bytes-like object) pairs, not {kind}")
    if partition is not None:
        raise ValueError("partition is given twice: in the pairs of the source and by itself")
    return [(number, bytes_view(part)) for number, part in source]


def _check_parts(parts: Sequence[Part], columns: Sequence[str], aborted: Sequence[tuple[int, int]]) -> None:
    numbers = {number for number, _ in parts}
    if None in numbers and "partition" in columns:
        raise ValueError("the column partition needs a partition")
    if wrong := [number for number in numbers if number is not None and not 0 <= number < 2**31]:
        raise ValueError(f"partition: expected 0 to {2**31 - 1}, found {wrong[0]}")
    if wrong := [part for pair in aborted for part in pair if not -(2**63) <= part < 2**63]:
        raise ValueError(f"aborted: expected numbers of 64 bits, found {wrong[0]}")
    if aborted and len(numbers) > 1:
        raise ValueError("aborted transactions belong to one partition, the source has several")


def _read_whole(decoder: RecordDecoder, part: memoryview, partial: Partial) -> None:
    position, needed = decoder.read(part)
    if needed and partial == "error":
        raise cut_batch(position, needed, part.nbytes)


def _iter_parts(
    decoder: RecordDecoder,
    parts: Sequence[Part],
    aborted: Sequence[tuple[int, int]],
    partial: Partial,
    batch_bytes: int,
) -> Iterator[pyarrow.RecordBatch]:
    for index, (number, part) in enumerate(parts):
        if index == 0 or parts[index - 1][0] != number:
            decoder.set_log(-1 if number is None else number, list(aborted))
        position = needed = 0
        size = part.nbytes
        while position < size and not needed:
            try:
                position, needed = decoder.read(part, position, full_bytes=batch_bytes)
            except Corrupt as error:
                yield from take_batches(decoder)
                raise _in_part(error, index, number, len(parts)) from None
            if decoder.held_bytes >= batch_bytes:
                yield from take_batches(decoder)
        if needed and partial == "error":
            yield from take_batches(decoder)
            raise _in_part(cut_batch(position, needed, size), index, number, len(parts))
    yield from take_batches(decoder)


def _iter_file(
    decoder: RecordDecoder, pieces: FilePieces, partial: Partial, batch_bytes: int
) -> Iterator[pyarrow.RecordBatch]:
    with pieces:
        while piece := pieces.next():
            position = needed = 0
            while position < len(piece) and not needed:
                try:
                    position, needed = decoder.read(
                        piece, position, start=pieces.start, more=True, full_bytes=batch_bytes
                    )
                except Corrupt:
                    yield from take_batches(decoder)
                    raise
                if decoder.held_bytes >= batch_bytes:
                    yield from take_batches(decoder)
            pieces.keep(position, needed)
        yield from take_batches(decoder)
        if pieces.left and partial == "error":
            raise cut_batch(pieces.start, pieces.needed, pieces.start + pieces.left)


def _in_part(error: Corrupt, index: int, partition: int | None, count: int) -> Corrupt:
    return error if count == 1 else Corrupt(f"part {index} (partition {partition}): {error}")
