"""Buffered, sealed, stored, committed, answered: order, failures, bounds."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import pytest

from producing import LOG, answered, line, turns
from sealing import Batch
from skylog.clock import SystemEntropy
from skylog.wire.codes import ErrorCode
from virtual import in_virtual_time

BIG = Batch(LOG, records=9000)
"""More than the smallest segment: it is sealed without regard to the budget."""
SMALL_SEGMENTS = {"segment_bytes_target": 64 * 1024}


@in_virtual_time
async def test_what_arrives_in_one_turn_of_the_loop_travels_in_one_segment() -> None:
    async with line() as built:
        replies = [built.produce() for _ in range(5)]
        await answered(replies)
        assert [reply.outcome for reply in replies] == [(0, offset) for offset in range(5)]
        assert len(built.coordinator.calls) == 1


@in_virtual_time
async def test_commits_keep_the_order_of_sealing_although_uploads_finish_in_another() -> None:
    async with line() as built:
        replies = []
        for milliseconds in (300, 100, 200):
            built.puts_take(milliseconds)
            replies.append(built.produce())
            await turns()
        await answered(replies)
        assert [reply.outcome for reply in replies] == [(0, 0), (0, 1), (0, 2)]
        assert built.order == [0, 1, 2]
        assert len({reply.answered_at for reply in replies}) == 1, "the first one holds up the others"


@in_virtual_time
async def test_segments_that_wait_together_travel_in_one_commit() -> None:
    async with line() as built:
        built.puts_take(100)
        first = built.produce()
        await turns()
        built.puts_take(0)
        later = []
        for _ in range(3):
            later.append(built.produce())
            await turns()
        await answered([first, *later])
        assert [len(call) for call in built.coordinator.calls] == [4]


@in_virtual_time
async def test_nobody_is_answered_before_the_commit_is_durable() -> None:
    async with line() as built:
        built.coordinator.may_commit.clear()
        reply = built.produce()
        await turns(20)
        assert built.coordinator.calls
        assert not reply.done.is_set()
        assert built.gate.bytes_held > 0
        built.coordinator.may_commit.set()
        await answered([reply])


@in_virtual_time
async def test_an_upload_that_fails_for_good_fails_its_own_requests_only() -> None:
    async with line(attempts_max=1) as built:
        built.puts_take(50)
        first = built.produce()
        await turns()
        built.store.fail_next("put")
        second = built.produce()
        await turns()
        third = built.produce()
        await answered([first, second, third])
        assert [reply.outcome for reply in (first, second, third)] == [
            (0, 0),
            (ErrorCode.KAFKA_STORAGE_ERROR, -1),
            (0, 1),
        ]
        assert built.order == [0, 1, 2]


@in_virtual_time
async def test_an_upload_is_tried_again_and_then_counts_once() -> None:
    async with line() as built:
        built.store.fail_next("put", 2, applied=True)
        reply = built.produce()
        await answered([reply])
        assert reply.outcome == (0, 0)
        assert [len(call) for call in built.coordinator.calls] == [1]


@in_virtual_time
async def test_a_store_that_never_answers_fails_the_requests_in_time_and_the_line_goes_on() -> None:
    async with line(uploads_max=1, upload_ms_max=30_000) as built:
        start = asyncio.get_running_loop().time()
        built.puts_take(3_600_000)
        stuck = built.produce()
        await turns()
        built.puts_take(10)
        waiting = built.produce()
        await answered([stuck, waiting])
        assert stuck.outcome == (ErrorCode.KAFKA_STORAGE_ERROR, -1)
        assert stuck.answered_at - start == pytest.approx(30)
        assert waiting.outcome == (0, 0)


@in_virtual_time
async def test_a_slow_upload_at_the_head_leaves_the_other_places_in_use() -> None:
    """A place for an upload is free when that one is stored, not when it is committed."""
    async with line(uploads_max=2) as built:
        start = asyncio.get_running_loop().time()
        replies = []
        for milliseconds in (10_000, 100, 100, 100):
            built.puts_take(milliseconds)
            replies.append(built.produce())
            await turns()
        await asyncio.sleep(1)  # noqa: TID251 - virtual time
        assert len(await built.stored()) == 2, built.pipeline
        await answered(replies)
        assert asyncio.get_running_loop().time() - start == pytest.approx(10)


@in_virtual_time
async def test_a_segment_that_cannot_be_sealed_closes_its_connections_and_the_line_goes_on() -> None:
    class ShortOnce(SystemEntropy):
        sizes: ClassVar = [15]

        def random_bytes(self, size: int) -> bytes:
            return super().random_bytes(self.sizes.pop() if self.sizes else size)

    async with line(ShortOnce()) as built:
        first = built.produce()
        await answered([first])
        assert first.closed == "internal error"
        assert built.gate.bytes_held == 0
        second = built.produce()
        await answered([second])
        assert second.outcome == (0, 0)


@in_virtual_time
async def test_without_acks_there_is_no_answer_and_a_failure_closes_the_connection() -> None:
    async with line(attempts_max=1) as built:
        good = built.produce(acks=0)
        await answered([good])
        assert good.answer == b""
        built.store.fail_next("put")
        bad, refused = built.produce(acks=0), built.produce(b"no batch", acks=0)
        await answered([bad, refused])
        assert bad.closed == refused.closed == "a request with acks=0 failed"


@in_virtual_time
async def test_a_quiet_line_answers_at_once_and_a_busy_one_keeps_to_the_budget() -> None:
    async with line(put_rate_per_second=4, put_burst=4) as built:
        start = asyncio.get_running_loop().time()
        replies = []
        for _ in range(100):
            replies.append(built.produce())
            await asyncio.sleep(0.05)  # noqa: TID251 - virtual time
        assert replies[0].answered_at == start
        await answered(replies)
        assert max(reply.answered_at - start - 0.05 * reply.number for reply in replies) <= 0.251
        puts = len(await built.stored())
        assert 4 + 4 * 5 - 2 <= puts <= 4 + 4 * 5 + 1


@in_virtual_time
async def test_the_budget_is_wider_while_nobody_sends_more_before_an_answer() -> None:
    async with line(put_rate_per_second=1, put_rate_awaited_per_second=1000, put_burst=1) as built:
        await answered([built.produce()])
        start = asyncio.get_running_loop().time()
        built.gate.rhythm.expecting = 1
        more_to_come = built.produce()
        await asyncio.sleep(0.1)  # noqa: TID251 - virtual time
        built.gate.rhythm.expecting = 0
        last = built.produce()
        await answered([more_to_come, last])
        assert more_to_come.answered_at == last.answered_at == pytest.approx(start + 0.1)
        assert len(await built.stored()) == 2


@in_virtual_time
async def test_full_segments_do_not_wait_for_the_budget() -> None:
    async with line(
        put_rate_per_second=0.001, put_burst=1, linger_ms_max=3_600_000, **SMALL_SEGMENTS
    ) as built:
        start = asyncio.get_running_loop().time()
        await answered([built.produce()])
        replies = [built.produce(BIG) for _ in range(3)]
        await answered(replies)
        assert {reply.answered_at for reply in replies} == {start}
        assert len(await built.stored()) == 4


@in_virtual_time
async def test_the_linger_ends_the_wait_for_the_budget() -> None:
    async with line(put_rate_per_second=0.001, put_burst=1, linger_ms_max=250) as built:
        await answered([built.produce()])
        start = asyncio.get_running_loop().time()
        late = built.produce()
        await answered([late])
        assert late.answered_at - start == pytest.approx(0.25)


@in_virtual_time
async def test_flush_seals_at_once_whatever_the_budget_says() -> None:
    async with line(put_rate_per_second=0.001, put_burst=1, linger_ms_max=3_600_000) as built:
        await answered([built.produce()])
        start = asyncio.get_running_loop().time()
        waiting = built.produce()
        built.pipeline.flush()
        await answered([waiting])
        late = built.produce()
        await answered([late])
        assert waiting.answered_at == late.answered_at == start


@in_virtual_time
async def test_the_gate_counts_from_arrival_to_answer() -> None:
    async with line(buffer_bytes_max=2 * 64 * 1024, **SMALL_SEGMENTS) as built:
        built.puts_take(100)
        replies = [built.produce(BIG) for _ in range(2)]
        assert built.gate.shut
        opened = asyncio.Event()
        built.gate.wait(opened.set)
        await answered(replies[:1])
        assert opened.is_set()
        await answered(replies)
