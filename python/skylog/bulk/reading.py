"""How batches are read, and what is handed on of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from skylog.bulk.cursor import Fetched
from skylog.bulk.positions import ISOLATION_LEVELS, Isolation

_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reading:
    """How batches are read.

    Attributes
    ----------
    isolation : str
        "read_committed" reads nothing behind the first open transaction.
    response_bytes, partition_bytes : int
        What an answer should hold at most, in all and of one partition; a larger batch comes alone.
    buffer_bytes : int
        No more is asked for while so much was received and not released.
    wait_ms : int
        How long a broker may wait where there is nothing to read.
    timeout_s : float
        How long a leader may go without one useful answer.
    """

    isolation: Isolation = "read_uncommitted"
    response_bytes: int = 16 * _MIB
    partition_bytes: int = 4 * _MIB
    buffer_bytes: int = 48 * _MIB
    wait_ms: int = 500
    timeout_s: float = 120.0

    def __post_init__(self) -> None:
        if self.isolation not in ISOLATION_LEVELS:
            raise ValueError(f"isolation: expected one of {list(ISOLATION_LEVELS)}, found {self.isolation!r}")
        for name in ("response_bytes", "partition_bytes", "buffer_bytes"):
            if not 1 <= getattr(self, name) < 2**31:
                raise ValueError(f"{name}: expected 1 to {2**31 - 1}, found {getattr(self, name)}")
        if not self.timeout_s > 0:
            raise ValueError(f"timeout_s: expected more than 0, found {self.timeout_s}")


class Answer:
    """One broker's answer, in the memory in which it was received.

    Attributes
    ----------
    pieces : sequence of Fetched
        Partitions of which something came.
    size : int
        Bytes received.
    """

    def __init__(
        self, frame: memoryview, pieces: Sequence[Fetched], released: Callable[[memoryview], None]
    ) -> None:
        self.pieces = pieces
        self.size = len(frame)
        self._frame: memoryview | None = frame
        self._released = released

    def release(self) -> None:
        """Give the memory back for the next answers; nobody may look at the pieces any more.

        To be called on the event loop. The fetcher asks for more only when answers are released.
        """
        frame, self._frame = self._frame, None
        if frame is not None:
            self.pieces = ()
            self._released(frame)
