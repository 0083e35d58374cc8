"""DeleteRecords."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from skylog.catalog.catalog import Catalog
from skylog.catalog.verdicts import bounded, verdict
from skylog.coordinator.base import Coordinator
from skylog.errors import SkylogError
from skylog.model import Trim
from skylog.wire.codes import ErrorCode, KafkaError
from skylog.wire.exchange import Body, Handler, Request

DELETE_RECORDS = 21

NO_LOW_WATERMARK = -1

Place: TypeAlias = tuple[str, int]
"""A partition by the name of its topic."""


class TrimmingHandler:
    """Deletes records from the front of partitions: 1 query, durable before the answer.

    Parameters
    ----------
    on_trim
        Called with the identity of each topic whose logs start elsewhere now.
    """

    def __init__(self, catalog: Catalog, coordinator: Coordinator, on_trim: Callable[[bytes], None]) -> None:
        self._catalog = catalog
        self._coordinator = coordinator
        self._on_trim = on_trim

    def handlers(self) -> dict[int, Handler]:
        """Return the handlers by api key."""
        return {DELETE_RECORDS: self.delete_records}

    async def delete_records(self, request: Request) -> Body:
        """Answer DeleteRecords v0-v2. Of a partition that stands twice the last offset counts."""
        wishes: dict[str, dict[int, int]] = {}
        for topic in request.body["topics"]:
            offsets = {each["partition_index"]: each["offset"] for each in topic["partitions"]}
            if offsets:
                wishes.setdefault(topic["name"], {}).update(offsets)
        outcomes: dict[Place, int | SkylogError] = {}
        trims: dict[Place, Trim] = {}
        for name, offsets in wishes.items():
            self._judge(name, offsets, outcomes, trims)
        bounded(tuple(outcomes), "partitions")
        outcomes |= await self._ask(trims)
        return {"topics": [_topic_row(name, offsets, outcomes) for name, offsets in wishes.items()]}

    def _judge(
        self,
        name: str,
        offsets: Mapping[int, int],
        outcomes: dict[Place, int | SkylogError],
        trims: dict[Place, Trim],
    ) -> None:
        """Add an outcome for each partition of a topic, and a trim for those that may have one."""
        topic = self._catalog.by_name(name)
        allowed = topic is not None and self._catalog.settings.deletes(topic.configs)
        for partition, offset in offsets.items():
            if topic is None or not 0 <= partition < topic.partitions:
                outcomes[name, partition] = KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
            elif not allowed:
                outcomes[name, partition] = KafkaError(ErrorCode.POLICY_VIOLATION)
            else:
                outcomes[name, partition] = offset
                trims[name, partition] = Trim(topic.topic_id, partition, offset)

    async def _ask(self, trims: Mapping[Place, Trim]) -> dict[Place, int | SkylogError]:
        if not trims:
            return {}
        try:
            starts = await self._coordinator.delete_records(list(trims.values()))
        except SkylogError as error:
            return dict.fromkeys(trims, error)
        finally:
            for topic_id in {trim.topic_id for trim in trims.values()}:
                self._on_trim(topic_id)
        return dict(zip(trims, starts, strict=True))


def _topic_row(name: str, partitions: Iterable[int], outcomes: Mapping[Place, int | SkylogError]) -> Body:
    rows = [_partition_row(partition, outcomes[name, partition]) for partition in partitions]
    return {"name": name, "partitions": rows}


def _partition_row(partition: int, outcome: int | SkylogError) -> Body:
    code, _ = verdict(outcome, ErrorCode.OFFSET_OUT_OF_RANGE)
    low_watermark = outcome if isinstance(outcome, int) else NO_LOW_WATERMARK
    return {"partition_index": partition, "low_watermark": low_watermark, "error_code": code}
