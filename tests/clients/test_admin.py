"""Topics, configs, groups and the cluster through two admin clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from confluent_kafka.admin import AdminClient
from kafka import KafkaAdminClient

from clients.batches import build_batch
from clients.conftest import NewTopic
from clients.drivers import GROUP_DRIVERS, GroupDriver
from clients.drivers.admins import ADMINS, Admin, AdminError
from clients.drivers.base import Membership, Record
from clients.members import group
from clients.raw import Connection, metadata_request, produce_by_id
from clients.seeds import unique
from clients.waiting import wait_until

UNKNOWN_TOPIC, INVALID_TOPIC, EXISTS, INVALID_PARTITIONS, INVALID_CONFIG = 3, 17, 36, 37, 40
NON_EMPTY_GROUP, GROUP_NOT_FOUND, UNKNOWN_TOPIC_ID, UNKNOWN_MEMBER = 68, 69, 100, 25


@pytest.fixture(params=ADMINS.values(), ids=ADMINS)
def admin(request: pytest.FixtureRequest, bootstrap: str) -> Iterator[Admin]:
    make: Callable[[str], Admin] = request.param
    with closing(make(bootstrap)) as admin:
        yield admin


def test_a_created_topic_is_there_at_once_and_a_deleted_one_is_gone(admin: Admin) -> None:
    topic = unique("admin")
    admin.create(topic, 3, {"retention.ms": "3600000"})
    assert topic in admin.topics()
    assert admin.describe(topic)[1] == [0, 1, 2]
    assert admin.configs(topic)["retention.ms"] == "3600000"
    admin.delete(topic)
    assert topic not in admin.topics()
    with pytest.raises(AdminError) as refusal:
        admin.describe(topic)
    assert refusal.value.code == UNKNOWN_TOPIC


def test_what_cannot_be_created_is_refused_with_kafka_s_code(admin: Admin) -> None:
    topic = unique("admin")
    admin.create(topic, 1)
    for name, partitions, configs, code in (
        (topic, 1, {}, EXISTS),
        ("no/slash", 1, {}, INVALID_TOPIC),
        ("x" * 250, 1, {}, INVALID_TOPIC),
        (unique("admin"), 0, {}, INVALID_PARTITIONS),
        (unique("admin"), 1, {"retention.ms": "soon"}, INVALID_CONFIG),
        (unique("admin"), 1, {"no.such.config": "1"}, INVALID_CONFIG),
    ):
        with pytest.raises(AdminError) as refusal:
            admin.create(name, partitions, configs)
        assert refusal.value.code == code, (name, partitions, configs)


def test_a_topic_that_is_not_there_cannot_be_deleted_or_grown(admin: Admin) -> None:
    for change in (admin.delete, lambda topic: admin.grow(topic, 9)):
        with pytest.raises(AdminError) as refusal:
            change(unique("admin"))
        assert refusal.value.code == UNKNOWN_TOPIC


def test_partitions_grow_and_never_shrink(admin: Admin, bootstrap: str) -> None:
    topic = unique("admin")
    admin.create(topic, 2)
    admin.grow(topic, 5)
    assert admin.describe(topic)[1] == [0, 1, 2, 3, 4]
    GROUP_DRIVERS["confluent"].produce(bootstrap, topic, [Record(None, b"new")], partition=4)
    for count in (5, 3):
        with pytest.raises(AdminError) as refusal:
            admin.grow(topic, count)
        assert refusal.value.code == INVALID_PARTITIONS


def test_configs_change_and_come_back_to_their_defaults(admin: Admin) -> None:
    topic = unique("admin")
    admin.create(topic, 1)
    default = admin.configs(topic)["max.message.bytes"]
    assert default == "1048588"
    admin.set_config(topic, "max.message.bytes", "5000")
    assert admin.configs(topic)["max.message.bytes"] == "5000"
    admin.set_config(topic, "max.message.bytes", None)
    assert admin.configs(topic)["max.message.bytes"] == default
    with pytest.raises(AdminError) as refusal:
        admin.set_config(topic, "max.message.bytes", "many")
    assert refusal.value.code == INVALID_CONFIG


def test_a_changed_limit_holds_for_the_next_record(admin: Admin, bootstrap: str) -> None:
    topic = unique("admin")
    admin.create(topic, 1)
    with Connection(bootstrap) as connection:
        assert connection.produce(topic, 0, build_batch([b"x" * 3000])).error_code == 0
        admin.set_config(topic, "max.message.bytes", "2000")
        assert connection.produce(topic, 0, build_batch([b"x" * 3000])).error_code == 10
        assert connection.produce(topic, 0, build_batch([b"x" * 1000])).error_code == 0


def test_a_topic_made_again_is_new_and_empty(admin: Admin, bootstrap: str) -> None:
    topic = unique("admin")
    admin.create(topic, 1)
    with Connection(bootstrap) as connection:
        for value in (b"one", b"two", b"three"):
            assert connection.produce(topic, 0, build_batch([value])).error_code == 0
        first, _ = admin.describe(topic)
        admin.delete(topic)
        admin.create(topic, 1)
        second, _ = admin.describe(topic)
        assert second != first
        assert connection.end_offset(topic, 0) == 0
        assert connection.produce(topic, 0, build_batch([b"new"])).base_offset == 0
        old = (
            connection.ask(produce_by_id(first, 0, build_batch([b"late"])))
            .responses[0]
            .partition_responses[0]
        )
        assert old.error_code == UNKNOWN_TOPIC_ID
    received = GROUP_DRIVERS["confluent"].consume(bootstrap, topic, 1)
    assert [item.value for item in received] == [b"new"]


def test_topics_come_into_being_by_writing_to_them(library: GroupDriver, bootstrap: str) -> None:
    topic = unique("auto")
    library.produce(bootstrap, topic, [Record(b"k", b"v")])
    assert [item.value for item in library.consume(bootstrap, topic, 1)] == [b"v"]


def test_topics_do_not_come_into_being_by_asking(bootstrap: str) -> None:
    topic = unique("auto")
    with Connection(bootstrap) as connection:
        for _ in range(2):
            answer = connection.ask(metadata_request([topic], create=False))
            assert answer.topics[0].error_code == UNKNOWN_TOPIC
        assert topic not in {found.name for found in connection.ask(metadata_request(None)).topics}


def test_both_clients_see_the_same_cluster(bootstrap: str) -> None:
    client = AdminClient({"bootstrap.servers": bootstrap})
    ours = client.describe_cluster().result(20)
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as other:
        theirs = other.describe_cluster()
    assert len(ours.cluster_id) == 22
    assert theirs["cluster_id"] == ours.cluster_id
    assert [f"{node.host}:{node.port}" for node in ours.nodes] == [bootstrap]
    assert [f"{node['host']}:{node['port']}" for node in theirs["brokers"]] == [bootstrap]
    assert ours.controller.id == ours.nodes[0].id == theirs["controller_id"]


def test_a_group_is_listed_described_and_deleted_when_it_is_empty(
    admin: Admin, bootstrap: str, new_topic: NewTopic
) -> None:
    membership = Membership(bootstrap, unique("admin"), new_topic("admin", partitions=2))
    with group(membership) as members:
        member = members.join(GROUP_DRIVERS["confluent"])
        members.wait_for_shares([member], 2)
        assert membership.group in admin.groups()
        wait_until(lambda: admin.group_state(membership.group) == ("STABLE", 1), "a stable group")
        with pytest.raises(AdminError) as refusal:
            admin.delete_group(membership.group)
        assert refusal.value.code == NON_EMPTY_GROUP
        with pytest.raises(AdminError) as refusal:
            admin.set_offset(membership.group, membership.topic, 0, 0)
        assert refusal.value.code == UNKNOWN_MEMBER
        member.leave()
    assert admin.group_state(membership.group) == ("EMPTY", 0)
    admin.set_offset(membership.group, membership.topic, 0, 0)
    admin.delete_group(membership.group)
    assert membership.group not in admin.groups()
    with pytest.raises(AdminError) as refusal:
        admin.delete_group(membership.group)
    assert refusal.value.code == GROUP_NOT_FOUND


def test_offsets_of_a_group_without_members_can_be_set(
    admin: Admin, bootstrap: str, new_topic: NewTopic
) -> None:
    topic = new_topic("admin", partitions=2)
    GROUP_DRIVERS["confluent"].produce(bootstrap, topic, [Record(None, b"%d" % n) for n in range(10)])
    membership = Membership(bootstrap, unique("admin"), topic)
    admin.set_offset(membership.group, topic, 0, 7)
    assert admin.offsets(membership.group) == {(topic, 0): 7}
    with group(membership) as members:
        members.join(GROUP_DRIVERS["kafka-python"])
        members.wait_for_values({"7", "8", "9"})
        assert members.values == {"7", "8", "9"}
