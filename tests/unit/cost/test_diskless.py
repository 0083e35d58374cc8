"""The model beside arithmetic that is written out, and beside the budget that it is a model of."""

from __future__ import annotations

import pytest

from skylog.cost.diskless import diskless_usage, segment_flow, sweep_lists
from skylog.cost.workload import Workload
from skylog.produce.budget import PutBudget

MIB = 1 << 20
MONTH_S = 2_628_000


def test_below_the_budget_time_alone_makes_segments() -> None:
    """6 MiB/s on 3 brokers: 2 MiB/s each, a segment every quarter of a second, so of half a MiB."""
    flow = segment_flow(Workload(6 * MIB))
    assert flow.puts_per_second == 3 * 4
    assert flow.bytes_each == 0.5 * MIB
    assert flow.count == 12 * 7 * 86_400
    assert flow.wait_ms_max == 250


def test_above_it_full_segments_come_on_top() -> None:
    """100 MiB/s on one broker: 25 MiB in a quarter of a second are three full segments and a rest."""
    flow = segment_flow(Workload(100 * MIB, brokers=1))
    assert flow.puts_per_second == 4 * (1 + 3)
    assert flow.bytes_each == 100 / 16 * MIB


def test_a_full_segment_does_not_wait() -> None:
    assert segment_flow(Workload(100 * MIB, brokers=1)).wait_ms_max == 80


def test_a_linger_that_is_shorter_than_the_rate_makes_more_puts() -> None:
    assert segment_flow(Workload(1, brokers=1, put_rate_per_second=1)).puts_per_second == 1
    assert segment_flow(Workload(1, brokers=1, put_rate_per_second=1, linger_ms=250)).puts_per_second == 4
    assert segment_flow(Workload(1, brokers=1, put_rate_per_second=10, linger_ms=250)).puts_per_second == 10


@pytest.mark.parametrize("rate", [1.0, 4.0, 10.0])
@pytest.mark.parametrize("mib_per_second", [1, 20, 45, 100])
@pytest.mark.parametrize("linger_ms", [250, 5_000])
def test_the_budget_of_the_broker_agrees(rate: float, mib_per_second: float, linger_ms: int) -> None:
    workload = Workload(mib_per_second * MIB, brokers=1, put_rate_per_second=rate, linger_ms=linger_ms)
    assert _simulated_puts_per_second(workload) == pytest.approx(
        segment_flow(workload).puts_per_second, rel=0.02
    )


def test_nothing_produced_costs_the_sweeps_alone() -> None:
    usage = diskless_usage(Workload(0, fan_out=5))
    assert (usage.puts, usage.gets, usage.put_bytes, usage.stored_bytes) == (0, 0, 0, 0)
    # 3 brokers, 16 prefixes, once an hour for 730 hours
    assert usage.lists == 3 * 16 * 730


def test_a_rate_that_is_next_to_nothing_divides_to_nothing() -> None:
    assert segment_flow(Workload(5e-324, brokers=2)).puts_per_second == 0


def test_a_month_of_puts_and_bytes() -> None:
    usage = diskless_usage(Workload(6 * MIB, retention_s=100))
    assert usage.puts == 12 * MONTH_S
    assert usage.put_bytes == 6 * MIB * MONTH_S
    assert usage.stored_bytes == 600 * MIB
    assert usage.deletes == 12 * MONTH_S / 1000


def test_each_other_zone_gets_each_segment_once() -> None:
    """Three zones: the writer's has it in its cache; fan-out makes no difference."""
    assert _gets_per_put(Workload(MIB, fan_out=1)) == 2
    assert _gets_per_put(Workload(MIB, fan_out=10)) == 2
    assert _gets_per_put(Workload(MIB, fan_out=0)) == 0
    assert _gets_per_put(Workload(MIB, zones=1, fan_out=10)) == 0


def test_several_brokers_of_a_zone_each_get_it() -> None:
    """Nine brokers in three zones: three in each of the two other zones."""
    assert _gets_per_put(Workload(MIB, brokers=9)) == 6
    assert _gets_per_put(Workload(MIB, brokers=9, gets_per_segment_and_zone=1)) == 2


def test_what_the_cache_does_not_have_is_read_by_each_group() -> None:
    """A tenth of four groups' reads misses: 0.4 GETs a segment beside the two of the other zones."""
    assert _gets_per_put(Workload(MIB, fan_out=4, cache_hit_share=0.9)) == pytest.approx(2.4)


def test_gets_read_whole_segments() -> None:
    usage = diskless_usage(Workload(6 * MIB))
    assert usage.get_bytes == pytest.approx(2 * usage.put_bytes)


def test_a_sweep_lists_each_prefix_by_the_thousand() -> None:
    """32,000 objects: 2,000 under each prefix, so two full pages, and the store says that they are all."""
    assert sweep_lists(Workload(1, brokers=1), 32_000) == 16 * 2 * 730
    assert sweep_lists(Workload(1, brokers=1), 32_016) == 16 * 3 * 730
    assert sweep_lists(Workload(1, brokers=1), 0) == 16 * 730


def test_clients_that_say_their_zone_stay_in_it() -> None:
    assert diskless_usage(Workload(MIB, fan_out=3)).cross_zone_bytes == 0


def test_clients_that_do_not_cross_two_times_in_three_and_need_no_get() -> None:
    usage = diskless_usage(Workload(3 * MIB, fan_out=3, zone_aware=False))
    # once produced and three times read, of which two thirds go to another zone
    assert usage.cross_zone_bytes == pytest.approx(3 * MIB * 4 * 2 / 3 * MONTH_S)
    assert usage.gets == 0


def test_a_zone_without_a_broker_crosses() -> None:
    usage = diskless_usage(Workload(3 * MIB, fan_out=1, zones=3, brokers=2))
    assert usage.cross_zone_bytes == pytest.approx(3 * MIB * 2 / 3 * MONTH_S)
    assert usage.gets == usage.puts


def _gets_per_put(workload: Workload) -> float:
    usage = diskless_usage(workload)
    return usage.gets / usage.puts


def _simulated_puts_per_second(workload: Workload) -> float:
    """Return what the real budget makes of a steady load that comes in steps of a millisecond.

    What is a multiple of the target at a token's time may fall to either side, so the loads above are none.
    """
    assert workload.linger_ms is not None
    budget = PutBudget(workload.put_rate_per_second, 4, workload.linger_ms / 1000, 0.0)
    puts, held, opened_at = 0, 0.0, 0.0
    warm_ms, end_ms = 20_000, 80_000
    for now_ms in range(end_ms):
        now = now_ms / 1000
        opened_at = opened_at if held else now
        held += workload.produce_bytes_per_second / 1000
        full = held >= workload.segment_bytes_target
        if full or budget.wait_s(now, opened_at) <= 0:
            if not full:
                budget.spend(now)
            held = 0.0
            puts += now_ms >= warm_ms
    return puts / (end_ms - warm_ms) * 1000
