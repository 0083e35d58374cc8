"""What a curve consists of: steps, measures, and how each measure grows."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

FLAT, LINEAR = 0.0, 1.0
FIT_OVER = 30
"""The exponent is fitted over the upper end: from a thirtieth of the largest step on, two steps at least."""
TOLERANCE = 0.2
"""What an exponent may be above the one that is allowed; log n and noise take some of it."""


@dataclass(frozen=True)
class Measure:
    """One line of a curve.

    `allowed` is the exponent of n that it may grow with: `FLAT` for what must not depend on n, `LINEAR` for
    what is paid for each, None for what says more of the machine.
    """

    name: str
    unit: str
    allowed: float | None
    charted: bool = False
    note: str = ""
    """Why more than the exponent says is no defect, where that is so."""


@dataclass(frozen=True)
class Step:
    """The values of all measures at one n; a measure that does not apply there is missing."""

    n: int
    values: dict[str, float]


@dataclass(frozen=True)
class Setting:
    """How much a run may take."""

    directory: Path
    seconds: float
    """For each repeated operation."""
    quick: bool
    say: Callable[[str], None] = field(repr=False)


@dataclass(frozen=True)
class Curve:
    """One thing that grows."""

    name: str
    title: str
    counted: str
    """What n counts."""
    measures: Sequence[Measure]
    steps: Sequence[int]
    quick_steps: Sequence[int]
    run: Callable[[Setting, Sequence[int]], Iterator[Step]]


@dataclass(frozen=True)
class Sample:
    """An operation repeated."""

    cpu_us: float
    """Of the process that does it, each time."""
    p50_ms: float
    p99_ms: float

    def named(self, what: str) -> dict[str, float]:
        """Return the three as values of a step."""
        return {f"{what}, CPU": self.cpu_us, f"{what}, p50": self.p50_ms, f"{what}, p99": self.p99_ms}


class Accounted(Protocol):
    """A process whose CPU time can be read."""

    def cpu_s(self) -> float:
        """Return the CPU seconds so far, all threads together."""
        ...


def sample(worker: Accounted, work: Callable[[], object], seconds: float, at_least: int = 5) -> Sample:
    """Repeat `work` for so long, after a warm-up."""
    for _ in range(2):
        work()
    times: list[float] = []
    deadline = time.perf_counter() + seconds
    before_s = worker.cpu_s()
    while len(times) < at_least or time.perf_counter() < deadline:
        began = time.perf_counter()
        work()
        times.append(1e3 * (time.perf_counter() - began))
    return Sample(1e6 * (worker.cpu_s() - before_s) / len(times), *percentiles(times))


def timed(what: str, allowed: float = FLAT, *, charted: bool = True) -> list[Measure]:
    """Return the measures of a `Sample`."""
    return [
        Measure(f"{what}, CPU", "µs", allowed, charted=charted),
        Measure(f"{what}, p50", "ms", allowed),
        Measure(f"{what}, p99", "ms", None),
    ]


def percentiles(times_ms: Sequence[float]) -> tuple[float, float]:
    """Return p50 and p99."""
    ordered = sorted(times_ms)
    return statistics.median(ordered), ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]


def exponent(steps: Sequence[Step], name: str) -> float | None:
    """Return the slope of log value over log n at the upper end; None where there are no two points."""
    points = [(step.n, step.values[name]) for step in steps if step.values.get(name, 0) > 0]
    if len(points) < 2:
        return None
    upper = [point for point in points[:-2] if point[0] * FIT_OVER >= points[-1][0]] + points[-2:]
    slope, _ = statistics.linear_regression(
        *zip(*((math.log(n), math.log(y)) for n, y in upper), strict=True)
    )
    return slope


def is_defect(measure: Measure, steps: Sequence[Step]) -> bool:
    """Say whether a measure grows faster than it may."""
    found = exponent(steps, measure.name)
    if found is None or measure.allowed is None:
        return False
    return found > measure.allowed + TOLERANCE
