"""The demo's records: each can be computed again, so that what is read can be checked byte by byte."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

RECORD_BYTES = 1000
_HEAD_BYTES = 13
_FILLER = b"".join(hashlib.sha256(b"skylog %d" % block).hexdigest().encode() for block in range(1024))
_STARTS = len(_FILLER) - RECORD_BYTES


@dataclass(frozen=True, slots=True)
class Workload:
    """`records` records, dealt to `partitions` in turn, so that a record's offset follows from its number."""

    topic: str
    records: int
    partitions: int

    @property
    def size(self) -> int:
        """Bytes of all values."""
        return self.records * RECORD_BYTES

    def place(self, number: int) -> tuple[int, int]:
        """Return partition and offset of a record."""
        return number % self.partitions, number // self.partitions

    def value(self, number: int) -> bytes:
        """Return what the record holds: its number and text that differs from its neighbours'."""
        start = number * 37 % _STARTS
        return b"%012d " % number + _FILLER[start : start + RECORD_BYTES - _HEAD_BYTES]

    def value_at(self, partition: int, offset: int) -> bytes:
        """Return what has to stand at a place."""
        return self.value(offset * self.partitions + partition)

    def count_of(self, partition: int) -> int:
        """Return how many records a partition has to hold."""
        return len(range(partition, self.records, self.partitions))
