"""The writing half: records go out when they are due, and are timed until they are acknowledged."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np

from skylog.bench.log.histogram import Histogram, Timeline
from skylog.bench.log.ledger import Prefix
from skylog.bench.log.payload import BatchMaker, Numbers
from skylog.bench.log.plan import Plan, Run, Schedule
from skylog.bulk import Acknowledged, Producer
from skylog.clock import Clock, Entropy
from skylog.records import Encoded

_NS: Final = 1_000_000_000
_NEVER_MEASURED_NS: Final = -1
_STEP_S: Final = 0.001


class Stopwatch:
    """Nanoseconds since it was made or begun anew."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._start = clock.monotonic()

    def restart(self) -> None:
        """Begin at 0 again."""
        self._start = self._clock.monotonic()

    def now_ns(self) -> int:
        """Return nanoseconds since the start."""
        return int((self._clock.monotonic() - self._start) * _NS)


class Generator:
    """Sends what a schedule says, whether or not the broker keeps up.

    Parameters
    ----------
    plan : Plan
    producers : sequence of Producer
        Partition p belongs to producer p modulo their number.
    watch : Stopwatch
        What due times count from.
    stop : asyncio.Event
        Set when nothing more should be sent.

    Attributes
    ----------
    latency, timeline
        From due to acknowledged, without the warm-up.
    lateness : Histogram
        From due to handed over to the producer: lingering, and how far the generator itself was behind.
    sent, acknowledged : int
        Records, warm-up and preparation included.
    acknowledged_in_time : int
        Records whose acknowledgement came between the end of the warm-up and the end of sending.
    prefixes : dict of int to Prefix
        Which numbers of each partition were acknowledged.
    last_ack_ns : int
        When the last acknowledgement came.
    """

    def __init__(
        self,
        plan: Plan,
        producers: Sequence[Producer],
        watch: Stopwatch,
        stop: asyncio.Event,
        *,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self.latency, self.timeline, self.lateness = Histogram(), Timeline(), Histogram()
        self.sent = self.acknowledged = self.acknowledged_in_time = self.last_ack_ns = 0
        self.prefixes: defaultdict[int, Prefix] = defaultdict(Prefix)
        self._plan = plan
        self._schedule = Schedule(plan)
        self._producers = producers
        self._makers = [
            BatchMaker(plan, entropy, each.producer_id, each.producer_epoch) for each in producers
        ]
        self._numbers: defaultdict[int, int] = defaultdict(int)
        self._watch = watch
        self._stop = stop
        self._clock = clock

    async def prepare(self) -> None:
        """Write one record, not measured, to each partition: leaders of a new topic may not be ready at once.

        Raises `KafkaError`, `Unavailable`.
        """
        before = np.array([_NEVER_MEASURED_NS], np.int64)
        partitions = range(self._plan.partitions)
        await asyncio.gather(*(self._prepare(partition, before) for partition in partitions))
        self._watch.restart()

    async def _prepare(self, partition: int, before: Numbers) -> None:
        producer, batch = self._next_batch(partition, before)
        await producer.send(partition, memoryview(batch))
        self._acknowledged(partition, before, 0)

    async def run(self) -> None:
        """Send everything, then return; acknowledgements may still be on their way."""
        tick_ns = int(self._plan.linger_ms * 1e6)
        due_ns = 0
        while not self._schedule.done and not self._stop.is_set():
            for run in self._schedule.take(self._watch.now_ns()):
                await self._wait_for_room()
                self._send(run)
            due_ns = max(due_ns + tick_ns, self._watch.now_ns())
            await self._clock.sleep(max(0.0, (due_ns - self._watch.now_ns()) / _NS))

    async def _wait_for_room(self) -> None:
        while self._outstanding_bytes() >= self._plan.outstanding_bytes_max and not self._stop.is_set():
            await self._clock.sleep(_STEP_S)

    def _outstanding_bytes(self) -> int:
        return sum(each.unacknowledged_bytes for each in self._producers)

    def _send(self, run: Run) -> None:
        due = (np.arange(run.first, run.first + run.count) * self._schedule.interval_ns).astype(np.int64)
        number = self._numbers[run.partition]
        producer, batch = self._next_batch(run.partition, due)

        def acknowledged(_: Acknowledged) -> None:
            self._acknowledged(run.partition, due, number)

        producer.put(run.partition, memoryview(batch), acknowledged)
        self._note_lateness(due)

    def _next_batch(self, partition: int, due: Numbers) -> tuple[Producer, Encoded]:
        which = partition % len(self._producers)
        batch = self._makers[which].make(due, self._numbers[partition], self._clock.now_ms())
        self._numbers[partition] += len(due)
        self.sent += len(due)
        return self._producers[which], batch

    def _note_lateness(self, due: Numbers) -> None:
        measured = due[due >= self._plan.warm_up_ns]
        self.lateness.record((self._watch.now_ns() - measured) / 1e6)

    def _acknowledged(self, partition: int, due: Numbers, number: int) -> None:
        self.last_ack_ns = self._watch.now_ns()
        self.prefixes[partition].add(number, len(due))
        self.acknowledged += len(due)
        if self._plan.warm_up_ns <= self.last_ack_ns < self._plan.end_ns:
            self.acknowledged_in_time += len(due)
        measured = due[due >= self._plan.warm_up_ns]
        milliseconds = (self.last_ack_ns - measured) / 1e6
        self.latency.record(milliseconds)
        self.timeline.record(measured, milliseconds)
