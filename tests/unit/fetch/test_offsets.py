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
from virtual import in_virtual_time

SEGMENTS = 3 * SEARCHES_MAX


class OneTopic:
    """A directory with the line's topic in it."""

    def by_name(self, name: str) -> Topic | None:
        return Topic(LOG.topic_id, LOG.topic, 1, {}) if name == LOG.topic else None


def query(times: list[int]) -> Request:
    """Ask for the same partition at many times."""
    wishes = [{"partition_index": 0, "timestamp": time, "current_leader_epoch": -1} for time in times]
    body: Body = {"topics": [{"name": LOG.topic, "partitions": wishes}]}
    return Request(2, 7, body, None, "192.0.2.7")


@in_virtual_time
async def test_queries_by_time_read_their_segments_side_by_side() -> None:
    uncached = FetchConfig(cache_bytes_max=0, loads_max=SEARCHES_MAX)
    async with line(fetch_config=uncached) as built:
        for number in range(SEGMENTS):
            await answered([built.produce(Batch(LOG, timestamp_ms=TIME_MS + number))])
        built.store.get_latency = Latency(1000)
        built.store.fail_next("get")
        start = asyncio.get_running_loop().time()
        loader = SegmentLoader(uncached, built.cache)
        handler = OffsetsHandler(OneTopic(), built.coordinator, loader)  # type: ignore[arg-type]
        answer = await handler.list_offsets(query([TIME_MS + number for number in range(SEGMENTS)]))
        first, *found = answer["topics"][0]["partitions"]
        assert first["error_code"] == ErrorCode.REQUEST_TIMED_OUT
        assert [(part["error_code"], part["offset"]) for part in found] == [
            (0, number) for number in range(1, SEGMENTS)
        ]
        seconds = asyncio.get_running_loop().time() - start
        assert seconds == pytest.approx(SEGMENTS / SEARCHES_MAX)
