"""ElectLeaders, reassignments and moves between directories: asked of brokers that hold replicas.

The object store holds the copies, so there is nobody to elect and nothing to move. What is asked is checked
as Kafka checks it, and what would be possible is already so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from skylog.catalog.catalog import Catalog
from skylog.catalog.log_dirs import log_dir
from skylog.catalog.planning import check_replicas
from skylog.catalog.verdicts import bounded, verdict
from skylog.config import Config
from skylog.model import ClusterView
from skylog.wire.codes import ErrorCode, KafkaError
from skylog.wire.exchange import Body, Handler, Request

ALTER_REPLICA_LOG_DIRS, ELECT_LEADERS = 34, 43
ALTER_PARTITION_REASSIGNMENTS, LIST_PARTITION_REASSIGNMENTS = 45, 46

PREFERRED, UNCLEAN = 0, 1
REPLICAS = 1
"""Replicas of a partition that are shown."""

UNKNOWN = KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "There is no such partition.")
ELECTION_NOT_NEEDED = KafkaError(ErrorCode.ELECTION_NOT_NEEDED, "Every broker leads every partition.")
NO_REASSIGNMENT = KafkaError(ErrorCode.NO_REASSIGNMENT_IN_PROGRESS, "None is ever under way.")


class ReplicasHandler:
    """Answers from memory and changes nothing."""

    def __init__(self, catalog: Catalog, config: Config, view: Callable[[], ClusterView]) -> None:
        self._catalog = catalog
        self._log_dir = log_dir(config)
        self._view = view

    def handlers(self) -> dict[int, Handler]:
        """Return the handlers by api key."""
        return {
            ALTER_REPLICA_LOG_DIRS: self.alter_replica_log_dirs,
            ELECT_LEADERS: self.elect_leaders,
            ALTER_PARTITION_REASSIGNMENTS: self.alter_partition_reassignments,
            LIST_PARTITION_REASSIGNMENTS: self.list_partition_reassignments,
        }

    async def elect_leaders(self, request: Request) -> Body:
        """Answer ElectLeaders v0-v2. For all partitions Kafka shows those that got a leader: none."""
        kind, topics = request.body["election_type"], request.body["topic_partitions"]
        if topics is None:
            topics = [{"topic": topic.name, "partitions": []} for topic in self._catalog.all()]
        unknown = kind not in {PREFERRED, UNCLEAN}
        error = KafkaError(ErrorCode.INVALID_REQUEST, f"Election type: expected 0 or 1, found {kind}")
        results = [
            {
                "topic": topic["topic"],
                "partition_result": [
                    _row("partition_id", index, error if unknown else self._election(topic["topic"], index))
                    for index in topic["partitions"]
                ],
            }
            for topic in _bounded(topics, "partitions")
        ]
        code = error.code if unknown else ErrorCode.NONE
        return {"error_code": code, "replica_election_results": results}

    async def list_partition_reassignments(self, request: Request) -> Body:
        """Answer ListPartitionReassignments v0: none is ever under way."""
        _bounded(request.body["topics"] or [], "partition_indexes")
        return {"error_code": ErrorCode.NONE, "error_message": None, "topics": []}

    async def alter_partition_reassignments(self, request: Request) -> Body:
        """Answer AlterPartitionReassignments v0-v1."""
        body = request.body
        brokers = {node.node_id for node in self._view().nodes}
        any_factor = body["allow_replication_factor_change"]
        rows = [
            {
                "name": topic["name"],
                "partitions": [
                    _row(
                        "partition_index",
                        part["partition_index"],
                        self._reassignment(topic["name"], part, brokers, any_factor=any_factor),
                    )
                    for part in topic["partitions"]
                ],
            }
            for topic in _bounded(body["topics"], "partitions")
        ]
        return {
            "allow_replication_factor_change": any_factor,
            "error_code": ErrorCode.NONE,
            "error_message": None,
            "responses": rows,
        }

    async def alter_replica_log_dirs(self, request: Request) -> Body:
        """Answer AlterReplicaLogDirs v1-v2. Of a partition that is named twice the last place counts."""
        places: dict[str, dict[int, str]] = {}
        count = 0
        for place in bounded(request.body["dirs"], "directories"):
            for topic in _bounded(place["topics"], "partitions"):
                count += len(topic["partitions"])
                bounded(range(count), "partitions")
                places.setdefault(topic["name"], {}).update(dict.fromkeys(topic["partitions"], place["path"]))
        return {
            "results": [
                {
                    "topic_name": name,
                    "partitions": [
                        {"partition_index": index, "error_code": self._move(name, index, path)}
                        for index, path in by_index.items()
                    ],
                }
                for name, by_index in places.items()
                if by_index
            ]
        }

    def _election(self, name: str, index: int) -> KafkaError:
        return ELECTION_NOT_NEEDED if self._exists(name, index) else UNKNOWN

    def _reassignment(
        self, name: str, part: Body, brokers: set[int], *, any_factor: bool
    ) -> KafkaError | None:
        if not self._exists(name, part["partition_index"]):
            return UNKNOWN
        if part["replicas"] is None:
            return NO_REASSIGNMENT
        try:
            _check_assignment(part["replicas"], brokers, any_factor=any_factor)
        except KafkaError as error:
            return error
        return None

    def _move(self, name: str, index: int, path: str) -> ErrorCode:
        if path != self._log_dir:
            return ErrorCode.LOG_DIR_NOT_FOUND
        return ErrorCode.NONE if self._exists(name, index) else UNKNOWN.code

    def _exists(self, name: str, index: int) -> bool:
        topic = self._catalog.by_name(name)
        return topic is not None and 0 <= index < topic.partitions


def _check_assignment(replicas: Sequence[int], brokers: set[int], *, any_factor: bool) -> None:
    check_replicas(replicas)
    strangers = [broker for broker in replicas if broker not in brokers]
    if strangers:
        raise KafkaError(
            ErrorCode.INVALID_REPLICA_ASSIGNMENT, f"Replicas: broker {strangers[0]} is not registered"
        )
    if len(replicas) != REPLICAS and not any_factor:
        raise KafkaError(
            ErrorCode.INVALID_REPLICATION_FACTOR,
            f"Replicas: expected as many as now, {REPLICAS}, found {len(replicas)}",
        )


def _bounded(topics: Sequence[Body], partitions: str) -> Sequence[Body]:
    """Return `topics` unless they, or all of their partitions, are too many."""
    bounded(range(sum(len(topic[partitions]) for topic in topics)), "partitions")
    return bounded(topics, "topics")


def _row(key: str, index: int, outcome: KafkaError | None) -> Body:
    code, message = verdict(outcome)
    return {key: index, "error_code": code, "error_message": message}
