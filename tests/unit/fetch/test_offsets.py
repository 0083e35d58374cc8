"""Offsets by time: many partitions take hardly longer than one."""

from __future__ import annotations

import asyncio

import pytest

from producing import LOG, answered, line
from sealing import TIME_MS, Batch
from skylog.config import FetchConfig
from skylog.fetch.load import SegmentLoader
from skylog.fetch.offsets import SEARCHES_MAX, OffsetsHandler
from skylog.model import Topic
from skylog.storage.delay import Latency
from skylog.wire.codes import ErrorCode
from skylog.wire.exchange import Body, Request
from virtual import VirtualClock, in_virtual_time

SEGMENTS = 3 * SEARCHES_MAX


class OneTopic:
    """A directory with the line's topic in it."""

    def by_name(self, name: str) -> Topic | None:
        return Topic(LOG.topic_id, LOG.topic, 1, {}) if name == LOG.topic else None


def query(times: list[int], *, version: int = 7, epoch: int = -1, topic: str = LOG.topic) -> Request:
    """Ask for the same partition at many times."""
    wishes = [{"partition_index": 0, "timestamp": time, "current_leader_epoch": epoch} for time in times]
    body: Body = {"topics": [{"name": topic, "partitions": wishes}]}
    return Request(2, version, body, None, "192.0.2.7")


@in_virtual_time
async def test_queries_by_time_read_their_segments_side_by_side() -> None:
    uncached = FetchConfig(cache_bytes_max=0)
    async with line(fetch_config=uncached) as built:
        for number in range(SEGMENTS):
            await answered([built.produce(Batch(LOG, timestamp_ms=TIME_MS + number))])
        built.store.get_latency = Latency(1000)
        built.store.fail_next("get")
        start = asyncio.get_running_loop().time()
        loader = SegmentLoader(uncached, built.cache, VirtualClock())
        handler = OffsetsHandler(OneTopic(), built.coordinator, loader)  # type: ignore[arg-type]
        answer = await handler.list_offsets(query([TIME_MS + number for number in range(SEGMENTS)]))
        first, *found = answer["topics"][0]["partitions"]
        assert first["error_code"] == ErrorCode.REQUEST_TIMED_OUT
        assert [(part["error_code"], part["offset"]) for part in found] == [
            (0, number) for number in range(1, SEGMENTS)
        ]
        seconds = asyncio.get_running_loop().time() - start
        assert seconds == pytest.approx(SEGMENTS / SEARCHES_MAX)


SPECIAL_TIMES = {-1: 1, -2: 1, -3: 7, -4: 8, -5: 9, -6: 11, -7: 12, -(2**63): 12}
"""Since which version of ListOffsets each stands for a place; 12 is none yet."""


@in_virtual_time
async def test_special_times_are_unsupported_before_their_version_whatever_the_topic() -> None:
    async with line() as built:
        handler = OffsetsHandler(
            OneTopic(), built.coordinator, SegmentLoader(FetchConfig(), built.cache, VirtualClock())
        )  # type: ignore[arg-type]
        for version in range(1, 12):
            for topic, known in (
                (LOG.topic, ErrorCode.NONE),
                ("absent", ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
            ):
                answer = await handler.list_offsets(query([*SPECIAL_TIMES], version=version, topic=topic))
                assert [part["error_code"] for part in answer["topics"][0]["partitions"]] == [
                    known if version >= since else ErrorCode.UNSUPPORTED_VERSION
                    for since in SPECIAL_TIMES.values()
                ]


@pytest.mark.parametrize(
    ("epoch", "expected"),
    [
        (-1, ErrorCode.NONE),
        (0, ErrorCode.NONE),
        (1, ErrorCode.UNKNOWN_LEADER_EPOCH),
        (-2, ErrorCode.FENCED_LEADER_EPOCH),
    ],
)
@in_virtual_time
async def test_there_is_one_leader_epoch(epoch: int, expected: ErrorCode) -> None:
    async with line() as built:
        handler = OffsetsHandler(
            OneTopic(), built.coordinator, SegmentLoader(FetchConfig(), built.cache, VirtualClock())
        )  # type: ignore[arg-type]
        answer = await handler.list_offsets(query([-1], epoch=epoch))
        assert answer["topics"][0]["partitions"][0]["error_code"] == expected
