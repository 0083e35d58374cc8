"""OffsetDelete: forgetting a group's places in topics that nobody in it reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from skylog.errors import SkylogError
from skylog.groups.rebalance import GroupState
from skylog.groups.room import GroupRoom, group_code_of
from skylog.groups.subscriptions import PROTOCOL_TYPE, subscribed_topics
from skylog.wire.codes import ErrorCode
from skylog.wire.exchange import Body, Request


class OffsetDeletes:
    """The handler of OffsetDelete."""

    def __init__(self, room: GroupRoom) -> None:
        self._room = room

    async def handle(self, request: Request) -> Body:
        """Answer version 0; durable when answered: 1 query for all partitions.

        An error of the group is the whole answer; else each partition has its own.
        """
        group_id = request.body["group_id"]
        error = self._check(group_id)
        if error is not ErrorCode.NONE:
            return {"error_code": error, "topics": []}
        is_subscribed = self._subscriptions(group_id)
        places: list[tuple[bytes, int]] = []
        topics = [self._judge(asked, is_subscribed, places) for asked in request.body["topics"]]
        try:
            await self._forget(group_id, places)
        except SkylogError as failure:
            return {"error_code": group_code_of(failure), "topics": []}
        return {"error_code": ErrorCode.NONE, "topics": topics}

    def _check(self, group_id: str) -> ErrorCode:
        """Say whether offsets of the group may be deleted at all: members that are no consumers forbid it."""
        if not group_id:
            return ErrorCode.INVALID_GROUP_ID
        group = self._room.find(group_id)
        if group is None:
            return ErrorCode.NONE if self._room.is_stored(group_id) else ErrorCode.GROUP_ID_NOT_FOUND
        if group.state is GroupState.DEAD:
            return ErrorCode.GROUP_ID_NOT_FOUND
        if group.state is not GroupState.EMPTY and group.protocol_type != PROTOCOL_TYPE:
            return ErrorCode.NON_EMPTY_GROUP
        return ErrorCode.NONE

    def _subscriptions(self, group_id: str) -> Callable[[str], bool]:
        group = self._room.find(group_id)
        if group is None or group.state is GroupState.EMPTY:
            return lambda _: False
        topics = subscribed_topics(group)
        return lambda name: topics is None or name in topics

    def _judge(
        self, asked: Body, is_subscribed: Callable[[str], bool], places: list[tuple[bytes, int]]
    ) -> Body:
        """Return the answer for one topic, with the partitions that may be forgotten added to `places`."""
        topic = self._room.topics.by_name(asked["name"])
        allowed = ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC if is_subscribed(asked["name"]) else ErrorCode.NONE
        partitions = []
        for index in (each["partition_index"] for each in asked["partitions"]):
            known = topic is not None and 0 <= index < topic.partitions
            code = allowed if known else ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
            if topic is not None and code is ErrorCode.NONE:
                places.append((topic.topic_id, index))
            partitions.append({"partition_index": index, "error_code": code})
        return {"name": asked["name"], "partitions": partitions}

    async def _forget(self, group_id: str, places: Sequence[tuple[bytes, int]]) -> None:
        if places:
            await self._room.coordinator.delete_offsets(group_id, places)
