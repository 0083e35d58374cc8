"""Time of work is counted step by step, and what work does and is told passes through."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from skylog.clock import Stopwatch
from virtual import VirtualClock, in_virtual_time


def busy(seconds: float) -> None:
    """Take time of the loop."""
    loop: Any = asyncio.get_running_loop()
    loop.seconds += seconds


async def wait(seconds: float) -> None:
    await asyncio.sleep(seconds)  # noqa: TID251 - virtual time


@in_virtual_time
async def test_waiting_is_not_counted_and_its_result_is_returned() -> None:
    watch = Stopwatch(VirtualClock())

    async def work() -> str:
        busy(1)
        await wait(50)
        busy(2)
        await asyncio.gather(wait(10), wait(20))
        assert watch.seconds == pytest.approx(3), "what is under way counts, too"
        return "done"

    assert await watch.run(work()) == "done"
    assert watch.seconds == pytest.approx(3)


@in_virtual_time
async def test_several_pieces_add_up() -> None:
    watch = Stopwatch(VirtualClock())
    with watch:
        busy(1)
    await wait(5)
    with watch:
        busy(2)
    assert watch.seconds == pytest.approx(3)


@in_virtual_time
async def test_errors_pass_in_both_directions() -> None:
    watch = Stopwatch(VirtualClock())

    async def work(future: asyncio.Future[None]) -> str:
        try:
            await future
        except ValueError as error:
            busy(1)
            return str(error)
        raise AssertionError("no error came")

    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(3, future.set_exception, ValueError("told"))
    assert await watch.run(work(future)) == "told"

    async def failing() -> None:
        await wait(1)
        busy(1)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await watch.run(failing())
    assert watch.seconds == pytest.approx(2)


@in_virtual_time
async def test_work_that_is_cancelled_hears_of_it_and_may_finish_in_its_own_time() -> None:
    watch, heard = Stopwatch(VirtualClock()), []

    async def work() -> None:
        try:
            await wait(1000)
        finally:
            heard.append("cancelled")
            await wait(1)
            heard.append("finished")

    task = asyncio.create_task(watch.run(work()))
    await wait(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert heard == ["cancelled", "finished"]
