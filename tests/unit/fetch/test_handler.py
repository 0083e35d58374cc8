"""The long poll, and fetches that meet trouble."""

from __future__ import annotations

import asyncio

import pytest

from fetching import Reading, fetched, session_outcome, session_payload
from producing import LOG, answered, line, turns
from sealing import Batch
from skylog.config import FetchConfig
from skylog.errors import Unavailable
from skylog.storage.delay import Latency
from skylog.wire.codes import ErrorCode
from virtual import in_virtual_time

BATCH_BYTES = len(Batch(LOG).build())


def now() -> float:
    return asyncio.get_running_loop().time()


@in_virtual_time
async def test_what_is_there_is_answered_at_once() -> None:
    async with line() as built:
        reading = Reading(built)
        await answered([built.produce()])
        reply = reading.fetch(wait_ms=500)
        await answered([reply])
        found = fetched(reply)
        assert (found.error_code, found.high_watermark, len(found.records)) == (0, 1, BATCH_BYTES)
        assert len(reading.parking) == 0


@in_virtual_time
async def test_at_the_end_a_fetch_waits_for_the_next_commit() -> None:
    async with line() as built:
        reading = Reading(built)
        reply = reading.fetch(wait_ms=500)
        await asyncio.sleep(0.2)  # noqa: TID251 - virtual time
        assert not reply.done.is_set()
        produced = built.produce()
        await answered([produced, reply])
        assert fetched(reply).high_watermark == 1
        assert reply.answered_at == produced.answered_at, "it slept although there was something"


@in_virtual_time
async def test_a_fetch_is_not_answered_before_min_bytes_are_there() -> None:
    async with line() as built:
        reading = Reading(built)
        reply = reading.fetch(wait_ms=10_000, min_bytes=2 * BATCH_BYTES + 1)
        for _ in range(2):
            await answered([built.produce()])
            await turns(20)
            assert not reply.done.is_set()
        await answered([built.produce(), reply])
        assert len(fetched(reply).records) == 3 * BATCH_BYTES


@in_virtual_time
async def test_a_fetch_is_answered_with_what_there_is_when_its_time_is_up() -> None:
    async with line() as built:
        reading = Reading(built)
        await answered([built.produce()])
        start = now()
        empty, short = reading.fetch(1, wait_ms=500), reading.fetch(wait_ms=700, min_bytes=1 << 20)
        await answered([empty, short])
        assert (empty.answered_at - start, fetched(empty).records) == (pytest.approx(0.5), b"")
        assert short.answered_at - start == pytest.approx(0.7)
        assert len(fetched(short).records) == BATCH_BYTES


@in_virtual_time
async def test_no_fetch_waits_longer_than_the_broker_allows() -> None:
    async with line(fetch_config=FetchConfig(wait_ms_max=1000)) as built:
        start = now()
        reply = Reading(built).fetch(wait_ms=2**31 - 1)
        await answered([reply])
        assert reply.answered_at - start == pytest.approx(1)


@in_virtual_time
async def test_the_parked_fetch_of_a_lost_client_is_removed() -> None:
    async with line() as built:
        reading = Reading(built)
        replies = [reading.fetch(wait_ms=60_000) for _ in range(3)]
        await turns(20)
        assert len(reading.parking) == 3
        for reply in replies[:2]:
            reply.lost()
        await turns()
        assert (len(reading.parking), reading.handler.running) == (1, 1)
        await answered([built.produce(), replies[2]])
        assert not any(reply.done.is_set() for reply in replies[:2])


@in_virtual_time
async def test_when_the_broker_goes_down_nobody_waits_any_more() -> None:
    async with line() as built:
        reading = Reading(built)
        start = now()
        parked = reading.fetch(wait_ms=60_000)
        await turns(20)
        reading.parking.close()
        late = reading.fetch(wait_ms=60_000)
        await answered([parked, late])
        assert parked.answered_at == late.answered_at == start
        assert len(reading.parking) == 0


@in_virtual_time
async def test_a_fetch_of_a_topic_that_is_deleted_is_woken() -> None:
    async with line() as built:
        reading = Reading(built)
        start = now()
        reply = reading.fetch(wait_ms=60_000)
        await turns(20)
        await built.coordinator.delete_topics([LOG.topic_id])
        reading.parking.wake_topic(LOG.topic_id)
        await answered([reply])
        assert fetched(reply).error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        assert reply.answered_at == start


NOTHING_CACHED = FetchConfig(cache_bytes_max=0, loads_bytes_max=1, load_ms_max=30_000)


@in_virtual_time
async def test_a_segment_that_cannot_be_read_is_an_error_of_its_partition() -> None:
    async with line(fetch_config=NOTHING_CACHED) as built:
        reading = Reading(built)
        await answered([built.produce()])
        built.store.fail_next("get")
        failed = reading.fetch()
        await answered([failed])
        assert fetched(failed).error_code == ErrorCode.KAFKA_STORAGE_ERROR
        again = reading.fetch()
        await answered([again])
        assert fetched(again).error_code == 0


@in_virtual_time
async def test_a_get_that_is_never_answered_gives_its_place_to_others() -> None:
    async with line(fetch_config=NOTHING_CACHED) as built:
        reading = Reading(built)
        start = now()
        await answered([built.produce()])
        built.store.get_latency = Latency(3_600_000)
        stuck = reading.fetch()
        await answered([stuck])
        assert stuck.answered_at - start == pytest.approx(30)
        assert fetched(stuck).error_code == ErrorCode.KAFKA_STORAGE_ERROR
        built.store.get_latency = Latency(10)
        healed = reading.fetch()
        await answered([healed])
        assert len(fetched(healed).records) == BATCH_BYTES


@in_virtual_time
async def test_a_client_lost_while_its_segment_is_loaded_leaves_it_to_the_next_one() -> None:
    async with line(fetch_config=NOTHING_CACHED) as built:
        reading = Reading(built)
        await answered([built.produce()])
        built.store.get_latency = Latency(100)
        gone = reading.fetch()
        await turns(20)
        gone.lost()
        await turns(10)
        assert reading.handler.running == 0
        other = reading.fetch()
        await answered([other])
        assert len(fetched(other).records) == BATCH_BYTES
        assert built.cache.stats.loads == 1


@in_virtual_time
async def test_a_coordinator_that_fails_is_an_answer_that_clients_try_again() -> None:
    async with line() as built:
        reading = Reading(built)

        async def fail(*_: object) -> None:
            raise Unavailable("no answer")

        built.coordinator.find_extents = fail
        reply = reading.fetch(wait_ms=500)
        await answered([reply])
        assert fetched(reply).error_code == ErrorCode.KAFKA_STORAGE_ERROR


@pytest.mark.parametrize(("session_id", "epoch"), [(0, -1), (0, 0), (5, 0), (5, -1)])
@in_virtual_time
async def test_a_full_fetch_is_served_whatever_session_it_closes(session_id: int, epoch: int) -> None:
    """After an error Java closes its session and asks for all with the same request."""
    async with line() as built:
        reading = Reading(built)
        await answered([built.produce()])
        reply = reading.ask(session_payload(session_id, epoch))
        await answered([reply])
        code, opened, topics = session_outcome(reply)
        assert (code, opened > 0, topics) == (0, epoch == 0, 1)
