"""What reading costs: GETs as an object store bills them."""

from __future__ import annotations

import asyncio

import pytest

from fetching import Reading, fetched
from producing import Consumer, answered, line, turns
from unit.fetch.cold import restarted
from virtual import in_virtual_time

GROUPS = 10


@in_virtual_time
async def test_ten_groups_at_the_tail_cost_the_broker_that_wrote_no_get() -> None:
    async with line() as built:
        reading, clients = Reading(built), [Consumer() for _ in range(GROUPS)]
        for offset in range(50):
            waiting = [reading.fetch(offset, wait_ms=60_000, client=client) for client in clients]
            await turns(20)
            await answered([built.produce(), *waiting])
            assert {len(fetched(reply).records) > 0 for reply in waiting} == {True}
        assert built.stores.usage.gets == built.cache.stats.loads == 0
        assert built.stores.usage.puts == 50
        assert built.cache.stats.hits == 50 * GROUPS


@pytest.mark.parametrize("age_s", [1, 3600])
@in_virtual_time
async def test_after_a_restart_each_segment_that_ten_groups_read_costs_one_get(age_s: float) -> None:
    async with restarted(60, age_s=age_s) as broker:
        await asyncio.gather(*(broker.walk(Consumer(), 0, 40) for _ in range(GROUPS)))
        await asyncio.sleep(1)  # noqa: TID251 - virtual time
        assert set(broker.store.gets.values()) == {1}
        assert 40 <= broker.store.count <= 60


@in_virtual_time
async def test_who_waits_at_the_end_costs_nothing() -> None:
    async with restarted(5) as broker:
        waiting = broker.reading.fetch(5, wait_ms=300_000)
        await answered([waiting])
        assert fetched(waiting).records == b""
        assert broker.store.count == 0
        assert broker.built.stores.usage.lists == 0
