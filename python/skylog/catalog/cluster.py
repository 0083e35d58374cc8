"""DescribeCluster and FindCoordinator: who is there, and whom to ask about a group."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

from skylog.catalog.authority import CLUSTER_OPERATIONS, NOT_ASKED
from skylog.catalog.verdicts import bounded, verdict
from skylog.errors import SkylogError
from skylog.model import ClusterView, Node
from skylog.wire.codes import ErrorCode, KafkaError
from skylog.wire.exchange import Body, Handler, Request

DESCRIBE_CLUSTER = 60
FIND_COORDINATOR = 10

BATCHED_SINCE = 4
BROKERS, CONTROLLERS = 1, 2
NOBODY = Node(-1, "", -1)


class KeyType(IntEnum):
    """What a coordinator is asked for, in Kafka's numbers."""

    GROUP = 0
    TRANSACTION = 1


class ClusterHandler:
    """Answers from the present view of the cluster."""

    def __init__(self, view: Callable[[], ClusterView]) -> None:
        self._view = view

    def handlers(self) -> dict[int, Handler]:
        """Return the handlers by api key."""
        return {DESCRIBE_CLUSTER: self.describe_cluster, FIND_COORDINATOR: self.find_coordinator}

    async def describe_cluster(self, request: Request) -> Body:
        """Answer DescribeCluster v0-v2."""
        body = request.body
        view = self._view()
        code = _endpoint_error(body["endpoint_type"])
        asked = body["include_cluster_authorized_operations"]
        return {
            "error_code": code,
            "error_message": None if code is ErrorCode.NONE else "Brokers only: expected endpoint type 1",
            "endpoint_type": BROKERS,
            "cluster_id": view.cluster_id,
            "controller_id": view.controller_id,
            "brokers": [_broker(node) for node in view.nodes] if code is ErrorCode.NONE else [],
            "cluster_authorized_operations": CLUSTER_OPERATIONS if asked else NOT_ASKED,
        }

    async def find_coordinator(self, request: Request) -> Body:
        """Answer FindCoordinator v0-v6; from v4 on for many keys at once."""
        body = request.body
        try:
            node, outcome = self._coordinator(body["key_type"]), None
        except SkylogError as error:
            node, outcome = NOBODY, error
        if request.version < BATCHED_SINCE:
            return _found(node, outcome)
        keys = bounded(body["coordinator_keys"], "coordinator keys")
        return {"coordinators": [{"key": key, **_found(node, outcome)} for key in keys]}

    def _coordinator(self, key_type: int) -> Node:
        if key_type == KeyType.GROUP:
            return self._view().self_node
        if key_type == KeyType.TRANSACTION:
            # The one code that no client tries again; the others would ask for ever.
            raise KafkaError(
                ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "Transactions are not served yet"
            )
        raise KafkaError(ErrorCode.INVALID_REQUEST, f"Coordinator key type: expected 0, found {key_type}")


def _endpoint_error(endpoint_type: int) -> ErrorCode:
    if endpoint_type == BROKERS:
        return ErrorCode.NONE
    if endpoint_type == CONTROLLERS:
        return ErrorCode.MISMATCHED_ENDPOINT_TYPE
    return ErrorCode.UNSUPPORTED_ENDPOINT_TYPE


def _broker(node: Node) -> Body:
    return {
        "broker_id": node.node_id,
        "host": node.host,
        "port": node.port,
        "rack": node.rack,
        "is_fenced": False,
    }


def _found(node: Node, outcome: SkylogError | None) -> Body:
    code, message = verdict(outcome)
    return {
        "error_code": code,
        "error_message": message,
        "node_id": node.node_id,
        "host": node.host,
        "port": node.port,
    }
