"""Two admin clients behind one interface."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar
from uuid import UUID

import kafka
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
)
from kafka import KafkaAdminClient
from kafka.admin import AlterConfigOp
from kafka.admin import ConfigResource as KafkaConfigResource
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

WAIT_SECONDS = 20.0
T = TypeVar("T")


class AdminError(Exception):
    """What the broker refused; `code` is Kafka's number."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Admin(Protocol):
    """What both admin clients can do."""

    name: str

    def close(self) -> None: ...

    def create(self, topic: str, partitions: int, configs: Mapping[str, str] | None = None) -> None:
        """Create a topic."""
        ...

    def delete(self, topic: str) -> None:
        """Delete a topic."""
        ...

    def grow(self, topic: str, partitions: int) -> None:
        """Give a topic more partitions."""
        ...

    def topics(self) -> set[str]:
        """Return the names of all topics."""
        ...

    def describe(self, topic: str) -> tuple[UUID, list[int]]:
        """Return a topic's identity and the numbers of its partitions."""
        ...

    def configs(self, topic: str) -> dict[str, str | None]:
        """Return all configs of a topic."""
        ...

    def set_config(self, topic: str, name: str, value: str | None) -> None:
        """Set a config of a topic; None brings the default back."""
        ...

    def groups(self) -> set[str]:
        """Return the ids of all groups."""
        ...

    def group_state(self, group: str) -> tuple[str, int]:
        """Return a group's state in capitals without spaces, and how many members it has."""
        ...

    def delete_group(self, group: str) -> None:
        """Delete a group."""
        ...

    def set_offset(self, group: str, topic: str, partition: int, offset: int) -> None:
        """Put a group to an offset."""
        ...

    def offsets(self, group: str) -> dict[tuple[str, int], int]:
        """Return all places of a group."""
        ...


class ConfluentAdmin:
    """confluent-kafka's admin client."""

    name = "confluent"

    def __init__(self, bootstrap: str) -> None:
        self._client = AdminClient({"bootstrap.servers": bootstrap})

    def close(self) -> None:
        """Do nothing: librdkafka's handle goes with its object."""

    def create(self, topic: str, partitions: int, configs: Mapping[str, str] | None = None) -> None:
        _only(self._client.create_topics([NewTopic(topic, partitions, 1, config=dict(configs or {}))]))

    def delete(self, topic: str) -> None:
        _only(self._client.delete_topics([topic]))

    def grow(self, topic: str, partitions: int) -> None:
        _only(self._client.create_partitions([NewPartitions(topic, partitions)]))

    def topics(self) -> set[str]:
        return set(self._client.list_topics(timeout=WAIT_SECONDS).topics)

    def describe(self, topic: str) -> tuple[UUID, list[int]]:
        found = _only(self._client.describe_topics(TopicCollection([topic])))
        high, low = found.topic_id.get_most_significant_bits(), found.topic_id.get_least_significant_bits()
        identity = UUID(int=(high % 2**64) << 64 | low % 2**64)
        return identity, sorted(partition.id for partition in found.partitions)

    def configs(self, topic: str) -> dict[str, str | None]:
        found = _only(self._client.describe_configs([_topic_resource(topic)]))
        return {name: entry.value for name, entry in found.items()}

    def set_config(self, topic: str, name: str, value: str | None) -> None:
        kind = AlterConfigOpType.DELETE if value is None else AlterConfigOpType.SET
        entry = ConfigEntry(name, value, incremental_operation=kind)
        _only(self._client.incremental_alter_configs([_topic_resource(topic, [entry])]))

    def groups(self) -> set[str]:
        found = _result(self._client.list_consumer_groups(request_timeout=WAIT_SECONDS))
        assert not found.errors, found.errors
        return {listed.group_id for listed in found.valid}

    def group_state(self, group: str) -> tuple[str, int]:
        found = _only(self._client.describe_consumer_groups([group]))
        return _plain(found.state.name), len(found.members)

    def delete_group(self, group: str) -> None:
        _only(self._client.delete_consumer_groups([group]))

    def set_offset(self, group: str, topic: str, partition: int, offset: int) -> None:
        asked = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, partition, offset)])
        found = _only(self._client.alter_consumer_group_offsets([asked]))
        for part in found.topic_partitions:
            if part.error:
                raise AdminError(part.error.code())

    def offsets(self, group: str) -> dict[tuple[str, int], int]:
        found = _only(self._client.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]))
        return {(part.topic, part.partition): part.offset for part in found.topic_partitions}


