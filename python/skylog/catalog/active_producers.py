"""DescribeProducers: which idempotent producers partitions remember."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from skylog.catalog.catalog import Catalog
from skylog.catalog.definitions import shortened
from skylog.catalog.names import check_topic_name
from skylog.catalog.verdicts import bounded, verdict
from skylog.coordinator.base import Coordinator
from skylog.errors import SkylogError
from skylog.model import ActiveProducer
from skylog.wire.codes import ErrorCode, KafkaError
from skylog.wire.exchange import Body, Handler, Request

DESCRIBE_PRODUCERS = 61

NO_TRANSACTION = -1
"""What stands where Kafka names the coordinator's epoch and the start of an open transaction."""


Place: TypeAlias = tuple[str, int]
"""A partition by the name of its topic."""
Outcome: TypeAlias = Sequence[ActiveProducer] | SkylogError


class ActiveProducersHandler:
    """Answers from the table that judges sequence numbers: 1 query for 500 partitions or 5,000 producers."""

    def __init__(self, catalog: Catalog, coordinator: Coordinator) -> None:
        self._catalog = catalog
        self._coordinator = coordinator

    def handlers(self) -> dict[int, Handler]:
        """Return the handlers by api key."""
        return {DESCRIBE_PRODUCERS: self.describe_producers}

    async def describe_producers(self, request: Request) -> Body:
        """Answer DescribeProducers v0. A partition that stands twice is answered once."""
        wanted: dict[str, dict[int, None]] = {}
        for topic in request.body["topics"]:
            wanted.setdefault(topic["name"], {}).update(dict.fromkeys(topic["partition_indexes"]))
        places = [(name, index) for name, indexes in wanted.items() for index in indexes]
        outcomes = await self._find(bounded(places, "partitions"))
        rows = {
            name: [_row(index, outcomes[name, index]) for index in indexes]
            for name, indexes in wanted.items()
        }
        return {"topics": [{"name": name, "partitions": partitions} for name, partitions in rows.items()]}

    async def _find(self, places: Sequence[Place]) -> dict[Place, Outcome]:
        outcomes: dict[Place, Outcome] = {place: _unknown(place[0]) for place in places}
        logs: dict[Place, tuple[bytes, int]] = {}
        for name, index in places:
            topic = self._catalog.by_name(name)
            if topic is not None and 0 <= index < topic.partitions:
                logs[name, index] = topic.topic_id, index
        try:
            found = await self._coordinator.list_producers(list(logs.values()))
        except SkylogError as error:
            return outcomes | dict.fromkeys(logs, error)
        return outcomes | dict(zip(logs, found, strict=True))


def _unknown(name: str) -> SkylogError:
    try:
        check_topic_name(name)
    except KafkaError as error:
        return error
    return KafkaError(
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"There is no such partition of '{shortened(name)}'"
    )


def _row(index: int, outcome: Outcome) -> Body:
    code, message = verdict(outcome)
    producers = [] if isinstance(outcome, SkylogError) else outcome
    return {
        "partition_index": index,
        "error_code": code,
        "error_message": message,
        "active_producers": [_producer_row(producer) for producer in producers],
    }


def _producer_row(producer: ActiveProducer) -> Body:
    return {
        "producer_id": producer.producer_id,
        "producer_epoch": producer.epoch,
        "last_sequence": producer.last_sequence,
        "last_timestamp": producer.last_ms,
        "coordinator_epoch": NO_TRANSACTION,
        "current_txn_start_offset": NO_TRANSACTION,
    }
