from __future__ import annotations

import math
from typing import Any

import pytest

from skylog.config import Config
from skylog.cost.diskless import OBJECTS_PER_LIST, SWEEP_INTERVAL_S, SWEEP_SHARDS
from skylog.cost.workload import Workload
from skylog.errors import InvalidConfig
from skylog.jobs.sweep import SweepOrphans
from skylog.storage.keys import SEGMENT_SHARDS
from skylog.storage.wrapping import PAGE_OBJECTS


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("produce_bytes_per_second", -1),
        ("produce_bytes_per_second", math.inf),
        ("produce_bytes_per_second", math.nan),
        ("retention_s", -1),
        ("fan_out", -0.5),
        ("zones", 0),
        ("brokers", 0),
        ("put_rate_per_second", 0),
        ("linger_ms", 0),
        ("segment_bytes_target", 0),
        ("compression", 0),
        ("cache_hit_share", 1.1),
        ("gets_per_segment_and_zone", -1),
    ],
)
def test_what_cannot_be_is_named(field: str, value: float) -> None:
    arguments: dict[str, Any] = {"produce_bytes_per_second": 1.0, field: value}
    with pytest.raises(InvalidConfig, match=rf"^{field}: expected .*, found "):
        Workload(**arguments)


def test_the_defaults_are_the_brokers() -> None:
    workload, produce = Workload(1), Config().produce
    assert workload.segment_bytes_target == produce.segment_bytes_target
    assert 1000 / workload.put_rate_per_second == produce.linger_ms_max


def test_the_model_knows_how_the_sweep_works() -> None:
    assert SweepOrphans.interval_seconds == SWEEP_INTERVAL_S
    assert len(SEGMENT_SHARDS) == SWEEP_SHARDS
    assert PAGE_OBJECTS == OBJECTS_PER_LIST


def test_compression_makes_less_of_everything() -> None:
    workload = Workload(100, compression=4, retention_s=10)
    assert (workload.stored_bytes_per_second, workload.retained_bytes) == (25, 250)