class KafkaPythonAdmin:
    """kafka-python's admin client."""

    name = "kafka-python"

    def __init__(self, bootstrap: str) -> None:
        self._client = KafkaAdminClient(bootstrap_servers=bootstrap)

    def close(self) -> None:
        self._client.close()

    def create(self, topic: str, partitions: int, configs: Mapping[str, str] | None = None) -> None:
        with _kafka_errors():
            self._client.create_topics(
                {topic: {"num_partitions": partitions, "configs": dict(configs or {})}}
            )

    def delete(self, topic: str) -> None:
        with _kafka_errors():
            self._client.delete_topics([topic])

    def grow(self, topic: str, partitions: int) -> None:
        with _kafka_errors():
            self._client.create_partitions({topic: partitions})

    def topics(self) -> set[str]:
        return set(self._client.list_topics())

    def describe(self, topic: str) -> tuple[UUID, list[int]]:
        (found,) = self._client.describe_topics([topic])
        if found["error_code"]:
            raise AdminError(found["error_code"])
        return UUID(str(found["topic_id"])), sorted(part["partition_index"] for part in found["partitions"])

    def configs(self, topic: str) -> dict[str, str | None]:
        resource = KafkaConfigResource("TOPIC", topic)
        found: Any = self._client.describe_configs([resource], config_filter="all")
        (by_name,) = found.values()
        return {name: entry["value"] for name, entry in by_name[topic].items()}

    def set_config(self, topic: str, name: str, value: str | None) -> None:
        kind = AlterConfigOp.DELETE if value is None else AlterConfigOp.SET
        resource = KafkaConfigResource("TOPIC", topic, configs={name: (kind, value)})
        (answers,) = self._client.alter_configs([resource]).values()
        refused = re.match(r"\[Error (\d+)\]", str(answers[topic]))
        if refused:
            raise AdminError(int(refused[1]))

    def groups(self) -> set[str]:
        return {listed["group_id"] for listed in self._client.list_groups()}

    def group_state(self, group: str) -> tuple[str, int]:
        with _kafka_errors():
            found = self._client.describe_groups([group])[group]
        return _plain(found["group_state"]), len(found["members"])

    def delete_group(self, group: str) -> None:
        with _kafka_errors():
            answer = self._client.delete_groups([group])[group]
        if answer != "OK":
            raise AdminError(getattr(kafka.errors, answer).errno)

    def set_offset(self, group: str, topic: str, partition: int, offset: int) -> None:
        place = OffsetAndMetadata(offset, "", -1)
        with _kafka_errors():
            answer = self._client.alter_group_offsets(group, {kafka.TopicPartition(topic, partition): place})
        (error,) = answer.values()
        if error.errno:
            raise AdminError(error.errno)

    def offsets(self, group: str) -> dict[tuple[str, int], int]:
        found = self._client.list_group_offsets({group: None})[group]
        return {(part.topic, part.partition): place.offset for part, place in found.items()}


ADMINS: dict[str, Callable[[str], Admin]] = {
    ConfluentAdmin.name: ConfluentAdmin,
    KafkaPythonAdmin.name: KafkaPythonAdmin,
}


def _topic_resource(topic: str, entries: list[ConfigEntry] | None = None) -> ConfigResource:
    return ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=entries)


def _plain(state: str) -> str:
    return state.replace("_", "").replace(" ", "").upper()


def _only(futures: Mapping[Any, Future[T]]) -> T:
    (future,) = futures.values()
    return _result(future)


def _result(future: Future[T]) -> T:
    try:
        return future.result(WAIT_SECONDS)
    except KafkaException as error:
        raise AdminError(error.args[0].code()) from error


@contextmanager
def _kafka_errors() -> Any:
    try:
        yield
    except KafkaError as error:
        raise AdminError(getattr(error, "errno", -1)) from error
