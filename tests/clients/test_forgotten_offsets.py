"""OffsetDelete: places of a group in topics that it has left behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import kafka
import pytest
from kafka import KafkaAdminClient
from kafka.errors import GroupIdNotFoundError, NoError
from kafka.structs import OffsetAndMetadata

from clients.conftest import NewTopic
from clients.drivers import GroupDriver
from clients.drivers.base import Membership
from clients.members import group
from clients.seeds import unique

GROUP_SUBSCRIBED_TO_TOPIC, UNKNOWN_TOPIC = 86, 3


@pytest.fixture
def admin(bootstrap: str) -> Iterator[KafkaAdminClient]:
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        yield admin


def _commit(admin: KafkaAdminClient, group_id: str, *places: tuple[str, int]) -> None:
    offsets = {kafka.TopicPartition(*place): OffsetAndMetadata(0, "", -1) for place in places}
    assert set(admin.alter_group_offsets(group_id, offsets).values()) == {NoError}


def _forget(admin: KafkaAdminClient, group_id: str, *places: tuple[str, int]) -> dict[tuple[str, int], int]:
    answers = admin.delete_group_offsets(group_id, [kafka.TopicPartition(*place) for place in places])
    return {(part.topic, part.partition): error.errno for part, error in answers.items()}


def _kept(admin: KafkaAdminClient, group_id: str) -> set[tuple[str, int]]:
    return {(part.topic, part.partition) for part in admin.list_group_offsets({group_id: None})[group_id]}


def test_a_group_forgets_its_place_in_a_partition(admin: KafkaAdminClient, new_topic: NewTopic) -> None:
    topic, group_id = new_topic("forget", partitions=2), unique("forget")
    _commit(admin, group_id, (topic, 0), (topic, 1))
    assert _forget(admin, group_id, (topic, 0), (topic, 7)) == {(topic, 0): 0, (topic, 7): UNKNOWN_TOPIC}
    assert _kept(admin, group_id) == {(topic, 1)}


def test_a_group_that_is_not_there_forgets_nothing(admin: KafkaAdminClient, new_topic: NewTopic) -> None:
    with pytest.raises(GroupIdNotFoundError):
        _forget(admin, unique("forget"), (new_topic("forget"), 0))


def test_a_group_keeps_its_place_where_a_member_reads(
    admin: KafkaAdminClient, library: GroupDriver, bootstrap: str, new_topic: NewTopic
) -> None:
    membership = Membership(bootstrap, unique("forget"), new_topic("read"))
    place, left = (membership.topic, 0), (new_topic("left"), 0)
    _commit(admin, membership.group, place, left)
    with group(membership) as members:
        member = members.join(library)
        members.wait_for_shares([member], 1)
        assert _forget(admin, membership.group, place, left) == {place: GROUP_SUBSCRIBED_TO_TOPIC, left: 0}
        member.leave()
    assert _kept(admin, membership.group) == {place}
    assert _forget(admin, membership.group, place) == {place: 0}
