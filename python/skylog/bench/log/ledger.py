"""What came of every record: numbers of a partition go up by one, so nothing can go amiss unseen. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from skylog.errors import Corrupt

MISSING_MAX: Final = 10_000_000
"""Records that are remembered as not yet seen, in each partition."""


@dataclass(slots=True)
class Prefix:
    """Numbers from 0 up to `end` are there; spans behind a gap wait for it to close."""

    end: int = 0
    _behind: dict[int, int] = field(default_factory=dict)

    def add(self, first: int, count: int) -> None:
        """Note a span."""
        self._behind[first] = count
        while (next_count := self._behind.pop(self.end, None)) is not None:
            self.end += next_count


class Ledger:
    """One consumer's view of one partition.

    Attributes
    ----------
    received : int
        Different records.
    duplicated : int
        Records that came once more.
    reordered : int
        Records that came behind a later one.
    """

    def __init__(self) -> None:
        self.received = 0
        self.duplicated = 0
        self.reordered = 0
        self._next = 0
        self._missing: set[int] = set()

    def __repr__(self) -> str:
        return f"<Ledger next {self._next}, {len(self._missing)} missing>"

    def add(self, numbers: npt.NDArray[np.int64]) -> None:
        """Note the records of one answer, in the order in which they came.

        Raises `Corrupt` if more than `MISSING_MAX` records were left out.
        """
        count = len(numbers)
        if count and int(numbers[0]) == self._next and bool(np.all(np.diff(numbers) == 1)):
            self._next += count
            self.received += count
            return
        for number in numbers.tolist():
            self._add_one(number)

    def missing_below(self, end: int) -> int:
        """Return how many of the numbers below `end` were not received."""
        return max(0, end - self._next) + sum(number < end for number in self._missing)

    def _add_one(self, number: int) -> None:
        if number >= self._next:
            self._miss(number)
            self._next = number + 1
            self.received += 1
        elif number in self._missing:
            self._missing.remove(number)
            self.reordered += 1
            self.received += 1
        else:
            self.duplicated += 1

    def _miss(self, number: int) -> None:
        if len(self._missing) + number - self._next > MISSING_MAX:
            raise Corrupt(f"expected record {self._next:,}, found {number:,}: too many are missing to go on")
        self._missing.update(range(self._next, number))
