"""Where the statements of a database run: on a thread where they wait for a disk, else on the event loop.

A hand-over to a thread and back costs more than a commit into memory, and both then want the interpreter
lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Worker(Protocol):
    """Runs one call after another, none before the caller's turn of the event loop is over."""

    def call(self, work: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
        """Run `work(*arguments)`; once begun it ends, whoever waits for it."""
        ...

    def close(self) -> None:
        """Take no further calls; those that were given are through."""
        ...


class OnThread:
    """A thread of its own: the loop goes on while a disk is waited for."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="skylog-sqlite")

    def call(self, work: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
        """Run a call on the thread."""
        return asyncio.get_running_loop().run_in_executor(self._executor, work, *arguments)

    def close(self) -> None:
        """End the thread, which has nothing to do any more."""
        self._executor.shutdown()


class OnLoop:
    """The event loop itself, in its next turn: for what never waits."""

    def call(self, work: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
        """Run a call in the loop's next turn."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        loop.call_soon(_run, answer, work, arguments)
        return answer

    def close(self) -> None:
        """Do nothing: the loop is not ours."""


def _run(answer: asyncio.Future[T], work: Callable[..., T], arguments: tuple[Any, ...]) -> None:
    if answer.cancelled():
        return
    try:
        result = work(*arguments)
    except Exception as error:  # noqa: BLE001 - it is the caller's
        answer.set_exception(error)
    else:
        answer.set_result(result)
