"""The reading half: each consumer reads everything, times it, and accounts for every record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from skylog.bench.log.histogram import Histogram, Timeline
from skylog.bench.log.ledger import Ledger, Prefix
from skylog.bench.log.payload import read_stamps
from skylog.bench.log.plan import Plan
from skylog.bench.log.produce import Stopwatch
from skylog.bulk import Answer, Fetcher


class Consumer:
    """Reads all partitions as they grow.

    Attributes
    ----------
    latency, timeline
        From due to read and checked, without the warm-up.
    received : int
        Records, warm-up included.
    ledgers : dict of int to Ledger
        By partition.
    """

    def __init__(self, plan: Plan, watch: Stopwatch) -> None:
        self.latency, self.timeline = Histogram(), Timeline()
        self.received = 0
        self.ledgers: defaultdict[int, Ledger] = defaultdict(Ledger)
        self._plan = plan
        self._watch = watch

    async def run(self, fetcher: Fetcher) -> None:
        """Read until cancelled."""
        while (answer := await fetcher.next()) is not None:
            self._take(answer)
            answer.release()

    def lost(self, acknowledged: Mapping[int, Prefix]) -> int:
        """Return how many of the records that were acknowledged were not received."""
        return sum(
            self.ledgers[partition].missing_below(each.end) for partition, each in acknowledged.items()
        )

    def _take(self, answer: Answer) -> None:
        now_ns = self._watch.now_ns()
        for piece in answer.pieces:
            due, numbers = read_stamps(piece.records, self._plan.record_bytes)
            self.ledgers[piece.partition].add(numbers)
            self.received += len(due)
            measured = due[due >= self._plan.warm_up_ns]
            milliseconds = (now_ns - measured) / 1e6
            self.latency.record(milliseconds)
            self.timeline.record(measured, milliseconds)
