"""The same load on a Kafka whose brokers keep the log on disks and replicate it to each other.

Replicas are spread over the zones as `broker.rack` does it, leaders and clients evenly. Machines are counted
on neither side.
"""

from __future__ import annotations

from dataclasses import dataclass

from skylog.cost.usage import Usage
from skylog.cost.workload import Workload
from skylog.storage.prices import MONTH_S


@dataclass(frozen=True, slots=True)
class ClassicSetup:
    """How that cluster is run.

    Parameters
    ----------
    replication_factor
        Copies of each partition.
    follower_fetching
        Consumers read from a replica in their zone where there is one (KIP-392).
    local_retention_s
        With tiered storage (KIP-405), how much of the log stays on disks; None: no tiered storage. Its
        requests are not counted: segments of 1 GiB make few.
    disk_fill_max
        Share of a disk that may be in use; the rest is for growth and for rebalancing.
    """

    replication_factor: int = 3
    follower_fetching: bool = False
    local_retention_s: float | None = None
    disk_fill_max: float = 0.7


def classic_usage(workload: Workload, setup: ClassicSetup) -> Usage:
    """Return a month of that cluster under `workload`."""
    rate = workload.stored_bytes_per_second
    on_disk_s = workload.retention_s
    if setup.local_retention_s is not None:
        on_disk_s = min(on_disk_s, setup.local_retention_s)
    return Usage(
        stored_bytes=0.0 if setup.local_retention_s is None else workload.retained_bytes,
        put_bytes=0.0 if setup.local_retention_s is None else rate * MONTH_S,
        cross_zone_bytes=rate * MONTH_S * cross_zone_copies(workload, setup),
        disk_bytes=rate * on_disk_s * setup.replication_factor / setup.disk_fill_max,
    )


def cross_zone_copies(workload: Workload, setup: ClassicSetup) -> float:
    """Return how often each produced byte goes from one zone to another."""
    return (
        _other_zone_share(workload.zones)
        + _replication_copies(setup.replication_factor, workload.zones)
        + workload.fan_out * _consumer_share(workload.zones, setup)
    )


def _other_zone_share(zones: int) -> float:
    """Return the chance that a client's leader is in another zone."""
    return (zones - 1) / zones


def _replication_copies(replication_factor: int, zones: int) -> float:
    """Return copies that leave the leader's zone, on average over leaders."""
    least, more = divmod(replication_factor, zones)
    together = more * (least + 1) ** 2 + (zones - more) * least**2
    return replication_factor - together / replication_factor


def _consumer_share(zones: int, setup: ClassicSetup) -> float:
    if not setup.follower_fetching:
        return _other_zone_share(zones)
    return 1 - min(setup.replication_factor, zones) / zones
