"""What tools ask a cluster about, through two admin clients.

All of it holds for Apache Kafka 4.3 too: SKYLOG_TEST_BOOTSTRAP=HOST:PORT runs this file against it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import kafka
import pytest
from confluent_kafka import ElectionType, KafkaException, TopicPartition
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ConfigResource,
    ResourcePatternType,
    ResourceType,
)
from kafka import KafkaAdminClient
from kafka.admin import ACL, ACLFilter, ResourcePattern
from kafka.admin import ConfigResource as KafkaConfigResource
from kafka.errors import (
    InvalidReplicationAssignmentError,
    LogDirNotFoundError,
    NoError,
    NoReassignmentInProgressError,
    SecurityDisabledError,
    UnknownTopicOrPartitionError,
)

from clients.conftest import NewTopic
from clients.seeds import unique
from clients.waiting import wait_until

WAIT_SECONDS = 20.0
SECURITY_DISABLED, ELECTION_NOT_NEEDED, UNKNOWN_TOPIC, INVALID_CONFIG = 54, 84, 3, 40
RESOURCE_NOT_FOUND = 91
BROKER = 1


@pytest.fixture
def confluent(bootstrap: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": bootstrap})


@pytest.fixture
def pure(bootstrap: str) -> Iterator[KafkaAdminClient]:
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        yield admin


@pytest.fixture
def made_topic(pure: KafkaAdminClient, new_topic: NewTopic) -> NewTopic:
    """Create a topic and wait until it is seen: with Kafka that takes a moment."""

    def create(prefix: str, partitions: int = 1) -> str:
        topic = new_topic(prefix, partitions=partitions)
        wait_until(lambda: not pure.describe_topic_partitions([topic])["topics"][0]["error_code"], topic)
        return topic

    return create


def _refusal(future: Any) -> int:
    with pytest.raises(KafkaException) as refused:
        future.result(WAIT_SECONDS)
    return int(refused.value.args[0].code())


def test_partitions_come_page_by_page(pure: KafkaAdminClient, made_topic: NewTopic) -> None:
    topics = sorted(made_topic("paged", partitions=count) for count in (5, 3))
    seen: list[tuple[str, int]] = []
    pages, cursor = 0, None
    while pages == 0 or cursor is not None:
        answer = pure.describe_topic_partitions(topics, response_partition_limit=3, cursor=cursor)
        rows = [(row["name"], part) for row in answer["topics"] for part in row["partitions"]]
        assert all(part["isr_nodes"] == [part["leader_id"]] == [BROKER] for _, part in rows)
        seen += [(name, part["partition_index"]) for name, part in rows]
        pages, cursor = pages + 1, answer["next_cursor"]
    assert pages == 3
    counts = {name: len([each for each in seen if each[0] == name]) for name in topics}
    assert sorted(counts.values()) == [3, 5]
    assert seen == [(name, index) for name in topics for index in range(counts[name])]


def test_a_topic_that_is_not_there_has_no_partitions(pure: KafkaAdminClient) -> None:
    (row,) = pure.describe_topic_partitions([unique("absent")])["topics"]
    assert (row["error_code"], row["partitions"]) == (UNKNOWN_TOPIC, [])


def test_altering_replaces_everything_that_was_set(confluent: AdminClient, made_topic: NewTopic) -> None:
    topic = made_topic("altered")

    def alter(**values: str) -> Any:
        configs = {name.replace("_", "."): value for name, value in values.items()}
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic, set_config=configs)
        (future,) = confluent.alter_configs([resource]).values()
        return future

    def explicit() -> dict[str, str | None]:
        asked = ConfigResource(ConfigResource.Type.TOPIC, topic)
        (future,) = confluent.describe_configs([asked]).values()
        return {name: entry.value for name, entry in future.result(WAIT_SECONDS).items() if entry.source == 1}

    assert alter(retention_ms="1000", segment_ms="2000").result(WAIT_SECONDS) is None
    wait_until(lambda: explicit() == {"retention.ms": "1000", "segment.ms": "2000"}, "both")
    assert alter(segment_ms="3000").result(WAIT_SECONDS) is None
    wait_until(lambda: explicit() == {"segment.ms": "3000"}, "one, and the other at its default")
    assert _refusal(alter(segment_ms="never")) == INVALID_CONFIG
    assert explicit() == {"segment.ms": "3000"}


def test_what_has_configs_is_listed(pure: KafkaAdminClient, made_topic: NewTopic) -> None:
    topic = made_topic("listed")
    found = pure.list_config_resources()
    assert topic in found["topic"]
    assert found["broker"] == found["broker_logger"] == [str(BROKER)]
    assert set(pure.list_config_resources(["BROKER"])) == {"broker"}


def test_loggers_groups_and_client_metrics_can_be_described(pure: KafkaAdminClient) -> None:
    resources = [
        KafkaConfigResource(kind, name)
        for kind, name in (("BROKER_LOGGER", str(BROKER)), ("GROUP", unique("g")), ("CLIENT_METRICS", "m"))
    ]
    found = pure.describe_configs(resources, config_filter="all")
    assert found["broker_logger"][str(BROKER)]["root"]["value"] in {"DEBUG", "INFO", "WARN", "ERROR"}
    assert set(found) == {"broker_logger", "group", "client_metrics"}


def test_no_leader_needs_to_be_elected(
    confluent: AdminClient, pure: KafkaAdminClient, made_topic: NewTopic
) -> None:
    topic = made_topic("elected")
    there, gone = TopicPartition(topic, 0), TopicPartition(topic, 7)
    found = confluent.elect_leaders(ElectionType.PREFERRED, [there, gone]).result(WAIT_SECONDS)
    assert {part.partition: error.code() for part, error in found.items()} == {
        0: ELECTION_NOT_NEEDED,
        7: UNKNOWN_TOPIC,
    }
    answer = pure.elect_leaders(0, {topic: [0]})
    assert [part.error_code for row in answer.replica_election_results for part in row.partition_result] == [
        ELECTION_NOT_NEEDED
    ]
    assert pure.elect_leaders(0).error_code == 0


def test_replicas_stay_where_they_are(pure: KafkaAdminClient, made_topic: NewTopic) -> None:
    topic = made_topic("moved", partitions=4)
    places = [kafka.TopicPartition(topic, index) for index in (0, 1, 2, 3, 9)]
    wishes = dict(zip(places, ([BROKER], None, [77], [BROKER, BROKER], [BROKER]), strict=True))
    assert list(pure.alter_partition_reassignments(wishes).values()) == [
        None,
        NoReassignmentInProgressError,
        InvalidReplicationAssignmentError,
        InvalidReplicationAssignmentError,
        UnknownTopicOrPartitionError,
    ]
    assert pure.list_partition_reassignments() == {}
    assert pure.list_partition_reassignments({topic: [0, 1]}) == {}


def test_a_replica_may_move_to_where_it_is_and_nowhere_else(
    pure: KafkaAdminClient, made_topic: NewTopic
) -> None:
    place = (made_topic("moved"), 0, BROKER)
    (broker,) = pure.describe_log_dirs()
    (here,) = [found["log_dir"] for found in broker["log_dirs"]]
    for path, outcome in ((here, NoError), ("/nowhere", LogDirNotFoundError)):
        assert list(pure.alter_replica_log_dirs({place: path}).values()) == [outcome]


def test_the_quorum_has_one_voter(pure: KafkaAdminClient) -> None:
    answer = pure.describe_metadata_quorum()
    ((partition,),) = [topic["partitions"] for topic in answer["topics"]]
    assert partition["leader_id"] == BROKER
    assert [voter["replica_id"] for voter in partition["current_voters"]] == [BROKER]
    assert [node["node_id"] for node in answer["nodes"]] == [BROKER]


def test_a_feature_that_is_not_there_cannot_be_updated(pure: KafkaAdminClient) -> None:
    with pytest.raises(kafka.errors.InvalidUpdateVersionError):
        pure.update_features({"no.such.feature": 1})


def test_without_an_authorizer_there_are_no_rules(confluent: AdminClient, pure: KafkaAdminClient) -> None:
    names = (ResourceType.TOPIC, "t", ResourcePatternType.LITERAL, "User:x", "*")
    rule = AclBinding(*names, AclOperation.READ, AclPermissionType.ALLOW)
    asked = AclBindingFilter(*names, AclOperation.ANY, AclPermissionType.ANY)
    for futures in (confluent.create_acls([rule]), confluent.delete_acls([asked])):
        assert [_refusal(future) for future in futures.values()] == [SECURITY_DISABLED]
    pattern = ResourcePattern(kafka.admin.ResourceType.TOPIC, "t")
    operation, allow = kafka.admin.ACLOperation.READ, kafka.admin.ACLPermissionType.ALLOW
    with pytest.raises(SecurityDisabledError):
        pure.describe_acls(ACLFilter("User:x", "*", operation, allow, pattern))
    refused = pure.create_acls([ACL("User:x", "*", operation, allow, pattern)])
    assert refused["succeeded"] == []
    assert refused["failed"] == [SecurityDisabledError]


def test_users_have_no_credentials_and_tools_that_ask_go_on(confluent: AdminClient) -> None:
    """kafka-configs asks for them whenever it describes a user, and ended where the API was not served."""
    assert confluent.describe_user_scram_credentials().result(WAIT_SECONDS) == {}
    (future,) = confluent.describe_user_scram_credentials([unique("user")]).values()
    assert _refusal(future) == RESOURCE_NOT_FOUND
