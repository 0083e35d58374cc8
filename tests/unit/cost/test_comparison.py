from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylog.cost.bill import bill_of
from skylog.cost.comparison import compare, vary
from skylog.cost.diskless import diskless_usage
from skylog.cost.workload import Workload
from skylog.storage.prices import load_prices

MIB = 1 << 20
PROVIDERS = ("aws", "aws-express", "gcp", "azure")

workloads = st.builds(
    Workload,
    produce_bytes_per_second=st.floats(0, 1e10, allow_subnormal=False),
    compression=st.floats(0.5, 20),
    retention_s=st.floats(0, 1e8),
    zones=st.integers(1, 6),
    brokers=st.none() | st.integers(1, 50),
    fan_out=st.floats(0, 100),
    put_rate_per_second=st.floats(0.1, 100),
    linger_ms=st.none() | st.floats(1, 10_000),
    segment_bytes_target=st.floats(65_536, 1 << 28),
    gets_per_segment_and_zone=st.none() | st.floats(0, 10),
    cache_hit_share=st.floats(0, 1),
    zone_aware=st.booleans(),
)


def test_fifty_mebibytes_a_second_on_amazon_by_hand() -> None:
    """7 days, 3 zones, 3 groups, by the price list of `aws.toml`.

    skylog: 12 PUTs/s × 2.628 M s = 31.536 M at 5 $/M; each segment GET by two other zones at 0.4 $/M;
    7,257,600 objects are 453,600 a prefix, so 454 LISTs × 16 × 730 × 3 brokers at 5 $/M;
    50 MiB/s × 604,800 s = 29,531.25 GB at 0.023.
    Kafka: 128,320.3 GB a month × (2/3 + 2 + 2) × 0.02; on disks 29,531.25 × 3 / 0.7 at 0.08.
    """
    ours, tiered, following, plain = compare(Workload(50 * MIB, fan_out=3), load_prices("aws"))
    dollars = {line.name: line.dollars for line in ours.bill.lines}
    assert dollars["PUT"] == pytest.approx(157.68)
    assert dollars["GET"] == pytest.approx(25.2288)
    assert dollars["LIST"] == pytest.approx(454 * 16 * 730 * 3 * 0.005 / 1000)
    assert dollars["storage"] == pytest.approx(29_531.25 * 0.023)
    assert dollars["between zones"] == 0
    month_gb = 50 / 1024 * 2_628_000
    assert plain.bill.line("between zones").dollars == pytest.approx(month_gb * (2 / 3 + 2 + 2) * 0.02)
    assert plain.bill.line("disks").dollars == pytest.approx(29_531.25 * 3 / 0.7 * 0.08)
    assert following.bill.line("between zones").dollars == pytest.approx(month_gb * (2 / 3 + 2) * 0.02)
    assert tiered.bill.line("storage").dollars == dollars["storage"]
    assert ours.bill.dollars < tiered.bill.dollars < following.bill.dollars < plain.bill.dollars


@pytest.mark.parametrize("provider", PROVIDERS)
@given(workload=workloads, factor=st.floats(1, 100))
def test_more_throughput_never_costs_less(provider: str, workload: Workload, factor: float) -> None:
    sheet = load_prices(provider)
    more = replace(workload, produce_bytes_per_second=workload.produce_bytes_per_second * factor)
    for less_dear, dearer in zip(compare(workload, sheet), compare(more, sheet), strict=True):
        for before, after in zip(less_dear.bill.lines, dearer.bill.lines, strict=True):
            assert before.dollars <= after.dollars * (1 + 1e-9)


@given(workload=workloads, factor=st.floats(1, 100))
def test_a_longer_retention_or_more_groups_never_cost_less(workload: Workload, factor: float) -> None:
    sheet = load_prices("aws")
    longer = replace(workload, retention_s=workload.retention_s * factor)
    read_more = replace(workload, fan_out=workload.fan_out * factor)
    for candidate in (longer, read_more):
        for before, after in zip(compare(workload, sheet), compare(candidate, sheet), strict=True):
            assert before.bill.dollars <= after.bill.dollars * (1 + 1e-9)


@given(workload=workloads)
def test_every_byte_is_counted_and_nothing_costs_without_prices(workload: Workload) -> None:
    usage = diskless_usage(workload)
    assert bill_of(usage, load_prices("none")).dollars == 0
    assert usage.put_bytes == pytest.approx(workload.stored_bytes_per_second * 2_628_000)
    if workload.produce_bytes_per_second:
        assert usage.puts > 0


def test_what_if_changes_one_thing() -> None:
    base, sheet = Workload(50 * MIB), load_prices("aws")
    one, four = vary(base, "put_rate_per_second", [1.0, 4.0], sheet)
    assert four.bill == compare(base, sheet)[0].bill
    assert one.bill.line("PUT").dollars < four.bill.line("PUT").dollars
    assert one.bill.line("storage") == four.bill.line("storage")
    assert one.classic_dollars == four.classic_dollars == compare(base, sheet)[1].bill.dollars


def test_what_if_zones_brings_brokers_with_it() -> None:
    two, three = vary(Workload(MIB), "zones", [2, 3], load_prices("aws"))
    assert (two.flow.puts_per_second, three.flow.puts_per_second) == (8, 12)
