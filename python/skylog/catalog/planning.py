"""What a wish for a topic must be like before the coordinator hears of it.

The object store keeps the copies, so brokers hold none: any replication factor from 1 on is taken, because
tools ask for three out of habit, and every answer shows the one replica there is. Assignments are taken for
the number of partitions that they imply; which brokers they name does not matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from skylog.catalog.catalog import Catalog
from skylog.catalog.definitions import shortened
from skylog.catalog.names import QUORUM_NAME, check_topic_name, folded
from skylog.catalog.topic_configs import check_together, topic_config
from skylog.errors import InvalidConfig
from skylog.model import NewTopic
from skylog.wire.codes import ErrorCode, KafkaError
from skylog.wire.exchange import Body

UNSAID = -1
"""Stands for a number of partitions or replicas that the broker is to choose."""


class Planner:
    """Turns the wishes of one request into topics; those planned before take part in the rules."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._folded: set[str] = set()
        self._partitions = 0

    def plan(self, wish: Body) -> NewTopic:
        """Return the topic that a `CreatableTopic` asks for.

        Raises
        ------
        KafkaError, InvalidConfig
            The rule of Kafka that the wish breaks.
        """
        self._check_name(wish["name"])
        configs = self._configs(wish["configs"])
        check_replication_factor(wish)
        return self._take(wish["name"], self._count(wish), configs)

    def plan_default(self, name: str) -> NewTopic:
        """Return the topic that auto-creation makes; raises `KafkaError`."""
        self._check_name(name)
        return self._take(name, self._catalog.settings.num_partitions, {})

    def _check_name(self, name: str) -> None:
        check_topic_name(name)
        if name == QUORUM_NAME:
            raise KafkaError(ErrorCode.INVALID_REQUEST, f"'{name}' is a name of Kafka's own")
        if self._catalog.by_name(name) is not None:
            raise KafkaError(ErrorCode.TOPIC_ALREADY_EXISTS, f"Topic '{name}' already exists.")
        other = self._catalog.alike(name)
        if other is not None or folded(name) in self._folded:
            raise KafkaError(
                ErrorCode.INVALID_TOPIC_EXCEPTION,
                f"Topic '{name}' and topic '{other or folded(name)}' would look alike in metrics, "
                "which do not tell '.' from '_'",
            )

    def _configs(self, entries: Sequence[Body]) -> Mapping[str, str]:
        configs = {}
        for entry in entries:
            definition = topic_config(entry["name"])
            if entry["value"] is None:
                raise InvalidConfig(
                    f"{definition.name}: a new topic takes no null value; leave the config out"
                )
            configs[definition.name] = definition.canonical(entry["value"])
        check_together(self._catalog.settings.effective(configs))
        return configs

    def _count(self, wish: Body) -> int:
        if wish["assignments"]:
            return assigned_partitions(wish)
        count: int = wish["num_partitions"]
        return self._catalog.settings.num_partitions if count == UNSAID else count

    def _take(self, name: str, partitions: int, configs: Mapping[str, str]) -> NewTopic:
        limit = self._catalog.settings.partitions_max
        if not 1 <= partitions <= limit:
            raise KafkaError(
                ErrorCode.INVALID_PARTITIONS,
                f"Number of partitions: expected 1 to {limit}, found {partitions}",
            )
        if self._partitions + partitions > limit:
            raise KafkaError(
                ErrorCode.POLICY_VIOLATION,
                f"One request may create {limit} partitions: ask for this topic anew",
            )
        self._partitions += partitions
        self._folded.add(folded(name))
        return NewTopic(self._catalog.new_topic_id(), name, partitions, configs)


def check_replication_factor(wish: Body) -> None:
    """Raise `KafkaError` for a factor below 1, or for one beside assignments, which say it themselves."""
    factor = wish["replication_factor"]
    if wish["assignments"] and factor != UNSAID:
        raise KafkaError(
            ErrorCode.INVALID_REQUEST, f"Replication factor: expected -1 beside assignments, found {factor}"
        )
    if factor < 1 and factor != UNSAID:
        raise KafkaError(
            ErrorCode.INVALID_REPLICATION_FACTOR,
            f"Replication factor: expected at least 1, or -1 for the default, found {factor}",
        )


def assigned_partitions(wish: Body) -> int:
    """Return the number of partitions that manual assignments imply.

    Raises
    ------
    KafkaError
        Unless they are numbered from 0 without gap or repetition and each names distinct brokers.
    """
    if wish["num_partitions"] != UNSAID:
        raise KafkaError(
            ErrorCode.INVALID_REQUEST,
            f"Number of partitions: expected -1 beside assignments, found {wish['num_partitions']}",
        )
    indexes = sorted(assignment["partition_index"] for assignment in wish["assignments"])
    if indexes != list(range(len(indexes))):
        raise KafkaError(
            ErrorCode.INVALID_REPLICA_ASSIGNMENT,
            f"Assigned partitions: expected each from 0 to {len(indexes) - 1} once, "
            f"found {shortened(str(indexes[:100]))}",
        )
    for assignment in wish["assignments"]:
        check_replicas(assignment["broker_ids"])
    return len(indexes)


def check_replicas(broker_ids: Sequence[int]) -> None:
    """Raise `KafkaError` unless the replicas of a partition are at least one and distinct brokers."""
    if not broker_ids or len(set(broker_ids)) < len(broker_ids) or min(broker_ids) < 0:
        raise KafkaError(
            ErrorCode.INVALID_REPLICA_ASSIGNMENT,
            f"Replicas: expected distinct brokers, found {shortened(str(broker_ids[:100]))}",
        )
