"""Latency counts from the moment a record was due, whatever holds it up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from skylog.bench.log.plan import Plan
from skylog.bench.log.produce import Generator, Stopwatch
from skylog.bulk import Acknowledged
from skylog.clock import SystemEntropy
from virtual import VirtualClock, in_virtual_time


class SteadyProducer:
    """Acknowledges after 10 ms; while it is stalled, once the stall is over."""

    producer_id = producer_epoch = -1

    def __init__(self, clock: VirtualClock) -> None:
        self.unacknowledged_bytes = 0
        self.partitions: set[int] = set()
        self.stalled_until = 0.0
        self._clock = clock

    def put(self, partition: int, batch: memoryview, done: Callable[[Acknowledged], None]) -> None:
        self.unacknowledged_bytes += len(batch)
        self.partitions.add(partition)
        wait = max(0.01, self.stalled_until - self._clock.monotonic())

        def acknowledge() -> None:
            self.unacknowledged_bytes -= len(batch)
            done(Acknowledged(partition, 0, 1))

        asyncio.get_running_loop().call_later(wait, acknowledge)

    async def send(self, partition: int, batch: memoryview) -> Acknowledged:
        done = asyncio.get_running_loop().create_future()
        self.put(partition, batch, done.set_result)
        return await done


class Bench:
    def __init__(self, **changes: object) -> None:
        self.clock = VirtualClock()
        self.all = [SteadyProducer(self.clock) for _ in range(int(str(changes.get("producers", 1))))]
        self.producer = self.all[0]
        self.stop = asyncio.Event()
        plan = Plan(**{"rate": 1000.0, "seconds": 10.0, "warm_up_seconds": 0.0, **changes})  # type: ignore[arg-type]
        self.watch = Stopwatch(self.clock)
        self.generator = Generator(
            plan, self.all, self.watch, self.stop, clock=self.clock, entropy=SystemEntropy()
        )  # type: ignore[list-item]

    async def run(self) -> Generator:
        await self.generator.run()
        while self.generator.acknowledged < self.generator.sent:
            await self.clock.sleep(0.01)
        return self.generator


@in_virtual_time
async def test_records_go_out_at_their_rate_and_wait_for_the_tick_at_most() -> None:
    generator = await Bench(linger_ms=5.0).run()
    assert generator.sent == generator.acknowledged == 10_000
    assert generator.last_ack_ns == pytest.approx(10e9, rel=0.01)
    assert generator.lateness.max_ms <= 5.01
    assert generator.latency.quantile(0.5) == pytest.approx(12.5, abs=1)
    assert generator.latency.max_ms <= 15.1


@in_virtual_time
async def test_a_stall_counts_for_all_that_was_due_in_it() -> None:
    bench = Bench()
    bench.producer.stalled_until = bench.clock.monotonic() + 2.0
    generator = await bench.run()
    # A fifth of all records was due within the stall and waited for its end, one second in the middle.
    assert generator.latency.quantile(0.9) == pytest.approx(1000, rel=0.05)
    assert generator.latency.max_ms == pytest.approx(2000, rel=0.01)
    assert generator.latency.quantile(0.5) < 16


@in_virtual_time
async def test_a_broker_that_takes_no_more_is_waited_for_and_time_runs_on() -> None:
    bench = Bench(outstanding_bytes_max=200 * 1024)
    bench.producer.stalled_until = bench.clock.monotonic() + 2.0
    generator = await bench.run()
    assert generator.sent == 10_000
    assert generator.lateness.max_ms > 1500
    assert generator.acknowledged_in_time < 10_000
    assert generator.latency.max_ms == pytest.approx(2000, rel=0.02)


@in_virtual_time
async def test_the_warm_up_is_not_measured_but_accounted_for() -> None:
    bench = Bench(warm_up_seconds=2.0)
    bench.producer.stalled_until = bench.clock.monotonic() + 1.0
    generator = await bench.run()
    assert generator.sent == 12_000
    assert generator.latency.count == 10_000
    assert generator.acknowledged_in_time == pytest.approx(10_000, abs=20)
    assert generator.latency.max_ms < 16
    assert sum(each.end for each in generator.prefixes.values()) == 12_000


@in_virtual_time
async def test_each_partition_takes_one_record_before_time_begins() -> None:
    bench = Bench(partitions=3, seconds=1.0)
    bench.producer.stalled_until = bench.clock.monotonic() + 5.0
    await bench.generator.prepare()
    assert bench.watch.now_ns() == 0
    assert {partition: each.end for partition, each in bench.generator.prefixes.items()} == {0: 1, 1: 1, 2: 1}
    generator = await bench.run()
    assert generator.sent == 1003
    assert sum(each.end for each in generator.prefixes.values()) == 1003
    assert generator.latency.count == 1000
    assert generator.latency.max_ms < 16


@in_virtual_time
async def test_stopping_ends_it() -> None:
    bench = Bench()
    task = asyncio.create_task(bench.run())
    await bench.clock.sleep(3)
    bench.stop.set()
    generator = await task
    assert generator.sent == pytest.approx(3000, rel=0.01)


@in_virtual_time
async def test_each_producer_has_its_own_partitions() -> None:
    bench = Bench(partitions=4, producers=2)
    await bench.run()
    assert [each.partitions for each in bench.all] == [{0, 2}, {1, 3}]


def test_a_stopwatch_can_begin_anew() -> None:
    class Ticking:
        at = 5.0

        def monotonic(self) -> float:
            self.at += 1
            return self.at

    watch = Stopwatch(Ticking())  # type: ignore[arg-type]
    assert watch.now_ns() == 1_000_000_000
    watch.restart()
    assert watch.now_ns() == 1_000_000_000
