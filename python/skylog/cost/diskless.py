"""What skylog asks of the store, from what is asked of skylog.

The formulae follow the code that makes the requests: the PUT budget, the cache that the writer fills, the
sweep that looks for orphans, deletion in batches. Retries and hedges (at most one request in twenty) come on
top, and consolidation is not there yet.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from skylog.cost.usage import Usage
from skylog.cost.workload import Workload
from skylog.storage.prices import MONTH_S

SWEEP_INTERVAL_S = 3_600.0
"""`skylog.jobs.sweep`: each broker walks the whole store that often."""
SWEEP_SHARDS = 16
"""`skylog.storage.keys`: prefixes, each listed on its own."""
OBJECTS_PER_LIST = 1_000
OBJECTS_PER_DELETE = 1_000


@dataclass(frozen=True, slots=True)
class SegmentFlow:
    """Segments as they are uploaded and held."""

    puts_per_second: float
    """Of all brokers."""
    bytes_each: float
    """Mean size; 0 where nothing is produced."""
    count: float
    """Objects in the store."""
    wait_ms_max: float
    """The longest that a batch waits for its seal."""


def segment_flow(workload: Workload) -> SegmentFlow:
    """Return how many segments of what size a load makes."""
    broker_bytes_per_second = workload.stored_bytes_per_second / workload.broker_count
    if broker_bytes_per_second == 0:
        return SegmentFlow(0.0, 0.0, 0.0, _seal_s(workload, math.inf) * 1000)
    fill_s = workload.segment_bytes_target / broker_bytes_per_second
    seal_s = _seal_s(workload, fill_s)
    # Between two seals that time causes, as many are caused by size as full segments have come together.
    puts = workload.broker_count * (1 + math.floor(seal_s / fill_s)) / seal_s
    return SegmentFlow(
        puts_per_second=puts,
        bytes_each=workload.stored_bytes_per_second / puts,
        count=puts * workload.retention_s,
        wait_ms_max=min(fill_s, seal_s) * 1000,
    )


def diskless_usage(workload: Workload) -> Usage:
    """Return a month of skylog under `workload`."""
    flow = segment_flow(workload)
    gets = flow.puts_per_second * _gets_per_segment(workload) * MONTH_S
    return Usage(
        puts=flow.puts_per_second * MONTH_S,
        gets=gets,
        lists=sweep_lists(workload, flow.count),
        deletes=flow.puts_per_second * MONTH_S / OBJECTS_PER_DELETE,
        put_bytes=workload.stored_bytes_per_second * MONTH_S,
        get_bytes=gets * flow.bytes_each,
        stored_bytes=workload.retained_bytes,
        cross_zone_bytes=_cross_zone_bytes_per_second(workload) * MONTH_S,
    )


def sweep_lists(workload: Workload, objects: float) -> float:
    """Return the LISTs of a month with which all brokers look for orphans among `objects`."""
    pages = max(1, math.ceil(objects / SWEEP_SHARDS / OBJECTS_PER_LIST))
    return workload.broker_count * SWEEP_SHARDS * pages * MONTH_S / SWEEP_INTERVAL_S


def _seal_s(workload: Workload, fill_s: float) -> float:
    """Return after how long time seals a segment that is full after `fill_s`.

    A linger shorter than the rate's interval wins, unless segments are full before it is over: each new one
    begins its linger anew.
    """
    interval_s = 1 / workload.put_rate_per_second
    linger_s = math.inf if workload.linger_ms is None else workload.linger_ms / 1000
    return interval_s if fill_s <= linger_s else min(interval_s, linger_s)


def _gets_per_segment(workload: Workload) -> float:
    if workload.fan_out == 0:
        return 0.0
    return _tail_gets(workload) + workload.fan_out * (1 - workload.cache_hit_share)


def _tail_gets(workload: Workload) -> float:
    """Return GETs of a segment by brokers that did not write it.

    Clients that do not say their zone all use the partition's one broker, which wrote the segment.
    """
    if not workload.zone_aware:
        return 0.0
    zones = min(workload.zones, workload.broker_count)
    each = workload.gets_per_segment_and_zone
    return (zones - 1) * (workload.broker_count / zones if each is None else each)


def _cross_zone_bytes_per_second(workload: Workload) -> float:
    zones = workload.zones
    served = min(zones, workload.broker_count) if workload.zone_aware else 1
    return workload.stored_bytes_per_second * (1 + workload.fan_out) * (zones - served) / zones
