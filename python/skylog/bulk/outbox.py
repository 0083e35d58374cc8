"""The bounded way from the thread that encodes to the loop that sends."""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from skylog.bulk.producer import Producer
from skylog.bulk.progress import Report
from skylog.bulk.thread import LoopThread
from skylog.bulk.window import Acknowledged
from skylog.errors import SkylogError
from skylog.records import Piece

_REPORT_S: Final = 0.1
"""How often a waiting thread reports how far the work is."""


@dataclass(slots=True)
class Written:
    """What one partition got.

    Attributes
    ----------
    record_count : int
    first_offset, last_offset : int
        Of the records written; -1 where the broker gave none (acks=0). Others may have written in between.
    """

    record_count: int = 0
    first_offset: int = -1
    last_offset: int = -1

    def add(self, acknowledged: Acknowledged) -> None:
        """Count a batch in; batches of a partition may come in any order."""
        self.record_count += acknowledged.record_count
        base = acknowledged.base_offset
        if base >= 0:
            self.first_offset = base if self.first_offset < 0 else min(self.first_offset, base)
            self.last_offset = max(self.last_offset, base + acknowledged.record_count - 1)


@dataclass(slots=True)
class Tally:
    """What was acknowledged so far."""

    records: int = 0
    bytes: int = 0
    partitions: dict[int, Written] = field(default_factory=dict)


class Outbox:
    """Takes batches on one thread and gives them to a producer on its loop.

    Parameters
    ----------
    loop : LoopThread
        The producer's.
    producer : Producer
    bytes_max : int
        `put` waits while so much is not acknowledged.
    report : callable
        Told how far the work is, on the thread that calls.
    """

    def __init__(self, loop: LoopThread, producer: Producer, bytes_max: int, report: Report) -> None:
        self.tally = Tally()
        self._loop = loop
        self._producer = producer
        self._bytes_max = bytes_max
        self._report = report
        self._changed = threading.Condition()
        self._outstanding_bytes = 0
        self._error: SkylogError | None = None
        producer.on_failure = self._failed

    def put(self, pieces: Sequence[Piece]) -> None:
        """Hand batches over, then wait until there is room for more. Raises what the producer failed with."""
        if pieces:
            with self._changed:
                self._outstanding_bytes += sum(len(memoryview(piece.batch)) for piece in pieces)
            self._loop.soon(self._take, pieces)
        self._wait(self._bytes_max)

    def finish(self) -> None:
        """Wait until all is acknowledged."""
        self._wait(1)

    def _wait(self, bytes_max: int) -> None:
        while not self._below(bytes_max):
            self._report(self.tally.records, self.tally.bytes)
        self._report(self.tally.records, self.tally.bytes)

    def _below(self, bytes_max: int) -> bool:
        """Wait a moment until less is outstanding; tell whether it is."""
        with self._changed:
            below = self._changed.wait_for(
                lambda: self._error is not None or self._outstanding_bytes < bytes_max, _REPORT_S
            )
            if self._error is not None:
                raise self._error
            return below

    # On the loop.

    def _take(self, pieces: Sequence[Piece]) -> None:
        if self._producer.error is not None:
            return
        for piece in pieces:
            batch = memoryview(piece.batch).cast("B")
            self._producer.put(piece.partition, batch, functools.partial(self._done, len(batch)))

    def _done(self, size: int, acknowledged: Acknowledged) -> None:
        with self._changed:
            self.tally.records += acknowledged.record_count
            self.tally.bytes += size
            self.tally.partitions.setdefault(acknowledged.partition, Written()).add(acknowledged)
            self._outstanding_bytes -= size
            self._changed.notify()

    def _failed(self, error: SkylogError) -> None:
        with self._changed:
            self._error = error
            self._changed.notify()
