"""One run of one suite: prepare, start a broker, run, repeat what was lost in a fresh broker, judge."""

from __future__ import annotations

import fnmatch
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from clients.served import ServedBroker
from compat.expectations import Expectations
from compat.model import Result, Suite, Target
from compat.ratchet import Verdict, answered, choose, judge, to_repeat


@dataclass(frozen=True, slots=True)
class Options:
    """What to run, and where."""

    cache: Path
    only: str = "*"
    known_too: bool = False
    bootstrap: str | None = None
    seconds_max: float = 900.0


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a suite found."""

    suite: Suite
    expected: Expectations
    existing: Sequence[str]
    verdicts: Sequence[Verdict]


Tell = Callable[[Result], None]


def run_suite(suite: Suite, expected: Expectations, options: Options, tell: Tell) -> Run:
    """Run a suite and judge it; `tell` hears each result as it comes."""
    workplace = options.cache / suite.name
    workplace.mkdir(parents=True, exist_ok=True)
    suite.prepare(workplace)
    existing = suite.tests()
    known_too = options.known_too or options.bootstrap is not None
    chosen = fnmatch.filter(choose(existing, expected, known_too=known_too), options.only)
    first = _attempt(suite, workplace, options, chosen, tell)
    again = [] if options.bootstrap else to_repeat(expected, first)
    second = _attempt(suite, workplace, options, again, tell)
    return Run(suite, expected, existing, judge(expected, existing, first, second))


def _attempt(
    suite: Suite, workplace: Path, options: Options, tests: Sequence[str], tell: Tell
) -> dict[str, Result]:
    results: list[Result] = []
    if tests:
        with _broker(suite, workplace, options) as bootstrap:
            for result in suite.run(Target(bootstrap, workplace, options.seconds_max), tests):
                results.append(result)
                tell(result)
    return answered(tests, results)


def _broker(suite: Suite, workplace: Path, options: Options) -> AbstractContextManager[str]:
    if options.bootstrap is not None:
        return nullcontext(options.bootstrap)
    return _skylog(suite, workplace / "broker")


@contextmanager
def _skylog(suite: Suite, folder: Path) -> Iterator[str]:
    """Run `skylog serve` on a free port, with nothing in it."""
    shutil.rmtree(folder, ignore_errors=True)
    broker = ServedBroker(folder, **suite.broker)
    try:
        broker.start()
        yield broker.bootstrap
        broker.stop()
    finally:
        broker.kill()
