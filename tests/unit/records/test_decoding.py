"""What clients wrote, decoded into columns."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow
import pytest

from skylog import records

BATCHES = Path(__file__).parents[2] / "golden" / "batches"
SCHEMA = pyarrow.schema(
    [
        pyarrow.field("offset", pyarrow.int64(), nullable=False),
        pyarrow.field("timestamp", pyarrow.timestamp("ms", "UTC")),
        pyarrow.field("key", pyarrow.binary()),
        pyarrow.field("value", pyarrow.binary()),
        pyarrow.field(
            "headers",
            pyarrow.list_(
                pyarrow.field(
                    "element",
                    pyarrow.struct(
                        [
                            pyarrow.field("key", pyarrow.string(), nullable=False),
                            pyarrow.field("value", pyarrow.binary()),
                        ]
                    ),
                )
            ),
            nullable=False,
        ),
    ]
)


def at(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
@pytest.mark.parametrize("client", ["java", "librdkafka", "kafka-python", "aiokafka"])
def test_batches_of_every_client_and_codec(client: str, codec: str) -> None:
    table = records.decode((BATCHES / f"{client}-{codec}.bin").read_bytes())
    assert table.schema.equals(SCHEMA)
    assert table["offset"].to_pylist() == [0, 1, 2]
    assert table["timestamp"].to_pylist() == [at(1_700_000_000_000 + delta) for delta in (0, 5, 2)]
    assert table["key"].to_pylist() == [b"k1", None, b""]
    assert table["value"].to_pylist() == [b"v" * 1000, b"", None]
    first, *others = table["headers"].to_pylist()
    assert first[0] == {"key": "h", "value": b"1"}
    assert first[1:] in ([], [{"key": "h", "value": None}])
    assert others == [[], []]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"partition": -1}, "partition: expected 0 to 2147483647, found -1"),
        ({"partition": 2**31}, "partition: expected 0 to 2147483647, found 2147483648"),
        ({"aborted": [(2**63, 0)]}, "aborted: expected numbers of 64 bits"),
    ],
)
def test_numbers_out_of_range_are_value_errors(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        records.decode(b"", **options)
