"""One bench of a log: topic created, written and read at once, drained, accounted for, topic deleted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from skylog.bench.log.consume import Consumer
from skylog.bench.log.histogram import Histogram, Timeline
from skylog.bench.log.plan import Plan
from skylog.bench.log.processor import cpu_seconds, own_cpu_seconds
from skylog.bench.log.produce import Generator, Stopwatch
from skylog.bench.log.topic import create_topic, delete_topic
from skylog.bulk import Cluster, Delivery, Fetcher, Producer, Reading, Topic
from skylog.clock import Clock, Entropy
from skylog.errors import Unavailable
from skylog.loop import stop_tasks

log = logging.getLogger("skylog.bench")

STOPPED_DRAIN_S: Final = 5.0
"""How long records under way may take once somebody wants to stop."""

_PROGRESS_S: Final = 0.05
_CONNECT_S: Final = 15.0
_WAIT_MS: Final = 500

Progress = Callable[[str, float, Generator | None], None]
"""Called about 20 times a second: what is done, seconds since the start, and how far writing is."""


@dataclass(slots=True)
class Outcome:
    """What came of it; records of the warm-up, and one at first in each partition, count only
    in `sent`, `acknowledged`, `received` and the accounts.

    Attributes
    ----------
    acknowledgement, end_to_end, lateness : Histogram
        From the moment a record was due until it was acknowledged, read, handed to the producer.
    acknowledged_by_second, read_by_second : Timeline
    records_per_second : float
        Acknowledged after the warm-up, while records were sent.
    lost, duplicated, reordered : int
        Of all consumers together. `lost` counts what was acknowledged only.
    complete : bool
        Whether everything sent was acknowledged and there was time to read it; without, `lost` says nothing.
    resent : int
        Batches that were sent again.
    client_cpu_seconds, broker_cpu_seconds : float
        Of the whole run; of the broker None if it was not asked for.
    leftover : str
        What was not tidied up, in words; empty if all was.
    """

    plan: Plan
    bootstrap: str
    acknowledgement: Histogram
    end_to_end: Histogram
    lateness: Histogram
    acknowledged_by_second: Timeline
    read_by_second: Timeline = field(default_factory=Timeline)
    sent: int = 0
    acknowledged: int = 0
    received: int = 0
    records_per_second: float = 0.0
    lost: int = 0
    duplicated: int = 0
    reordered: int = 0
    complete: bool = False
    stopped: bool = False
    requests: int = 0
    resent: int = 0
    client_cpu_seconds: float = 0.0
    broker_cpu_seconds: float | None = None
    leftover: str = ""

    @property
    def findings(self) -> list[str]:
        """What must not be: records lost, duplicated or out of order."""
        counts = {"lost": self.lost, "duplicated": self.duplicated, "reordered": self.reordered}
        return [f"{count:,} records {what}" for what, count in counts.items() if count]


class Session:
    """Measures one log.

    Parameters
    ----------
    bootstrap : str
    plan : Plan
    stop : asyncio.Event
        Set to end it early.
    broker_pid : int, optional
        The broker's process, if it is on this machine.
    """

    def __init__(
        self,
        bootstrap: str,
        plan: Plan,
        stop: asyncio.Event,
        *,
        clock: Clock,
        entropy: Entropy,
        progress: Progress,
        broker_pid: int | None = None,
    ) -> None:
        self._bootstrap = bootstrap
        self._plan = plan
        self._stop = stop
        self._clock = clock
        self._entropy = entropy
        self._progress = progress
        self._broker_pid = broker_pid
        self._watch = Stopwatch(clock)
        self._consumers = [Consumer(plan, self._watch) for _ in range(plan.fan_out)]
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self) -> Outcome:
        """Measure; whatever happens, the topic is deleted before this returns or raises.

        Raises
        ------
        Unavailable, KafkaError
            The cluster cannot be reached, or refuses what is asked of it.
        Corrupt
            Records came back that were not sent.
        """
        name = f"skylog-bench-{self._entropy.random_bytes(6).hex()}"
        leftover = ""
        async with self._cluster() as admin:
            try:
                await create_topic(admin, name, self._plan.partitions)
                outcome = await self._measure(await admin.topic(name))
            finally:
                self._progress("deleting the topic", 0.0, None)
                leftover = await delete_topic(admin, name, self._bootstrap)
                if leftover:
                    log.warning(leftover)
        outcome.leftover = leftover
        return outcome

    async def _measure(self, topic: Topic) -> Outcome:
        async with AsyncExitStack() as stack:
            producers = [await self._producer(stack, topic) for _ in range(self._plan.producers)]
            for consumer in self._consumers:
                fetcher = await self._fetcher(stack, topic)
                self._tasks.append(asyncio.create_task(consumer.run(fetcher)))
            stack.push_async_callback(self._end_tasks)
            generator = Generator(
                self._plan, producers, self._watch, self._stop, clock=self._clock, entropy=self._entropy
            )
            await self._prepare(generator)
            cpu, broker_cpu = own_cpu_seconds(), self._broker_cpu()
            sending = asyncio.create_task(generator.run())
            self._tasks.append(sending)
            await self._until("sending", generator, sending.done, float("inf"))
            await self._drain(generator)
            outcome = self._outcome(generator, producers)
            outcome.client_cpu_seconds = own_cpu_seconds() - cpu
            if broker_cpu is not None:
                outcome.broker_cpu_seconds = (self._broker_cpu() or 0.0) - broker_cpu
            return outcome

    async def _prepare(self, generator: Generator) -> None:
        preparing = asyncio.create_task(generator.prepare())
        self._tasks.append(preparing)
        await self._until("preparing", generator, preparing.done, float("inf"))
        await stop_tasks([preparing])

    async def _drain(self, generator: Generator) -> None:
        """Wait until everything sent is acknowledged and everything acknowledged is read, or time is over."""
        deadline = self._seconds() + self._plan.drain_seconds

        def acknowledged() -> bool:
            return generator.acknowledged >= generator.sent

        def read() -> bool:
            return all(each.received >= generator.acknowledged for each in self._consumers)

        await self._until("waiting for acknowledgements", generator, acknowledged, deadline)
        await self._until("reading the rest", generator, read, deadline)

    async def _until(
        self, what: str, generator: Generator, done: Callable[[], bool], deadline: float
    ) -> None:
        """Wait for a condition; once `stop` is set only a little. Raises what a part failed with."""
        while not done() and self._seconds() < deadline:
            if self._stop.is_set():
                deadline = min(deadline, self._seconds() + STOPPED_DRAIN_S)
            self._progress(what, self._seconds(), generator)
            await self._clock.sleep(_PROGRESS_S)
            self._raise_failure()
        self._raise_failure()

    def _raise_failure(self) -> None:
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.result()

    def _seconds(self) -> float:
        return self._watch.now_ns() / 1e9

    # Parts.

    @asynccontextmanager
    async def _cluster(self) -> AsyncIterator[Cluster]:
        cluster = Cluster(
            self._bootstrap,
            client_id="skylog-bench",
            timeout_s=_CONNECT_S,
            clock=self._clock,
            entropy=self._entropy,
        )
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(cluster)
            except Unavailable as error:
                raise Unavailable(f"{error}. Start one with `skylog serve`, or name another") from error
            yield cluster

    async def _producer(self, stack: AsyncExitStack, topic: Topic) -> Producer:
        cluster = await stack.enter_async_context(self._cluster())
        delivery = Delivery(
            idempotence=self._plan.idempotent,
            in_flight=self._plan.in_flight,
            timeout_s=self._plan.drain_seconds,
        )
        return await stack.enter_async_context(Producer(cluster, topic.name, delivery))

    async def _fetcher(self, stack: AsyncExitStack, topic: Topic) -> Fetcher:
        cluster = await stack.enter_async_context(self._cluster())
        ranges = dict.fromkeys(topic.leaders, (0, None))
        reading = Reading(wait_ms=_WAIT_MS, timeout_s=self._plan.drain_seconds)
        found = await cluster.topic(topic.name)
        return await stack.enter_async_context(Fetcher(cluster, found, ranges, reading))

    async def _end_tasks(self) -> None:
        await stop_tasks(self._tasks)

    def _broker_cpu(self) -> float | None:
        return None if self._broker_pid is None else cpu_seconds(self._broker_pid)

    def _outcome(self, generator: Generator, producers: Sequence[Producer]) -> Outcome:
        consumers, plan = self._consumers, self._plan
        acknowledged_all = generator.acknowledged >= generator.sent
        read_all = all(each.received >= generator.acknowledged for each in consumers)
        outcome = Outcome(
            plan,
            self._bootstrap,
            generator.latency,
            Histogram(),
            generator.lateness,
            generator.timeline,
            sent=generator.sent,
            acknowledged=generator.acknowledged,
            received=sum(each.received for each in consumers),
            stopped=self._stop.is_set(),
            complete=read_all or (acknowledged_all and not self._stop.is_set()),
            requests=sum(each.requests for each in producers),
            resent=sum(each.retries for each in producers),
        )
        measured_s = min(generator.last_ack_ns / 1e9 - plan.warm_up_seconds, plan.seconds)
        outcome.records_per_second = generator.acknowledged_in_time / measured_s if measured_s > 0 else 0.0
        for each in consumers:
            outcome.end_to_end.merge(each.latency)
        if consumers:
            outcome.read_by_second = consumers[0].timeline
        self._account(outcome, generator)
        return outcome

    def _account(self, outcome: Outcome, generator: Generator) -> None:
        ledgers = [ledger for each in self._consumers for ledger in each.ledgers.values()]
        outcome.duplicated = sum(each.duplicated for each in ledgers)
        outcome.reordered = sum(each.reordered for each in ledgers)
        if outcome.complete:
            outcome.lost = sum(each.lost(generator.prefixes) for each in self._consumers)
