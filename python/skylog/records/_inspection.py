"""What the headers of batches say, and whether batches are what they should be."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from skylog.core import inspect_batches, verify_batches
from skylog.records._sources import bytes_view

HEADER_DTYPE: Final = np.dtype(
    [
        ("position", "<i8"),
        ("size", "<i8"),
        ("base_offset", "<i8"),
        ("batch_length", "<i4"),
        ("partition_leader_epoch", "<i4"),
        ("magic", "i1"),
        ("crc", "<u4"),
        ("attributes", "<i2"),
        ("last_offset_delta", "<i4"),
        ("base_timestamp", "<i8"),
        ("max_timestamp", "<i8"),
        ("producer_id", "<i8"),
        ("producer_epoch", "<i2"),
        ("base_sequence", "<i4"),
        ("record_count", "<i4"),
        ("codec", "u1"),
        ("timestamp_type", "u1"),
        ("is_transactional", "?"),
        ("is_control", "?"),
    ]
)
"""A row of :func:`inspect`: where the batch lies, its header as it stands, and what its attributes mean."""


def inspect(buffer: Any) -> npt.NDArray[np.void]:
    """Return the headers of record batches that follow each other without gaps.

    Nothing is decompressed and no checksum is looked at, so a batch costs a header's read.

    Parameters
    ----------
    buffer
        Anything bytes-like.

    Returns
    -------
    numpy.ndarray
        One row a batch, of :data:`HEADER_DTYPE`: `position` and `size` in bytes, the header's fields by
        Kafka's names, and out of the attributes `codec` (0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd),
        `timestamp_type` (0 the producer's time, 1 the broker's), `is_transactional` and `is_control`.

    Raises
    ------
    Corrupt
        For bytes in which no whole batch of magic 2 begins, with their position.
    """
    return np.frombuffer(inspect_batches(bytes_view(buffer)), HEADER_DTYPE)


def verify(buffer: Any, *, records: bool = False) -> int:
    """Hold record batches against their checksums.

    Parameters
    ----------
    buffer
        Anything bytes-like, with batches that follow each other without gaps.
    records
        Whether the records are decompressed (a batch's to at most 256 MiB) and walked too: every length,
        every count, offsets and times within their bounds, keys of headers in UTF-8.

    Returns
    -------
    int
        The number of batches.

    Raises
    ------
    Corrupt
        For the first thing that is wrong: what and where, what was expected and what found.
    """
    return verify_batches(bytes_view(buffer), records)
