"""One bench of a store from its first request to its last object removed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from skylog.bench.store.load import Load
from skylog.bench.store.measured import Measured
from skylog.bench.store.plan import Budget, Cell, Plan
from skylog.bench.store.removal import Removal
from skylog.clock import Clock, Entropy
from skylog.errors import Unavailable
from skylog.storage.metered import Metered

log = logging.getLogger("skylog.bench")

PREFIX: Final = "bench/"

Progress = Callable[[Cell | None, int, int], None]
"""Called with the cell that begins (None while objects are removed), its number, and how many there are."""


@dataclass(slots=True)
class Outcome:
    """What came of it.

    Attributes
    ----------
    url : str
    cells : list of Measured
    left_out : list of (Cell, str)
        What was not measured, and why.
    seconds : float
        In all.
    stopped : bool
        Whether somebody stopped it early.
    leftover : str
        What could not be removed, in words; empty if nothing is left.
    """

    url: str
    cells: list[Measured] = field(default_factory=list)
    left_out: list[tuple[Cell, str]] = field(default_factory=list)
    seconds: float = 0.0
    stopped: bool = False
    leftover: str = ""

    @property
    def failed(self) -> int:
        """Requests that failed."""
        return sum(each.failed for each in self.cells)


async def measure(
    plan: Plan,
    store: Metered,
    stop: asyncio.Event,
    *,
    clock: Clock,
    entropy: Entropy,
    progress: Progress,
) -> Outcome:
    """Measure a store; whatever happens, all objects are removed again before this returns or raises.

    All of them lie below one random prefix. Setting `stop` ends it early: requests under way get a few
    seconds. What the store was asked for stands in its `usage`, cleaning up included.

    Raises
    ------
    InvalidConfig, Unavailable
        The store cannot be used; the message says why.
    """
    await store.open()
    start, outcome = clock.monotonic(), Outcome(store.url)
    prefix = f"{PREFIX}{entropy.random_bytes(8).hex()}/"
    load = Load(store, prefix, stop, clock, entropy)
    try:
        await _measure_all(plan, load, outcome, stop=stop, clock=clock, progress=progress)
    except TimeoutError as error:
        raise Unavailable(f"store {store.url}: no answer to the first requests") from error
    except asyncio.CancelledError:
        if not stop.is_set():
            raise
        # Whoever asks twice to stop still gets the objects removed; the third time ends that too.
    finally:
        progress(None, 0, 0)
        outcome.leftover = await Removal(store, prefix, clock).run(load.keys)
        if outcome.leftover:
            log.warning(outcome.leftover)
        await store.close()
    outcome.stopped = stop.is_set()
    outcome.seconds = clock.monotonic() - start
    return outcome


async def _measure_all(
    plan: Plan, load: Load, outcome: Outcome, *, stop: asyncio.Event, clock: Clock, progress: Progress
) -> None:
    cells = plan.cells()
    budget = Budget(plan, cells)
    await load.prepare(min(plan.sizes), max(plan.concurrencies))
    for number, cell in enumerate(cells):
        share = budget.take(cell)
        reason = "stopped" if stop.is_set() else load.reason_to_leave_out(cell, share)
        if reason:
            outcome.left_out.append((cell, reason))
            continue
        progress(cell, number, len(cells))
        began = clock.monotonic()
        measured = await load.run(cell, share)
        budget.spend(clock.monotonic() - began, measured.moved_bytes)
        outcome.cells.append(measured)
