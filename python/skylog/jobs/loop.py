"""One task that runs all jobs, one step at a time; a job that fails is logged and tried again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from skylog.clock import Clock
from skylog.errors import SkylogError

log = logging.getLogger("skylog.jobs")

PAUSE_SECONDS = 0.05
"""Between two steps of a job that has more to do, so that requests go first."""


class Job(Protocol):
    """Work in bounded steps."""

    @property
    def interval_seconds(self) -> float:
        """How long to wait when nothing is left to do, and before the first step."""
        ...

    async def step(self) -> bool:
        """Do one bounded piece; return whether there is more to do at once."""
        ...


class Ticker:
    """Runs jobs until it is closed.

    Parameters
    ----------
    jobs
        Each at its own interval; never two steps at the same time.
    """

    def __init__(self, jobs: Sequence[Job], clock: Clock) -> None:
        self._clock = clock
        self._due = {job: clock.monotonic() + job.interval_seconds for job in jobs}
        self._task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Ticker {len(self._due)} jobs, {'running' if self._task else 'stopped'}>"

    def start(self) -> None:
        """Begin on the running event loop."""
        if self._due and self._task is None:
            self._task = asyncio.create_task(self._run(), name="skylog-jobs")

    async def close(self) -> None:
        """Stop between or within steps; what a step had begun is found again by the next one."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def _run(self) -> None:
        while True:
            job = min(self._due, key=self._due.__getitem__)
            await self._clock.sleep(max(0.0, self._due[job] - self._clock.monotonic()))
            pause = PAUSE_SECONDS if await _step(job) else job.interval_seconds
            self._due[job] = self._clock.monotonic() + pause


async def _step(job: Job) -> bool:
    try:
        return await job.step()
    except SkylogError as error:
        log.warning("%r: %s; next try in %g s", job, error, job.interval_seconds)
    except Exception:
        log.exception("%r failed in a way it should not; next try in %g s", job, job.interval_seconds)
    return False
