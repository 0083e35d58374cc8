"""CreatePartitions."""

from __future__ import annotations

from collections.abc import Mapping

from skylog.catalog.catalog import Catalog
from skylog.catalog.changing import change_each
from skylog.catalog.definitions import shortened
from skylog.catalog.planning import check_replicas
from skylog.catalog.verdicts import bounded, repeated, verdict
from skylog.errors import SkylogError
from skylog.model import Topic
from skylog.wire.codes import ErrorCode, KafkaError
from skylog.wire.exchange import Body, Handler, Request

CREATE_PARTITIONS = 37


class GrowthHandler:
    """Gives topics more partitions: 1 query for all of a request, durable before the answer."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def handlers(self) -> dict[int, Handler]:
        """Return the handlers by api key."""
        return {CREATE_PARTITIONS: self.create_partitions}

    async def create_partitions(self, request: Request) -> Body:
        """Answer CreatePartitions v0-v3. A name that stands twice gets one answer, an error."""
        body = request.body
        wishes = {wish["name"]: wish for wish in bounded(body["topics"], "topics")}
        twice = repeated(wish["name"] for wish in body["topics"])

        async def work() -> dict[str, Topic | SkylogError]:
            return await self._grow(wishes, twice, request)

        outcomes = await change_each(self._catalog, wishes, work, body["timeout_ms"])
        return {"results": [_row(name, outcomes[name]) for name in wishes]}

    async def _grow(
        self, wishes: Mapping[str, Body], twice: set[str], request: Request
    ) -> dict[str, Topic | SkylogError]:
        outcomes: dict[str, Topic | SkylogError] = {}
        counts: dict[bytes, int] = {}
        for name, wish in wishes.items():
            try:
                topic = self._find(wish, name in twice)
                request.mutations.take(wish["count"] - topic.partitions)
                outcomes[name] = topic
                counts[topic.topic_id] = wish["count"]
            except SkylogError as error:
                outcomes[name] = error
        if counts and not request.body["validate_only"]:
            grown = dict(zip(counts, await self._catalog.grow(counts), strict=True))
            for name, outcome in outcomes.items():
                if isinstance(outcome, Topic):
                    outcomes[name] = grown[outcome.topic_id]
        return outcomes

    def _find(self, wish: Body, twice: bool) -> Topic:
        name = wish["name"]
        if twice:
            raise KafkaError(ErrorCode.INVALID_REQUEST, "Duplicate topic name.")
        topic = self._catalog.by_name(name)
        if topic is None:
            raise KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"There is no topic '{shortened(name)}'")
        self._check_count(topic, wish["count"])
        if wish["assignments"] is not None:
            _check_assignments(wish, wish["count"] - topic.partitions)
        return topic

    def _check_count(self, topic: Topic, count: int) -> None:
        limit = self._catalog.settings.partitions_max
        if not topic.partitions < count <= limit:
            raise KafkaError(
                ErrorCode.INVALID_PARTITIONS,
                f"Topic '{topic.name}' has {topic.partitions} partition(s): expected more, up to {limit}, "
                f"found {count}",
            )


def _check_assignments(wish: Body, added: int) -> None:
    found = len(wish["assignments"])
    if found != added:
        raise KafkaError(
            ErrorCode.INVALID_REPLICA_ASSIGNMENT,
            f"Assignments: expected {added}, one a partition, found {found}",
        )
    for assignment in wish["assignments"]:
        check_replicas(assignment["broker_ids"])


def _row(name: str, outcome: Topic | SkylogError) -> Body:
    code, message = verdict(outcome, ErrorCode.INVALID_PARTITIONS)
    return {"name": name, "error_code": code, "error_message": message}
