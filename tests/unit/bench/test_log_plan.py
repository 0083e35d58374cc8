from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylog.bench.log.plan import Plan, Schedule, parse_rate
from skylog.bench.sizes import KIB, MIB
from skylog.errors import InvalidConfig

plans = st.builds(
    Plan,
    rate=st.floats(1, 10_000),
    record_bytes=st.integers(16, 1000),
    partitions=st.integers(1, 10),
    batch_bytes=st.integers(1000, 20_000),
    seconds=st.floats(0.1, 3),
    warm_up_seconds=st.floats(0, 1),
)


@given(plans, st.lists(st.floats(0, 0.5), max_size=20))
def test_every_record_is_handed_out_once_in_order_and_never_early(plan: Plan, steps: list[float]) -> None:
    schedule, now_ns, numbers = Schedule(plan), 0, 0
    for step in [*steps, 10.0]:
        now_ns += int(step * 1e9)
        for run in schedule.take(now_ns):
            assert run.first == numbers
            assert 1 <= run.count <= plan.batch_records
            numbers += run.count
            assert schedule.due_ns(numbers - 1) <= now_ns
        assert numbers == plan.total_records or schedule.due_ns(numbers) > now_ns - 2
    assert schedule.done
    assert numbers == schedule.handed_out == plan.total_records


def test_a_partition_gets_a_batch_before_it_is_the_next_ones_turn() -> None:
    schedule = Schedule(Plan(rate=1000, record_bytes=100, batch_bytes=400, partitions=3))
    runs = [*schedule.take(int(5.5e6)), *schedule.take(int(12.5e6))]
    assert [(run.partition, run.count) for run in runs] == [(0, 4), (1, 2), (1, 2), (2, 4), (0, 1)]


@pytest.mark.parametrize(
    ("text", "rate"),
    [("5000", 5000), ("0.5", 0.5), ("10MiB", 10 * KIB), ("10 MiB/s", 10 * KIB), ("1g", MIB), ("512k/s", 512)],
)
def test_rates(text: str, rate: float) -> None:
    assert parse_rate(text, KIB) == rate


@pytest.mark.parametrize("text", ["", "fast", "10 apples", "-1"])
def test_what_is_no_rate(text: str) -> None:
    with pytest.raises(InvalidConfig, match="--rate"):
        parse_rate(text, KIB)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rate": 0}, "--rate"),
        ({"record_bytes": 15}, "--record-bytes: expected 16"),
        ({"partitions": 0}, "--partitions"),
        ({"producers": 17}, "--producers: expected 1 to 16"),
        ({"fan_out": 65}, "--fan-out"),
        ({"batch_bytes": 100}, "--batch-bytes"),
        ({"linger_ms": 0}, "--linger-ms"),
        ({"in_flight": 6, "idempotent": True}, "--in-flight: expected 1 to 5 with --idempotent"),
        ({"seconds": 1e5}, "--seconds"),
        ({"rate": 1e6}, "--bytes-max"),
    ],
)
def test_what_cannot_be_is_refused_by_name(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidConfig, match=message):
        Plan(**{"rate": 100.0, **changes})  # type: ignore[arg-type]
