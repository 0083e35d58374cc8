"""Groups of foreign clients: members join, leave and crash while records come, and none is lost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clients.conftest import NewTopic
from clients.drivers import DRIVERS, GROUP_DRIVERS, KCAT, KCAT_INSTALLED, GroupDriver
from clients.drivers.base import Membership
from clients.feed import feed
from clients.members import Member, group
from clients.offsets import committed_offsets, end_offsets
from clients.seeds import unique

PARTITIONS = 6


@pytest.fixture
def membership(bootstrap: str, new_topic: NewTopic) -> Membership:
    topic = new_topic("group", partitions=PARTITIONS)
    return Membership(bootstrap, unique("group"), topic)


def test_nothing_is_lost_while_members_join_leave_and_crash(
    library: GroupDriver, membership: Membership
) -> None:
    with feed(membership.bootstrap, membership.topic, PARTITIONS) as records, group(membership) as members:
        first, second, third = (members.join(library) for _ in range(3))
        members.wait_for_shares([first, second, third], PARTITIONS)
        records.go_on()
        first.leave()
        members.wait_for_shares([second, third], PARTITIONS)
        fourth = members.join(library)
        members.wait_for_shares([second, third, fourth], PARTITIONS)
        records.go_on()
        second.crash()
        members.wait_for_shares([third, fourth], PARTITIONS)
        records.go_on()
        members.wait_for_values(records.stop())
        _nobody_went_back(members.all)


@pytest.mark.skipif(not KCAT_INSTALLED, reason="kcat is not installed")
def test_nothing_is_lost_when_a_kcat_crashes(membership: Membership) -> None:
    """No kcat leaves here: on SIGTERM it commits a record that it drops, whatever the broker does."""
    with feed(membership.bootstrap, membership.topic, PARTITIONS) as records, group(membership) as members:
        first, second, third = (members.join(KCAT) for _ in range(3))
        members.wait_for_shares([first, second, third], PARTITIONS)
        records.go_on()
        first.crash()
        members.wait_for_shares([second, third], PARTITIONS)
        records.go_on()
        members.wait_for_values(records.stop())
        _nobody_went_back(members.all)


@pytest.mark.skipif(not KCAT_INSTALLED, reason="kcat is not installed")
def test_all_clients_share_one_group(membership: Membership) -> None:
    with feed(membership.bootstrap, membership.topic, PARTITIONS) as records, group(membership) as members:
        started = [members.join(driver) for driver in DRIVERS.values()]
        members.wait_for_shares(started, PARTITIONS)
        records.go_on()
        started[0].leave()
        members.wait_for_shares(started[1:], PARTITIONS)
        members.wait_for_values(records.stop())


def test_a_later_member_goes_on_where_the_group_stopped(library: GroupDriver, membership: Membership) -> None:
    with feed(membership.bootstrap, membership.topic, PARTITIONS) as records, group(membership) as members:
        first = members.join(library)
        members.wait_for_shares([first], PARTITIONS)
        records.go_on()
        before = set(records.stop())
        members.wait_for_values(before)
        first.leave()
        ends = end_offsets(membership.bootstrap, membership.topic, PARTITIONS)
        assert committed_offsets(membership) == ends
    with feed(membership.bootstrap, membership.topic, PARTITIONS) as records, group(membership) as members:
        second = members.join(library)
        records.go_on()
        members.wait_for_values(records.stop())
        assert {(p, o) for p, o, _ in second.records if o < ends[p]} == set()


def test_a_static_member_that_returns_gets_its_partitions_back_without_a_rebalance(
    membership: Membership,
) -> None:
    """KIP-345: closing does not leave the group; the same instance comes back before its session is over.

    With librdkafka only: a leader of kafka-python's that hears late of the rebalance it was part of joins
    once more by itself, so its count of rebalances says nothing.
    """
    driver = GROUP_DRIVERS["confluent"]
    with feed(membership.bootstrap, membership.topic, PARTITIONS) as records, group(membership) as members:
        static = [
            members.join(driver, replace(membership, instance=f"instance-{n}", session_ms=20_000))
            for n in range(2)
        ]
        members.wait_for_shares(static, PARTITIONS)
        stays, goes = static
        share, events = set(goes.partitions), len(_rebalances(stays))
        goes.crash()
        back = members.join(driver, replace(membership, instance="instance-1", session_ms=20_000))
        members.wait_for_shares([stays, back], PARTITIONS)
        members.wait_for_values(records.stop())
        assert back.partitions == share
        assert len(_rebalances(stays)) == events


def test_cooperative_members_keep_what_they_do_not_give_away(membership: Membership) -> None:
    cooperative = replace(membership, assignor="cooperative-sticky")
    confluent = GROUP_DRIVERS["confluent"]
    with feed(membership.bootstrap, membership.topic, PARTITIONS) as records, group(cooperative) as members:
        first = members.join(confluent)
        members.wait_for_shares([first], PARTITIONS)
        second, third = members.join(confluent), members.join(confluent)
        members.wait_for_shares([first, second, third], PARTITIONS)
        revoked = [event["revoked"] for event in first.events if "revoked" in event]
        assert sum(map(len, revoked)) == PARTITIONS - PARTITIONS // 3, "an eager rebalance takes all away"
        second.leave()
        members.wait_for_shares([first, third], PARTITIONS)
        third.crash()
        members.wait_for_shares([first], PARTITIONS)
        members.wait_for_values(records.stop())
        _nobody_went_back([first])


def _rebalances(member: Member) -> list[object]:
    return [event for event in list(member.events) if "assigned" in event or "revoked" in event]


def _nobody_went_back(members: list[Member]) -> None:
    """Between two assignments a member reads each partition in order."""
    for member in members:
        last: dict[int, int] = {}
        for event in member.events:
            for partition in event.get("assigned", ()):
                last.pop(partition, None)
            for partition, offset, _ in event.get("got", ()):
                assert offset > last.get(partition, -1), (member, partition, offset)
                last[partition] = offset
