"""The LISTs that the model bills, beside those that the sweep makes."""

from __future__ import annotations

import pytest

from skylog.clock import SystemClock, SystemEntropy
from skylog.coordinator.open import open_coordinator
from skylog.cost.diskless import sweep_lists
from skylog.cost.workload import Workload
from skylog.jobs.sweep import SweepOrphans
from skylog.storage.keys import SegmentKey
from skylog.storage.memory import MemoryStore
from skylog.storage.metered import Metered

LONG_AGO_MS = 1_700_000_000_000
SWEEPS_A_MONTH = 730


@pytest.mark.parametrize("of_each_shard", [0, 999, 1_000, 1_001])
async def test_a_sweep_makes_the_lists_that_it_is_billed_for(of_each_shard: int) -> None:
    clock = SystemClock()
    store = Metered(MemoryStore(clock), clock)
    coordinator = open_coordinator("sqlite::memory:", clock, SystemEntropy())
    await coordinator.open()
    for number in range(16 * of_each_shard):
        segment_id = (number % 16 << 124 | number).to_bytes(16, "big")
        await store.put(SegmentKey(LONG_AGO_MS + number, 1, 1, segment_id).build(), b"")
    sweep = SweepOrphans(coordinator, store, clock)
    for passes in (1, 2):  # no pass leaves anything to be known by the next
        while await sweep.step():
            pass
        billed = sweep_lists(Workload(0, brokers=1), 16 * of_each_shard) / SWEEPS_A_MONTH
        assert store.usage.lists == passes * billed
    await coordinator.close()
