"""ListOffsets and OffsetForLeaderEpoch: which offset a time, an end or an epoch stands for."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from skylog.core import find_max_timestamp, find_timestamp
from skylog.errors import SkylogError
from skylog.model import EARLIEST, LATEST, MAX_TIMESTAMP, OffsetAnswer, OffsetQuery, Topic, TopicDirectory
from skylog.wire.codes import ErrorCode, code_of

if TYPE_CHECKING:
    from skylog.coordinator.base import Coordinator
    from skylog.fetch.load import SegmentLoader
    from skylog.model import ExtentRef
    from skylog.wire.exchange import Body, Handler, Request

LIST_OFFSETS = 2
OFFSET_FOR_LEADER_EPOCH = 23

EARLIEST_LOCAL = -4
LATEST_TIERED = -5
EARLIEST_PENDING_UPLOAD = -6
SEARCHES_MAX = 8
"""Segments held for queries by time at once."""
LEADER_EPOCH = 0
"""There are no leaders, so there is one epoch."""
NO_EPOCH = -1
"""What a client sends that knows no epoch."""
NEVER = 1 << 15

Place: TypeAlias = tuple[int, int]
"""An offset and the time of its record."""
NOTHING: Place = (-1, -1)
SPECIAL_SINCE = {
    LATEST: 1,
    EARLIEST: 1,
    MAX_TIMESTAMP: 7,
    EARLIEST_LOCAL: 8,
    LATEST_TIERED: 9,
    EARLIEST_PENDING_UPLOAD: 11,
}
"""The first version of ListOffsets that knows each special time."""


class OffsetsHandler:
    """Answers with offsets; by time exact to the record, at the cost of 1 GET for a segment not cached.

    Where records of the extent that holds the time are deleted it may take a second one.
    """

    def __init__(self, topics: TopicDirectory, coordinator: Coordinator, loader: SegmentLoader) -> None:
        self._topics = topics
        self._coordinator = coordinator
        self._loader = loader
        self._searches = asyncio.Semaphore(SEARCHES_MAX)

    def handlers(self) -> dict[int, Handler]:
        """Return the handlers by api key."""
        return {LIST_OFFSETS: self.list_offsets, OFFSET_FOR_LEADER_EPOCH: self.offset_for_leader_epoch}

    async def list_offsets(self, request: Request) -> Body:
        """Answer ListOffsets v1-v11."""
        asked = [
            (topic["name"], partition)
            for topic in request.body["topics"]
            for partition in topic["partitions"]
        ]
        found = iter(
            await self._find(
                [
                    (name, wish["partition_index"], wish["timestamp"], wish["current_leader_epoch"])
                    for name, wish in asked
                ],
                request.version,
            )
        )
        return {
            "topics": [
                {
                    "name": topic["name"],
                    "partitions": [
                        {"partition_index": wish["partition_index"], **next(found)}
                        for wish in topic["partitions"]
                    ],
                }
                for topic in request.body["topics"]
            ]
        }

    async def offset_for_leader_epoch(self, request: Request) -> Body:
        """Answer OffsetForLeaderEpoch v2-v4: the only epoch ends at the log's end."""
        wishes = [
            (topic["topic"], wish["partition"], LATEST, wish["current_leader_epoch"])
            for topic in request.body["topics"]
            for wish in topic["partitions"]
        ]
        found = iter(await self._find(wishes, SPECIAL_SINCE[LATEST]))
        return {
            "topics": [
                {
                    "topic": topic["topic"],
                    "partitions": [_epoch_end(wish, next(found)) for wish in topic["partitions"]],
                }
                for topic in request.body["topics"]
            ]
        }

    async def _find(self, wishes: list[tuple[str, int, int, int]], version: int) -> list[Body]:
        """Return error_code, timestamp, offset and leader_epoch for (topic, partition, time, epoch) each."""
        answers: list[Body] = []
        queries: list[OffsetQuery | None] = []
        for name, partition, timestamp, epoch in wishes:
            topic = self._topics.by_name(name)
            code = _refusal(topic, partition, epoch)
            if not _knows(version, timestamp):
                code = ErrorCode.UNSUPPORTED_VERSION
            answers.append({"error_code": code, "timestamp": -1, "offset": -1, "leader_epoch": -1})
            wanted = topic is not None and code == ErrorCode.NONE and timestamp not in NOWHERE
            queries.append(
                OffsetQuery(topic.topic_id, partition, _as_known(timestamp)) if topic and wanted else None
            )
        asked = [(answer, query) for answer, query in zip(answers, queries, strict=True) if query is not None]
        results = await self._coordinator.list_offsets([query for _, query in asked])
        await asyncio.gather(
            *(
                self._resolve(answer, query, result)
                for (answer, query), result in zip(asked, results, strict=True)
            )
        )
        return answers

    async def _resolve(self, answer: Body, query: OffsetQuery, result: OffsetAnswer | SkylogError) -> None:
        try:
            offset, timestamp = await self._final(query, result)
        except SkylogError as error:
            answer["error_code"] = code_of(error)
        else:
            epoch = LEADER_EPOCH if offset >= 0 else -1
            answer.update(offset=offset, timestamp=timestamp, leader_epoch=epoch)

    async def _final(self, query: OffsetQuery, result: OffsetAnswer | SkylogError) -> Place:
        if isinstance(result, SkylogError):
            raise result
        if result.extent is None:
            return result.offset, result.timestamp_ms
        found = await self._search(query.timestamp_ms, result.extent, result.offset)
        if result.offset == result.extent.base_offset or (
            found != NOTHING and query.timestamp_ms != MAX_TIMESTAMP
        ):
            return found
        # The extent may have been chosen for records that are deleted.
        rest = replace(query, first_offset=result.extent.last_offset + 1)
        (behind,) = await self._coordinator.list_offsets([rest])
        return max(found, await self._final(rest, behind), key=lambda place: place[1])

    async def _search(self, timestamp_ms: int, extent: ExtentRef, first_offset: int) -> Place:
        """Read and search an extent, which may have to be decompressed: on a thread."""
        async with self._searches:
            data, start = await self._loader.extent(extent)
            place = (data, start, extent.size, extent.base_offset, extent.append_time_ms)
            if timestamp_ms == MAX_TIMESTAMP:
                found = await asyncio.to_thread(find_max_timestamp, *place, first_offset)
            else:
                found = await asyncio.to_thread(find_timestamp, *place, timestamp_ms, first_offset)
            return found or NOTHING


NOWHERE = frozenset({LATEST_TIERED, EARLIEST_PENDING_UPLOAD})
"""Places that a log without tiers does not have: answered with -1."""


def _as_known(timestamp: int) -> int:
    return EARLIEST if timestamp == EARLIEST_LOCAL else timestamp


def _knows(version: int, timestamp: int) -> bool:
    return timestamp >= 0 or version >= SPECIAL_SINCE.get(timestamp, NEVER)


def _refusal(topic: Topic | None, partition: int, epoch: int) -> ErrorCode:
    if topic is None or not 0 <= partition < topic.partitions:
        return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    if epoch > LEADER_EPOCH:
        return ErrorCode.UNKNOWN_LEADER_EPOCH
    if epoch < NO_EPOCH:
        return ErrorCode.FENCED_LEADER_EPOCH
    return ErrorCode.NONE


def _epoch_end(wish: Body, found: Body) -> Body:
    known = found["error_code"] == ErrorCode.NONE and wish["leader_epoch"] == LEADER_EPOCH
    return {
        "partition": wish["partition"],
        "error_code": found["error_code"],
        "leader_epoch": LEADER_EPOCH if known else -1,
        "end_offset": found["offset"] if known else -1,
    }
