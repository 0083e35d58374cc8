"""skylog.records over rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from clients.drivers.base import Record
from interop.samples import Row
from skylog.records import decode, encode


def write(records: Sequence[Record], codec: str, **options: Any) -> bytes:
    """Return records as skylog's batches."""
    columns = {
        "keys": [record.key for record in records],
        "timestamps": np.array([record.timestamp_ms or 0 for record in records], dtype=np.int64),
        "headers": [record.headers for record in records],
        "compression": None if codec == "none" else codec,
    }
    return bytes(encode([record.value for record in records], **columns | options))


def read(data: bytes, **options: Any) -> list[Row]:
    """Return what skylog finds in batches."""
    table = decode(data, **options)
    times = table["timestamp"].cast(pa.int64())
    columns = (table[name].to_pylist() for name in ("offset", "key", "value", "headers"))
    return [
        (offset, time, key, value, tuple((header["key"], header["value"]) for header in headers))
        for time, (offset, key, value, headers) in zip(
            times.to_pylist(), zip(*columns, strict=True), strict=True
        )
    ]
