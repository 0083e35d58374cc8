"""Commits that fail, are in doubt, or whose answers cannot be written."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from producing import LOG, answered, line, turns
from sealing import Batch
from skylog.errors import Conflict, Fenced, Unavailable
from skylog.wire.codes import ErrorCode
from virtual import in_virtual_time


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Unavailable("nobody knows"), ErrorCode.REQUEST_TIMED_OUT),
        (Fenced("another broker"), ErrorCode.NOT_LEADER_OR_FOLLOWER),
        (Conflict("too old"), ErrorCode.KAFKA_STORAGE_ERROR),
        (RuntimeError("a fault"), ErrorCode.REQUEST_TIMED_OUT),
    ],
)
@in_virtual_time
async def test_a_commit_that_fails_is_answered_so_that_clients_try_again(
    failure: Exception, code: ErrorCode
) -> None:
    """Only an unknown outcome says that records may be kept; the object stays whatever came."""
    async with line() as built:
        built.coordinator.failures.append(failure)
        reply = built.produce()
        await answered([reply])
        assert reply.outcome == (code, -1)
        assert await built.stored() == built.coordinator.calls[0]
        again = built.produce()
        await answered([again])
        assert again.outcome == (0, 0)


@in_virtual_time
async def test_a_commit_in_doubt_and_repeated_gives_the_first_offsets() -> None:
    async with line() as built:
        built.coordinator.failures.append(Unavailable("the answer was lost"))
        built.coordinator.commits_although_it_fails = True
        batch = Batch(LOG, producer_id=5, epoch=0, sequence=0)
        lost = built.produce(batch)
        await answered([lost])
        again, other = built.produce(batch), built.produce()
        await answered([again, other])
        assert lost.outcome == (ErrorCode.REQUEST_TIMED_OUT, -1)
        assert (again.outcome, other.outcome) == ((0, 0), (0, 1))


@in_virtual_time
async def test_a_segment_whose_answers_cannot_be_written_closes_its_connections_and_no_others() -> None:
    async with line() as built:
        built.puts_take(100)
        first = built.produce()
        await turns()
        built.puts_take(0)
        second = built.produce()
        await turns()

        with pytest.MonkeyPatch.context() as patch:

            def fail_once(*_: object) -> None:
                patch.undo()
                raise RuntimeError("a fault")

            patch.setattr(built.cache, "put", fail_once)
            await answered([first, second])
        assert (first.closed, second.outcome) == ("internal error", (0, 1))


@in_virtual_time
async def test_an_acknowledgement_is_written_before_those_who_wait_are_woken() -> None:
    """With 100 consumers it once came after all of their answers had been put together."""
    async with line() as built:
        order: list[str] = []
        reply = built.produce()
        send = reply.send

        def send_as_connections_do(buffers: Sequence[bytes]) -> None:
            send(buffers)
            asyncio.get_running_loop().call_soon(order.append, "written")

        reply.send = send_as_connections_do  # type: ignore[method-assign]
        built.listeners.append(lambda _: order.append("woken"))
        await answered([reply])
        await turns()
        assert order == ["written", "woken"]


@in_virtual_time
async def test_who_cannot_be_woken_costs_nobody_an_answer() -> None:
    async with line() as built:

        def fail(_: object) -> None:
            raise RuntimeError("a fault")

        built.listeners.append(fail)
        first, second = built.produce(), built.produce()
        await answered([first, second])
        assert (first.outcome, second.outcome) == ((0, 0), (0, 1))
