"""What the records bench encodes and decodes: JSON events of a fixed seed, the same bytes for everybody."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

SEED = 4
MIB = 1 << 20
FIRST_TIMESTAMP_MS = 1_763_900_000_000
RECORDS_PER_MS = 8
POOL_BYTES = 8 * MIB
"""Unique text; it repeats only beyond the 1 MiB that a codec sees at once."""
KINDS = ("page_view", "click", "search", "checkout", "login", "refund")


@dataclass(frozen=True)
class Values:
    """Record values in the forms that contenders take; timestamps go up by one every few records."""

    array: pa.BinaryArray

    def __len__(self) -> int:
        return len(self.array)

    @cached_property
    def list(self) -> list[bytes]:
        """Each value an object of its own."""
        return self.array.to_pylist()

    @cached_property
    def value_bytes(self) -> int:
        """Bytes of all values; what every GB and GiB of the figures counts."""
        offsets = np.frombuffer(self.array.buffers()[1], np.int32)[self.array.offset :]
        return int(offsets[len(self.array)] - offsets[0])

    @cached_property
    def timestamps(self) -> np.ndarray:
        """Milliseconds, int64."""
        return FIRST_TIMESTAMP_MS + np.arange(len(self), dtype=np.int64) // RECORDS_PER_MS

    @cached_property
    def timestamp_list(self) -> list[int]:
        """The same as Python's numbers."""
        return self.timestamps.tolist()

    def head(self, value_bytes: int) -> Values:
        """Return the first values, of about so many bytes together."""
        count = max(1, round(len(self) * min(1.0, value_bytes / self.value_bytes)))
        return Values(self.array.slice(0, count))

    def write(self, path: Path) -> None:
        """Write them for other languages: each behind its length, four bytes with the lowest first."""
        path.write_bytes(b"".join(struct.pack("<I", len(value)) + value for value in self.list))


def values_of(record_bytes: int, total_bytes: int) -> Values:
    """Return events of `record_bytes` each, give or take a quarter, of about `total_bytes` together."""
    random = np.random.default_rng([SEED, record_bytes])
    count = min(POOL_BYTES, total_bytes) // record_bytes
    sizes = random.integers(record_bytes * 3 // 4, record_bytes * 5 // 4, count, endpoint=True)
    words = _words(random, int(sizes.sum()))
    pool = pa.array([_event(random, words, int(size)) for size in sizes], pa.binary())
    copies = -(-total_bytes // int(sizes.sum()))
    return Values(pa.concat_arrays([pool] * copies)).head(total_bytes)


def events(record_bytes: int, count: int) -> list[bytes]:
    """Return events of exactly `record_bytes` each."""
    random = np.random.default_rng([SEED, record_bytes])
    words = _words(random, count * record_bytes)
    return [_event(random, words, record_bytes) for _ in range(count)]


def _words(random: np.random.Generator, total_bytes: int) -> bytes:
    """Return running text of a vocabulary whose words are as unequally frequent as those of a language."""
    letters = np.frombuffer(b"etaoinshrdlucmfwyp", np.uint8)
    vocabulary = [bytes(random.choice(letters, size)) for size in random.integers(2, 11, 4000)]
    ranks = np.minimum(random.zipf(1.3, total_bytes // 4), len(vocabulary)) - 1
    return b" ".join(vocabulary[rank] for rank in ranks)


def _event(random: np.random.Generator, words: bytes, size: int) -> bytes:
    """Return one event of exactly `size` bytes."""
    head = {
        "id": random.bytes(6).hex(),
        "user": int(random.integers(100_000)),
        "kind": str(random.choice(KINDS)),
    }
    opened = json.dumps(head, separators=(",", ":"))[:-1].encode() + b',"text":"'
    missing = max(0, size - len(opened) - 2)
    start = int(random.integers(max(1, len(words) - missing)))
    return (opened + words[start : start + missing] + b'"}')[:size]
