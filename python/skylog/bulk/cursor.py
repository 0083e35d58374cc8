"""How far one partition was read, and what an answer adds to that."""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import Final

from skylog.errors import Corrupt

_HEAD: Final = Struct(">qi11xi")
"""Of a batch: base offset and length; leader epoch, magic, CRC and attributes; last offset delta."""

_BATCH_BYTES_MIN: Final = 61
_LENGTH_END: Final = 12

EMPTY_ANSWERS_MAX: Final = 3
"""So many empty answers below the end of the log mean that compaction left nothing there.

One is not enough: a broker that throttles a client answers empty too.
"""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one answer holds of one partition.

    Attributes
    ----------
    partition : int
    start, stop : int or None
        The offsets that are wanted of it: the first batch may begin before, the last may end behind.
    next_offset : int
        Where the next answer goes on.
    records : memoryview
        Whole record batches, in place in the answer.
    high_watermark, last_stable_offset, log_start_offset : int
        As the broker gave them.
    aborted : list of (int, int)
        Producer id and first offset of the aborted transactions in it (read_committed).
    """

    partition: int
    start: int
    stop: int | None
    next_offset: int
    records: memoryview
    high_watermark: int
    last_stable_offset: int
    log_start_offset: int
    aborted: list[tuple[int, int]]


class Cursor:
    """The next offset of a partition and where to stop. Pure: no I/O.

    Parameters
    ----------
    partition : int
    position : int
        The first offset wanted.
    stop : int, optional
        The first offset that is not; without one reading goes on for ever.
    """

    def __init__(self, partition: int, position: int, stop: int | None) -> None:
        self.partition: Final = partition
        self.position = position
        self.stop: Final = stop
        self._empty_answers = 0

    def __repr__(self) -> str:
        return f"<Cursor {self.partition} at {self.position} of {'∞' if self.stop is None else self.stop}>"

    @property
    def done(self) -> bool:
        """Whether all that is wanted was read."""
        return self.stop is not None and self.position >= self.stop

    def advance(self, next_offset: int) -> None:
        """Go on behind what was read."""
        self.position = next_offset
        self._empty_answers = 0

    def note_empty(self, log_end: int) -> None:
        """Note an answer without anything though nothing else took its room."""
        if self.stop is not None and log_end >= self.stop:
            self._empty_answers += 1
            if self._empty_answers >= EMPTY_ANSWERS_MAX:
                self.position = self.stop


def whole_batches(records: memoryview) -> tuple[int, int]:
    """Return the size of the whole batches in `records` and the offset behind the last; -1 if there is none.

    Raises
    ------
    Corrupt
        A length that no batch has.
    """
    position, next_offset, size = 0, -1, len(records)
    while size - position >= _BATCH_BYTES_MIN:
        base_offset, length, last_offset_delta = _HEAD.unpack_from(records, position)
        if length < _BATCH_BYTES_MIN - _LENGTH_END or last_offset_delta < 0:
            raise Corrupt(
                f"batch at position {position}: expected a length from {_BATCH_BYTES_MIN - _LENGTH_END} on"
                f" and a last offset delta from 0 on, found {length} and {last_offset_delta}"
            )
        if length + _LENGTH_END > size - position:
            break
        next_offset = base_offset + last_offset_delta + 1
        position += length + _LENGTH_END
    return position, next_offset
