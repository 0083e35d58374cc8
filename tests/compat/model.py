"""What a foreign suite is, and what a run of one of its tests gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol


class Outcome(Enum):
    """What the foreign suite itself says of a test."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Result:
    """One run of one test; `detail` is the suite's own word on why it did not pass."""

    test: str
    outcome: Outcome
    seconds: float
    detail: str = ""

    @property
    def passed(self) -> bool:
        return self.outcome is Outcome.PASSED


@dataclass(frozen=True, slots=True)
class Target:
    """The broker to test, the folder that `prepare` filled, and how long one test may take."""

    bootstrap: str
    workplace: Path
    seconds_max: float


Sections = Mapping[str, Mapping[str, object]]


class Suite(Protocol):
    """A foreign suite, pinned to one version.

    Attributes
    ----------
    name
        How it is called on the command line and in `expected/NAME.toml`.
    title
        How it is called on the page.
    version
        Of the foreign package; a new one is a new list of what passes.
    broker
        Sections of the broker's configuration that the suite counts on.
    """

    name: str
    title: str
    version: str
    broker: Sections

    def prepare(self, workplace: Path) -> None:
        """Download and build into `workplace`, by the ordinary package clients; does nothing if done."""

    def tests(self) -> list[str]:
        """Return the names of all tests that need a broker; only after `prepare`."""

    def run(self, target: Target, tests: Sequence[str]) -> Iterator[Result]:
        """Run `tests`, one result for each as it is known, in any order."""
