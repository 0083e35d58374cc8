"""Ctrl-C and SIGTERM as an event, so that what was begun is tidied up."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import TypeVar

from skylog.loop import new_event_loop

T = TypeVar("T")

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run_stoppable(work: Callable[[asyncio.Event], Awaitable[T]]) -> T:
    """Run `work` on an event loop of its own; the first signal sets its event, the second cancels it.

    Raises `asyncio.CancelledError` when the second signal came.
    """
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(_watch(work))


async def _watch(work: Callable[[asyncio.Event], Awaitable[T]]) -> T:
    loop, stop, task = asyncio.get_running_loop(), asyncio.Event(), asyncio.current_task()
    assert task is not None

    def interrupted() -> None:
        if stop.is_set():
            task.cancel()
        stop.set()

    for number in _SIGNALS:
        loop.add_signal_handler(number, interrupted)
    try:
        return await work(stop)
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
