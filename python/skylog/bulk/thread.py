"""An event loop on a thread of its own, so that bulk work runs anywhere, inside a running loop too."""

from __future__ import annotations

import asyncio
import atexit
import threading
import weakref
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from types import TracebackType
from typing import Any, TypeVar

from skylog.loop import new_event_loop

T = TypeVar("T")


class LoopThread:
    """A private event loop for as long as a ``with`` block lasts.

    Leaving the block cancels what still runs on the loop and waits until it has ended.
    """

    def __init__(self) -> None:
        self._loop = new_event_loop()
        self._unwanted = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="skylog-bulk", daemon=True)

    def __enter__(self) -> LoopThread:
        self._thread.start()
        _running.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    @property
    def _answers(self) -> bool:
        """Whether the thread can be waited for: not after its end, not in a forked process, not by itself."""
        return self._thread.is_alive() and threading.current_thread() is not self._thread

    def end(self) -> None:
        """Cancel what still runs on the loop and wait until it has ended.

        Garbage may be collected on any thread, so an iterator that was abandoned may get here on the loop's
        own, which cannot wait for itself.
        """
        if self._thread.is_alive():
            with suppress(RuntimeError):  # it is closed already
                self.soon(self._unwanted.set)
        if self._answers:
            self._thread.join()

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and return what it returns; an interrupted wait cancels it."""
        if not self._answers:
            coroutine.close()
            raise RuntimeError("the event loop of this call has ended; iterators do not survive a fork")
        running: Future[T] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return running.result()
        except BaseException:
            running.cancel()
            raise

    @contextmanager
    def using(self, resource: AbstractAsyncContextManager[T]) -> Iterator[T]:
        """Enter an asynchronous context on the loop, and leave it there at the end of the block."""
        entered = self.call(_enter(resource))
        try:
            yield entered
        except BaseException as error:
            self._leave(resource, error)
            raise
        self._leave(resource, None)

    def _leave(self, resource: AbstractAsyncContextManager[Any], error: BaseException | None) -> None:
        # Where nobody can wait for it, the end of the loop cancels and closes all there is.
        if self._answers:
            self.call(_exit(resource, error))

    def soon(self, function: Callable[..., object], *arguments: object) -> None:
        """Call a function on the loop."""
        self._loop.call_soon_threadsafe(function, *arguments)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._wait())

    async def _wait(self) -> None:
        await self._unwanted.wait()


_running: weakref.WeakSet[LoopThread] = weakref.WeakSet()


@atexit.register
def _end_all() -> None:
    """End the loops of iterators that nobody closed: once Python goes down their threads never answer."""
    for each in list(_running):
        each.end()


async def _enter(resource: AbstractAsyncContextManager[T]) -> T:
    return await resource.__aenter__()


async def _exit(resource: AbstractAsyncContextManager[Any], error: BaseException | None) -> None:
    kind, trace = (None, None) if error is None else (type(error), error.__traceback__)
    await resource.__aexit__(kind, error, trace)
