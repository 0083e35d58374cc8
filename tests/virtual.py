"""An event loop whose time passes at once when nobody has anything to do; threads are waited for."""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

P = ParamSpec("P")

START_MS = 1_700_000_000_000


class _Selector(selectors.DefaultSelector):
    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if events or timeout == 0:
            return events
        if self.loop.threads:
            return super().select(None)  # they wake the loop when they are done
        if timeout is None:
            raise RuntimeError("everybody waits for something that nobody will ever do")
        self.loop.seconds += timeout
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """Timers of hours end at once, in their order."""

    def __init__(self) -> None:
        selector = _Selector()
        selector.loop = self
        self.seconds = 1000.0
        self.threads = 0
        super().__init__(selector)

    def time(self) -> float:
        return self.seconds

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Any, *args: Any
    ) -> asyncio.Future[Any]:
        self.threads += 1
        done = super().run_in_executor(executor, func, *args)
        done.add_done_callback(self._end_thread)
        return done

    async def shutdown_default_executor(self, *args: Any) -> None:
        self.threads += 1  # it waits for a thread of its own
        await super().shutdown_default_executor(*args)

    def _end_thread(self, _: asyncio.Future[Any]) -> None:
        self.threads -= 1


class VirtualClock:
    """The time of the running loop."""

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def now_ms(self) -> int:
        return START_MS + round(self.monotonic() * 1000)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)  # noqa: TID251


def in_virtual_time(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run a test on a `VirtualLoop`."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run
