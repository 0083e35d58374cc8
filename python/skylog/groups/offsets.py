"""OffsetCommit and OffsetFetch: a group's places in its partitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from skylog.errors import NotFound, SkylogError
from skylog.groups.room import GroupRoom, group_code_of
from skylog.model import NO_TOPIC_ID, CommittedOffset, Topic
from skylog.wire.codes import ErrorCode
from skylog.wire.exchange import Body, Request

IDS_SINCE = 10
"""The version of both requests that names topics by their identity."""

NO_OFFSET = -1
"""What a partition without a committed offset has in the answer; it is no error."""

Place: TypeAlias = tuple[bytes, int]
"""A partition: topic identity and number."""


class OffsetCommits:
    """The handler of OffsetCommit."""

    def __init__(self, room: GroupRoom) -> None:
        self._room = room

    async def handle(self, request: Request) -> Body:
        """Answer versions 2 to 10; durable when answered: 1 query for all partitions.

        A partition that cannot be committed does not stand in the way of the others. Of a partition named
        twice the last offset counts.
        """
        wanted: dict[Place, CommittedOffset] = {}
        waiting: list[tuple[Place, Body]] = []
        answers = []
        for asked in request.body["topics"]:
            topic = find_topic(self._room, asked, request.version)
            partitions = [self._take(topic, each, request, wanted, waiting) for each in asked["partitions"]]
            answers.append({**_named(asked, topic), "partitions": partitions})
        outcomes = await self._store(request, wanted)
        for place, answer in waiting:
            answer["error_code"] = outcomes[place]
        return {"topics": answers}

    def _take(
        self,
        topic: Topic | None,
        partition: Body,
        request: Request,
        wanted: dict[Place, CommittedOffset],
        waiting: list[tuple[Place, Body]],
    ) -> Body:
        """Return the answer of one partition, which is `waiting` if its offset is now `wanted`."""
        index = partition["partition_index"]
        answer = {"partition_index": index, "error_code": _unknown(request.version)}
        if topic is not None and 0 <= index < topic.partitions:
            offset = _offset(topic, partition)
            wanted[topic.topic_id, index] = offset
            waiting.append(((topic.topic_id, index), answer))
        elif topic is not None:
            answer["error_code"] = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        return answer

    async def _store(
        self, request: Request, wanted: Mapping[Place, CommittedOffset]
    ) -> dict[Place, ErrorCode]:
        """Store what may be stored and return the outcome of each place."""
        if not wanted:
            return {}
        error = self._check(request)
        if error is not ErrorCode.NONE:
            return dict.fromkeys(wanted, error)
        outcomes = dict.fromkeys(wanted, ErrorCode.OFFSET_METADATA_TOO_LARGE)
        fitting = [each for each in wanted.values() if len(each.metadata) <= self._metadata_max]
        if not fitting:
            return outcomes
        try:
            stored = await self._room.commit_offsets(request.body["group_id"], fitting)
        except SkylogError as failure:
            stored = [failure] * len(fitting)
        for offset, outcome in zip(fitting, stored, strict=True):
            outcomes[offset.topic_id, offset.partition] = _commit_code(outcome, request.version)
        return outcomes

    @property
    def _metadata_max(self) -> int:
        # Kafka's setting speaks of bytes and counts characters; what it lets pass, passes here.
        return self._room.config.offset_metadata_bytes_max

    def _check(self, request: Request) -> ErrorCode:
        body = request.body
        return self._room.check_commit(
            body["group_id"],
            body["member_id"],
            body["group_instance_id"],
            body["generation_id_or_member_epoch"],
            request.version,
        )


class OffsetFetches:
    """The handler of OffsetFetch."""

    def __init__(self, room: GroupRoom) -> None:
        self._room = room

    async def handle(self, request: Request) -> Body:
        """Answer versions 1 to 10: 1 query per group.

        Offsets are always stable, as long as there are no transactions, and a classic group's are shown to
        everybody, whatever member id and epoch come with the request.
        """
        body, version = request.body, request.version
        if version >= 8:
            return {"groups": [await self._group(each, version) for each in body["groups"]]}
        answer = await self._group(body, version)
        topics = [{"name": each["name"], "partitions": each["partitions"]} for each in answer["topics"]]
        return {"topics": topics, "error_code": answer["error_code"]}

    async def _group(self, asked: Body, version: int) -> Body:
        group_id, topics = asked["group_id"], asked["topics"]
        try:
            found = await (self._all(group_id) if topics is None else self._some(group_id, topics, version))
        except SkylogError as failure:
            error = group_code_of(failure)
            # Version 1 has no other place for the error than the partitions.
            found = [_absent(each, error) for each in topics or ()]
            return {"group_id": group_id, "topics": found, "error_code": error}
        return {"group_id": group_id, "topics": found, "error_code": ErrorCode.NONE}

    async def _all(self, group_id: str) -> list[Body]:
        by_topic: dict[bytes, list[Body]] = {}
        for offset in await self._room.coordinator.fetch_offsets(group_id, None):
            if offset is not None:
                by_topic.setdefault(offset.topic_id, []).append(_found(offset.partition, offset))
        topics = ((self._room.topics.by_id(topic_id), answers) for topic_id, answers in by_topic.items())
        return [
            {"name": topic.name, "topic_id": topic.topic_id, "partitions": answers}
            for topic, answers in topics
            if topic is not None
        ]

    async def _some(self, group_id: str, topics: Iterable[Body], version: int) -> list[Body]:
        known = [(asked, find_topic(self._room, asked, version)) for asked in topics]
        places = [
            (topic.topic_id, index)
            for asked, topic in known
            if topic is not None
            for index in asked["partition_indexes"]
        ]
        offsets = await self._room.coordinator.fetch_offsets(group_id, places) if places else []
        stored = dict(zip(places, offsets, strict=True))
        error = ErrorCode.UNKNOWN_TOPIC_ID if version >= IDS_SINCE else ErrorCode.NONE
        return [
            _absent(asked, error) if topic is None else _present(asked, topic, stored)
            for asked, topic in known
        ]


def find_topic(room: GroupRoom, asked: Body, version: int) -> Topic | None:
    """Return the topic that a request of this version names."""
    return (
        room.topics.by_id(asked["topic_id"]) if version >= IDS_SINCE else room.topics.by_name(asked["name"])
    )


def _named(asked: Body, topic: Topic | None) -> Body:
    if topic is not None:
        return {"name": topic.name, "topic_id": topic.topic_id}
    return {"name": asked.get("name", ""), "topic_id": asked.get("topic_id", NO_TOPIC_ID)}


def _unknown(version: int) -> ErrorCode:
    return ErrorCode.UNKNOWN_TOPIC_ID if version >= IDS_SINCE else ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


def _commit_code(outcome: SkylogError | None, version: int) -> ErrorCode:
    if outcome is None:
        return ErrorCode.NONE
    return _unknown(version) if isinstance(outcome, NotFound) else group_code_of(outcome)


def _offset(topic: Topic, partition: Body) -> CommittedOffset:
    return CommittedOffset(
        topic.topic_id,
        partition["partition_index"],
        partition["committed_offset"],
        partition["committed_leader_epoch"],
        partition["committed_metadata"] or "",
    )


def _present(asked: Body, topic: Topic, stored: Mapping[Place, CommittedOffset | None]) -> Body:
    partitions = [_found(index, stored[topic.topic_id, index]) for index in asked["partition_indexes"]]
    return {**_named(asked, topic), "partitions": partitions}


def _absent(asked: Body, error: ErrorCode) -> Body:
    partitions = [_found(index, None, error) for index in asked["partition_indexes"]]
    return {**_named(asked, None), "partitions": partitions}


def _found(partition: int, offset: CommittedOffset | None, error: ErrorCode = ErrorCode.NONE) -> Body:
    return {
        "partition_index": partition,
        "committed_offset": NO_OFFSET if offset is None else offset.offset,
        "committed_leader_epoch": -1 if offset is None else offset.leader_epoch,
        "metadata": "" if offset is None else offset.metadata,
        "error_code": error,
    }
