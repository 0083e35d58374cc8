"""DescribeQuorum, UnregisterBroker, UpdateFeatures: what Kafka's controllers answer.

There are none: the coordinator holds the cluster's metadata, and any broker speaks for it. So the quorum is
the broker that is asked, its log is empty, and no feature has levels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from skylog.catalog.definitions import shortened
from skylog.catalog.names import QUORUM_NAME
from skylog.catalog.rows import LEADER_EPOCH
from skylog.catalog.verdicts import bounded
from skylog.model import NO_TOPIC_ID, ClusterView, Node
from skylog.wire.codes import ErrorCode
from skylog.wire.exchange import Body, Handler, Request

DESCRIBE_QUORUM, UPDATE_FEATURES, UNREGISTER_BROKER = 55, 57, 64

UNKNOWN_TIME_MS = -1


class QuorumHandler:
    """Answers from the present view of the cluster."""

    def __init__(self, view: Callable[[], ClusterView]) -> None:
        self._view = view

    def handlers(self) -> dict[int, Handler]:
        """Return the handlers by api key."""
        return {
            DESCRIBE_QUORUM: self.describe_quorum,
            UPDATE_FEATURES: self.update_features,
            UNREGISTER_BROKER: self.unregister_broker,
        }

    async def describe_quorum(self, request: Request) -> Body:
        """Answer DescribeQuorum v0-v2: for the one partition of the quorum's log, asked for alone."""
        topics = bounded(request.body["topics"], "topics")
        count = sum(len(topic["partitions"]) for topic in topics)
        bounded(range(count), "partitions")
        node = self._view().self_node
        if count == 1 and _is_quorum(topics):
            rows, nodes = [{"topic_name": QUORUM_NAME, "partitions": [_led_by(node.node_id)]}], [_voter(node)]
        else:
            rows, nodes = [_unknown(topic) for topic in topics], []
        return {"error_code": ErrorCode.NONE, "error_message": None, "topics": rows, "nodes": nodes}

    async def update_features(self, request: Request) -> Body:
        """Answer UpdateFeatures v0-v2: all or nothing, and there is no feature to update."""
        updates = bounded(request.body["feature_updates"], "features")
        if not updates:
            return {"error_code": ErrorCode.NONE, "error_message": None}
        name, level = updates[0]["feature"], updates[0]["max_version_level"]
        return {
            "error_code": ErrorCode.INVALID_UPDATE_VERSION,
            "error_message": f"Level {level} of '{shortened(name)}': no feature of this cluster has levels",
        }

    async def unregister_broker(self, request: Request) -> Body:
        """Answer UnregisterBroker v0: a broker that is alive stays, others are not known."""
        broker_id = request.body["broker_id"]
        if any(node.node_id == broker_id for node in self._view().nodes):
            return {
                "error_code": ErrorCode.INVALID_REQUEST,
                "error_message": f"Broker {broker_id} is alive: stop it, nothing of it remains registered",
            }
        return {
            "error_code": ErrorCode.BROKER_ID_NOT_REGISTERED,
            "error_message": f"Broker {broker_id} is not registered",
        }


def _is_quorum(topics: Sequence[Body]) -> bool:
    asked = [
        (topic["topic_name"], part["partition_index"]) for topic in topics for part in topic["partitions"]
    ]
    return len(topics) == 1 and asked == [(QUORUM_NAME, 0)]


def _led_by(node_id: int) -> Body:
    return {
        **_partition(0, ErrorCode.NONE, None),
        "leader_id": node_id,
        "leader_epoch": LEADER_EPOCH,
        "current_voters": [
            {
                "replica_id": node_id,
                "replica_directory_id": NO_TOPIC_ID,
                "log_end_offset": 0,
                "last_fetch_timestamp": UNKNOWN_TIME_MS,
                "last_caught_up_timestamp": UNKNOWN_TIME_MS,
            }
        ],
    }


def _partition(index: int, code: ErrorCode, message: str | None) -> Body:
    return {
        "partition_index": index,
        "error_code": code,
        "error_message": message,
        "leader_id": 0,
        "leader_epoch": 0,
        "high_watermark": 0,
        "current_voters": [],
        "observers": [],
    }


def _voter(node: Node) -> Body:
    listener = {"name": "PLAINTEXT", "host": node.host, "port": node.port}
    return {"node_id": node.node_id, "listeners": [listener]}


def _unknown(topic: Body) -> Body:
    code = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    message = f"Expected partition 0 of {QUORUM_NAME} alone"
    rows = [_partition(part["partition_index"], code, message) for part in topic["partitions"]]
    return {"topic_name": topic["topic_name"], "partitions": rows}
