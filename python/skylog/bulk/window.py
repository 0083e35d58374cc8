"""The batches of one partition on their way: what may be sent when, so that order holds through failures.

Kafka remembers the last five batches of a producer in each partition: one of those that is sent again is
answered with its first offset instead of being written twice. So no batch goes out while one that is more
than `size - 1` places before it is unanswered; and after a failure nothing more goes out until all that is in
flight is answered, then what failed goes out again, one batch at a time, with the sequences it had. The first
batch of all goes alone: a partition that does not know a producer yet takes any sequence of it for the first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from struct import unpack_from
from typing import Final

REMEMBERED_BATCHES: Final = 5
"""What a broker remembers of each producer in each partition."""

HEADER_BYTES: Final = 61


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The broker has a batch.

    Attributes
    ----------
    partition : int
    base_offset : int
        Of its first record; -1 where the broker did not say (acks=0, or a batch it had long before).
    record_count : int
    log_append_time_ms : int
        -1 where records keep their own times.
    """

    partition: int
    base_offset: int
    record_count: int
    log_append_time_ms: int = -1


class State(Enum):
    """Where a batch is."""

    WAITING = 0
    IN_FLIGHT = 1
    FAILED = 2
    DONE = 3


class Outgoing:
    """One batch and who wants to know what became of it.

    Parameters
    ----------
    partition : int
    batch : buffer
        One whole record batch v2; it is sent as it is and must not change.
    done : callable
        Called once with `Acknowledged`; never when the producer fails.
    """

    __slots__ = ("batch", "done", "partition", "sends", "state")

    def __init__(self, partition: int, batch: memoryview, done: Callable[[Acknowledged], None]) -> None:
        if len(batch) < HEADER_BYTES or unpack_from(">i", batch, 8)[0] != len(batch) - 12:
            raise ValueError(
                f"partition {partition}: expected one whole record batch, found {len(batch)} bytes"
            )
        self.partition = partition
        self.batch = batch
        self.done = done
        self.state = State.WAITING
        self.sends = 0

    @property
    def record_count(self) -> int:
        """Records in the batch, as its header says."""
        return int(unpack_from(">i", self.batch, 57)[0])

    @property
    def base_sequence(self) -> int:
        """Sequence of its first record; -1 for a producer without identity."""
        return int(unpack_from(">i", self.batch, 53)[0])


class Window:
    """The batches of one partition, from the oldest unanswered on. Pure: no I/O, no clock.

    Parameters
    ----------
    partition : int
    size : int
        How far sending may be ahead of the oldest unanswered batch.
    first_alone : bool
        Whether nothing follows the first batch of all before it is answered.
    """

    def __init__(self, partition: int, size: int, *, first_alone: bool = True) -> None:
        self.partition: Final = partition
        self.last_offset = -1
        self._size = size
        self._sent: deque[Outgoing] = deque()
        self._waiting: deque[Outgoing] = deque()
        self._in_flight = 0
        self._failed = 0
        self._known = not first_alone

    def __repr__(self) -> str:
        return (
            f"<Window {self.partition}: {self._in_flight} in flight, {self._failed} failed,"
            f" {len(self._waiting)} waiting>"
        )

    @property
    def empty(self) -> bool:
        """Whether everything is answered."""
        return not self._sent and not self._waiting

    @property
    def drained(self) -> bool:
        """Whether nothing is in flight."""
        return not self._in_flight

    @property
    def oldest(self) -> Outgoing | None:
        """The oldest batch that is not answered."""
        return (self._sent or self._waiting or (None,))[0]

    def add(self, item: Outgoing) -> None:
        """Queue a batch behind the others."""
        self._waiting.append(item)

    def peek(self) -> Outgoing | None:
        """Return the batch that may be sent now, if any."""
        if self._failed:
            return None if self._in_flight else self._first_failed()
        room = self._size if self._known else 1
        return self._waiting[0] if self._waiting and len(self._sent) < room else None

    def send(self, item: Outgoing) -> None:
        """Note that the batch that `peek` returned goes out."""
        if item.state is State.FAILED:
            self._failed -= 1
        else:
            self._sent.append(self._waiting.popleft())
        item.state = State.IN_FLIGHT
        item.sends += 1
        self._in_flight += 1

    def succeed(self, item: Outgoing, base_offset: int) -> None:
        """Note that the broker has the batch."""
        self._in_flight -= 1
        self._known = True
        item.state = State.DONE
        if base_offset >= 0:
            self.last_offset = max(self.last_offset, base_offset + item.record_count - 1)
        while self._sent and self._sent[0].state is State.DONE:
            self._sent.popleft()

    def fail(self, item: Outgoing) -> None:
        """Note that the batch has to be sent again: refused for now, or its outcome is unknown."""
        self._in_flight -= 1
        self._failed += 1
        item.state = State.FAILED

    def behind_failure(self, item: Outgoing) -> bool:
        """Tell whether a batch before this one is not answered: a gap in the sequences is its fault then."""
        return self._sent[0] is not item

    def _first_failed(self) -> Outgoing:
        return next(item for item in self._sent if item.state is State.FAILED)
