"""Metadata: the brokers, and where the partitions of topics are."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from skylog.catalog.authority import CLUSTER_OPERATIONS, NOT_ASKED, TOPIC_OPERATIONS
from skylog.catalog.catalog import Catalog
from skylog.catalog.changing import change_each
from skylog.catalog.names import QUORUM_NAME, RESERVED_NAMES, check_topic_name
from skylog.catalog.planning import Planner
from skylog.catalog.rows import TopicRows, metadata_row, missing_row
from skylog.catalog.verdicts import bounded, verdict
from skylog.errors import SkylogError, Unavailable
from skylog.model import NO_TOPIC_ID, ClusterView, NewTopic, Topic
from skylog.wire.codes import ErrorCode, KafkaError, code_of
from skylog.wire.exchange import Body, Handler, Request

log = logging.getLogger("skylog.catalog")

METADATA = 3

BY_ID_SINCE = 12
CREATION_WAIT_MS = 10_000
CREATIONS_MAX = 1_000
"""Topics that one request may create; the client asks again for the rest and gets as many more."""

UNKNOWN_NAME = KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
UNKNOWN_ID = KafkaError(ErrorCode.UNKNOWN_TOPIC_ID)
NOT_YET = KafkaError(ErrorCode.LEADER_NOT_AVAILABLE)

Asked: TypeAlias = tuple[str | None, bytes]
"""A topic by name or by identity; the other is missing."""


class MetadataHandler:
    """Answers from memory; only the creation of a topic that was asked for costs a query."""

    def __init__(self, catalog: Catalog, view: Callable[[], ClusterView]) -> None:
        self._catalog = catalog
        self._view = view
        self._rows = TopicRows(metadata_row)

    def handlers(self) -> dict[int, Handler]:
        """Return the handlers by api key."""
        return {METADATA: self.metadata}

    async def metadata(self, request: Request) -> Body:
        """Answer Metadata v0-v13."""
        body = request.body
        operations = TOPIC_OPERATIONS if body["include_topic_authorized_operations"] else NOT_ASKED
        topics: list[Body]
        if _asks_for_all(request):
            topics = self._rows.all(self._catalog.all(), self._view().self_id, operations)
        else:
            topics = self._rows_of(await self._outcomes(request), operations)
        view = self._view()
        return {
            "brokers": [
                {"node_id": node.node_id, "host": node.host, "port": node.port, "rack": node.rack}
                for node in view.nodes
            ],
            "cluster_id": view.cluster_id,
            "controller_id": view.controller_id,
            "topics": topics,
            "cluster_authorized_operations": (
                CLUSTER_OPERATIONS if body["include_cluster_authorized_operations"] else NOT_ASKED
            ),
            "error_code": ErrorCode.NONE,
        }

    def _rows_of(self, outcomes: Iterable[tuple[Asked, Topic | SkylogError]], operations: int) -> list[Body]:
        leader = self._view().self_id
        return [
            self._rows.one(outcome, leader, operations)
            if isinstance(outcome, Topic)
            else missing_row(*asked, _code(outcome))
            for asked, outcome in outcomes
        ]

    async def _outcomes(self, request: Request) -> Iterable[tuple[Asked, Topic | SkylogError]]:
        topics = bounded(request.body["topics"], "topics")
        asked = dict.fromkeys((topic["name"], topic["topic_id"]) for topic in topics)
        if request.version < BY_ID_SINCE and any(
            name is None or topic_id != NO_TOPIC_ID for name, topic_id in asked
        ):
            error = KafkaError(ErrorCode.INVALID_REQUEST, "Topics are known by id from version 12 on")
            return [((name or "", topic_id), error) for name, topic_id in asked]
        found = {wish: self._find(*wish) for wish in asked}
        if request.body["allow_auto_topic_creation"] and self._catalog.settings.auto_create:
            found |= await self._create([wish for wish, topic in found.items() if _may_create(wish, topic)])
        return found.items()

    def _find(self, name: str | None, topic_id: bytes) -> Topic | SkylogError:
        if topic_id != NO_TOPIC_ID:
            return self._catalog.by_id(topic_id) or UNKNOWN_ID
        if name is None:
            return KafkaError(ErrorCode.INVALID_REQUEST, "A topic has neither name nor id")
        topic = self._catalog.by_name(name)
        if topic is not None:
            return topic
        try:
            check_topic_name(name)
        except KafkaError as error:
            return error
        return UNKNOWN_NAME

    async def _create(self, wishes: Sequence[Asked]) -> dict[Asked, Topic | SkylogError]:
        """Create topics at once: clients then need no second request to find their leaders."""
        begun = wishes[:CREATIONS_MAX]
        if not begun:
            return {}

        async def work() -> dict[Asked, Topic | SkylogError]:
            return await self._make(begun)

        return await change_each(self._catalog, begun, work, CREATION_WAIT_MS)

    async def _make(self, wishes: Sequence[Asked]) -> dict[Asked, Topic | SkylogError]:
        planner = Planner(self._catalog)
        outcomes: dict[Asked, Topic | SkylogError] = {}
        news: dict[Asked, NewTopic] = {}
        for wish in wishes:
            name = str(wish[0])
            topic = self._catalog.by_name(name)
            if topic is not None:
                outcomes[wish] = topic
                continue
            try:
                news[wish] = planner.plan_default(name)
            except KafkaError as error:
                outcomes[wish] = NOT_YET if error.code is ErrorCode.POLICY_VIOLATION else error
        made = await self._catalog.create(list(news.values())) if news else []
        for (wish, new), outcome in zip(news.items(), made, strict=True):
            # Another broker may have been first: then the catalog has been loaded anew and knows the topic.
            outcomes[wish] = self._catalog.by_name(new.name) or outcome
            log.info("topic %s, created on demand: %s", new.name, verdict(outcomes[wish])[0].name)
        return outcomes


def _asks_for_all(request: Request) -> bool:
    topics = request.body["topics"]
    return topics is None or (request.version == 0 and not topics)


def _may_create(wish: Asked, outcome: Topic | SkylogError) -> bool:
    return outcome is UNKNOWN_NAME and wish[0] not in {*RESERVED_NAMES, QUORUM_NAME}


def _code(error: SkylogError) -> ErrorCode:
    # Of a topic that is not there yet every client asks again; not every one does after a time-out.
    return ErrorCode.LEADER_NOT_AVAILABLE if isinstance(error, Unavailable) else code_of(error)
