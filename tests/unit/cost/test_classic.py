"""Hand-computed: what a byte costs a Kafka that replicates, in copies between zones and on disks."""

from __future__ import annotations

import pytest

from skylog.cost.classic import ClassicSetup, classic_usage, cross_zone_copies
from skylog.cost.workload import Workload

GIB = 1 << 30
MONTH_S = 2_628_000


@pytest.mark.parametrize(
    ("zones", "fan_out", "setup", "copies"),
    [
        # two thirds of producers reach a leader elsewhere, two replicas, two thirds of three groups
        (3, 3, ClassicSetup(), 2 / 3 + 2 + 3 * 2 / 3),
        (3, 3, ClassicSetup(follower_fetching=True), 2 / 3 + 2),
        (3, 0, ClassicSetup(), 2 / 3 + 2),
        (1, 3, ClassicSetup(), 0),
        # two zones: 2 of 3 leaders have a follower beside them (one copy crosses), 1 has none (two do)
        (2, 0, ClassicSetup(), 1 / 2 + (2 * 1 + 1 * 2) / 3),
        # four zones: one has no replica, so a quarter of consumers cross even so
        (4, 1, ClassicSetup(follower_fetching=True), 3 / 4 + 2 + 1 / 4),
        (3, 1, ClassicSetup(replication_factor=1, follower_fetching=True), 2 / 3 + 0 + 2 / 3),
    ],
)
def test_copies_between_zones(zones: int, fan_out: float, setup: ClassicSetup, copies: float) -> None:
    assert cross_zone_copies(Workload(1, zones=zones, fan_out=fan_out), setup) == pytest.approx(copies)


def test_disks_hold_three_copies_and_have_room() -> None:
    """1 GiB/s for 70 seconds, three times, on disks that may be 70 % full: 300 GiB."""
    usage = classic_usage(Workload(GIB, retention_s=70), ClassicSetup())
    assert usage.disk_bytes == pytest.approx(300 * GIB)
    assert usage.stored_bytes == 0


def test_tiered_storage_keeps_the_newest_on_disks_and_all_of_it_once_in_the_store() -> None:
    usage = classic_usage(Workload(GIB, retention_s=700), ClassicSetup(local_retention_s=70))
    assert usage.disk_bytes == pytest.approx(300 * GIB)
    assert usage.stored_bytes == 700 * GIB
    assert usage.put_bytes == GIB * MONTH_S


def test_what_is_kept_shorter_than_the_local_tier_takes_no_more_disk() -> None:
    usage = classic_usage(Workload(GIB, retention_s=7), ClassicSetup(local_retention_s=70))
    assert usage.disk_bytes == pytest.approx(30 * GIB)


def test_a_month_of_traffic() -> None:
    usage = classic_usage(Workload(3, fan_out=0), ClassicSetup())
    assert usage.cross_zone_bytes == pytest.approx(8 * MONTH_S)
