"""Stores to measure in virtual time."""

from __future__ import annotations

import asyncio

from skylog.bench.store.plan import Cell, Plan
from skylog.bench.store.session import Outcome, measure
from skylog.clock import SystemEntropy
from skylog.storage.delay import Delayed, Latency
from skylog.storage.memory import MemoryStore
from skylog.storage.metered import Metered
from virtual import VirtualClock

KIB = 1024


class Place:
    """A store of 20 ms a PUT and 10 ms a GET, and one bench of it."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.stop = asyncio.Event()
        self.seen: list[Cell | None] = []
        self.inner = MemoryStore(self.clock)
        self.delayed = Delayed(self.inner, self.clock, SystemEntropy(), put=Latency(20.0), get=Latency(10.0))
        self.metered = Metered(self.delayed, self.clock)

    async def measure(self, plan: Plan) -> Outcome:
        return await measure(
            plan,
            self.metered,
            self.stop,
            clock=self.clock,
            entropy=SystemEntropy(),
            progress=lambda cell, *_: self.seen.append(cell),
        )

    async def objects(self) -> list[str]:
        return [each.key async for each in self.inner.list()]


def small_plan(**changes: object) -> Plan:
    values = {"sizes": (4 * KIB, 64 * KIB), "concurrencies": (1, 4), "seconds": 4.0, **changes}
    return Plan(**values)  # type: ignore[arg-type]
