"""Fetch sessions behind the handler: parked, continued, given up, closed."""

from __future__ import annotations

import asyncio
import struct

import pytest

from fetching import Reading, session_outcome, session_payload
from producing import LOG, Consumer, Line, NotingReply, answered, line, turns
from sealing import Batch
from skylog.config import FetchConfig
from skylog.errors import Unavailable
from skylog.wire.codes import ErrorCode
from virtual import in_virtual_time

NOTHING_NEW = (ErrorCode.NONE, 1, 0)
"""Error, a session, no topics."""
ONE_TOPIC = (ErrorCode.NONE, 1, 1)


def now() -> float:
    return asyncio.get_running_loop().time()


class Session:
    """A client of one session."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.id = self.epoch = 0

    async def open(self, offset: int = 0) -> None:
        reply = self.reading.ask(session_payload(0, 0, offsets=[offset]))
        await answered([reply])
        code, self.id, topics = session_outcome(reply)
        assert (code, topics) == (0, 1)
        self.epoch = 1

    def send(self, offsets: list[int] | None = None, *, wait_ms: int = 0, min_bytes: int = 1) -> NotingReply:
        """Go on, perhaps from another offset, over a connection of its own."""
        payload = session_payload(
            self.id, self.epoch, offsets=offsets or [], wait_ms=wait_ms, min_bytes=min_bytes
        )
        self.epoch += 1
        return self.reading.ask(payload, Consumer())

    async def outcome(self, reply: NotingReply) -> tuple[int, int, int]:
        """Return error, 1 if it is this session, topics."""
        await answered([reply])
        code, session_id, topics = session_outcome(reply)
        assert session_id in (0, self.id)
        return code, int(session_id > 0), topics


def part_code(reply: NotingReply) -> int:
    """Return the error code of the only partition."""
    code: int = struct.unpack_from(">h", reply.answer or b"", 22 + 2 + len(LOG.topic) + 4 + 4)[0]
    return code


async def at_the_end(built: Line, reading: Reading) -> Session:
    """Return a session that has been told all and is at the end of the log."""
    await answered([built.produce()])
    session = Session(reading)
    await session.open(offset=1)
    assert await session.outcome(session.send()) == NOTHING_NEW
    return session


@in_virtual_time
async def test_without_news_a_fetch_waits_for_its_time_and_then_says_nothing() -> None:
    async with line() as built:
        session = await at_the_end(built, Reading(built))
        start = now()
        reply = session.send(wait_ms=500)
        assert await session.outcome(reply) == NOTHING_NEW
        assert reply.answered_at - start == pytest.approx(0.5)
        assert len(reply.answer or b"") == 4 + 4 + 4 + 2 + 4 + 4, "an answer without a partition"


@in_virtual_time
async def test_a_parked_fetch_of_a_session_is_answered_by_the_commit_that_serves_it() -> None:
    async with line() as built:
        reading = Reading(built)
        session = await at_the_end(built, reading)
        reply = session.send(wait_ms=60_000)
        await turns(20)
        assert len(reading.parking) == 1
        produced = built.produce()
        await answered([produced])
        assert await session.outcome(reply) == ONE_TOPIC
        assert reply.answered_at == produced.answered_at
        assert len(reading.parking) == 0


@in_virtual_time
async def test_a_session_waits_until_min_bytes_are_there_in_all_its_partitions() -> None:
    async with line() as built:
        session = await at_the_end(built, Reading(built))
        size = len(Batch(LOG).build())
        reply = session.send(wait_ms=60_000, min_bytes=2 * size)
        await answered([built.produce()])
        await turns(20)
        assert not reply.done.is_set()
        await answered([built.produce()])
        assert await session.outcome(reply) == ONE_TOPIC


@in_virtual_time
async def test_a_session_outlives_its_connection() -> None:
    async with line() as built:
        reading = Reading(built)
        session = await at_the_end(built, reading)
        lost = session.send(wait_ms=60_000)
        await turns(20)
        lost.lost()
        lost.client.leave()
        await turns()
        await answered([built.produce()])
        assert (len(reading.parking), len(reading.sessions)) == (0, 1)
        assert await session.outcome(session.send()) == ONE_TOPIC


@in_virtual_time
async def test_news_that_a_failed_fetch_had_seen_come_with_the_next() -> None:
    async with line() as built:
        reading = Reading(built)
        session = await at_the_end(built, reading)
        await answered([built.produce()])
        find = built.coordinator.inner.find_extents

        async def fail(*_: object) -> None:
            raise Unavailable("no answer")

        built.coordinator.find_extents = fail
        assert await session.outcome(session.send()) == (ErrorCode.KAFKA_STORAGE_ERROR, 0, 0)
        built.coordinator.find_extents = find
        assert await session.outcome(session.send()) == ONE_TOPIC


@in_virtual_time
async def test_a_segment_that_cannot_be_read_is_told_again_when_it_can() -> None:
    nothing_cached = FetchConfig(cache_bytes_max=0, loads_bytes_max=1, load_ms_max=30_000)
    async with line(fetch_config=nothing_cached) as built:
        session = await at_the_end(built, Reading(built))
        await answered([built.produce()])
        built.store.fail_next("get")
        for code in (ErrorCode.KAFKA_STORAGE_ERROR, ErrorCode.NONE):
            reply = session.send()
            assert await session.outcome(reply) == ONE_TOPIC
            assert part_code(reply) == code
        assert await session.outcome(session.send([2])) == NOTHING_NEW


@in_virtual_time
async def test_a_later_fetch_of_a_session_takes_it_from_the_one_before() -> None:
    async with line() as built:
        session = await at_the_end(built, Reading(built))
        before = session.send(wait_ms=60_000)
        await turns(20)
        after = session.send(wait_ms=60_000)
        await turns(20)
        await answered([built.produce()])
        assert await session.outcome(before) == (ErrorCode.INVALID_FETCH_SESSION_EPOCH, 0, 0)
        assert await session.outcome(after) == ONE_TOPIC


@in_virtual_time
async def test_wrong_epochs_and_unknown_sessions_are_refused_at_once() -> None:
    async with line() as built:
        session = await at_the_end(built, Reading(built))
        session.epoch += 1
        assert await session.outcome(session.send(wait_ms=60_000)) == (
            ErrorCode.INVALID_FETCH_SESSION_EPOCH,
            0,
            0,
        )
        session.id ^= 1
        assert await session.outcome(session.send(wait_ms=60_000)) == (
            ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
            0,
            0,
        )


@in_virtual_time
async def test_a_topic_that_is_deleted_wakes_the_sessions_that_wait_for_it() -> None:
    async with line() as built:
        reading = Reading(built)
        session = await at_the_end(built, reading)
        start = now()
        reply = session.send(wait_ms=60_000)
        await turns(20)
        await built.coordinator.delete_topics([LOG.topic_id])
        reading.parking.wake_topic(LOG.topic_id)
        assert await session.outcome(reply) == ONE_TOPIC
        assert reply.answered_at == start
        again = session.send(wait_ms=60_000)
        assert await session.outcome(again) == ONE_TOPIC, "an error is told every time"


@in_virtual_time
async def test_two_minutes_without_use_make_room_for_another() -> None:
    async with line(fetch_config=FetchConfig(session_slots_max=1)) as built:
        reading = Reading(built)
        session, other = await at_the_end(built, reading), Session(reading)
        await other.open()
        assert other.id == 0, "there is no room"
        await asyncio.sleep(120.1)  # noqa: TID251 - virtual time
        await other.open()
        assert other.id > 0
        assert await session.outcome(session.send()) == (ErrorCode.FETCH_SESSION_ID_NOT_FOUND, 0, 0)


@in_virtual_time
async def test_without_slots_every_fetch_is_full() -> None:
    async with line(fetch_config=FetchConfig(session_slots_max=0)) as built:
        session = Session(Reading(built))
        await session.open()
        assert session.id == 0


@in_virtual_time
async def test_when_the_broker_goes_down_sessions_do_not_wait_either() -> None:
    async with line() as built:
        reading = Reading(built)
        session = await at_the_end(built, reading)
        start = now()
        parked = session.send(wait_ms=60_000)
        await turns(20)
        reading.parking.close()
        assert await session.outcome(parked) == NOTHING_NEW
        assert parked.answered_at == start
