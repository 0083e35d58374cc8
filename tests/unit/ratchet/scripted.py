"""A suite whose results are written down beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import MappingProxyType

from compat.model import Outcome, Result, Sections, Target


class ScriptedSuite:
    """Each attempt takes the next of `outcomes` of a test, the last for ever; it notes what it was asked."""

    name = "scripted"
    title = "Scripted"
    version = "1"
    broker: Sections = MappingProxyType({})

    def __init__(self, **outcomes: Sequence[Outcome]) -> None:
        self._outcomes = {test: list(row) for test, row in outcomes.items()}
        self.prepared: list[Path] = []
        self.asked: list[tuple[str, list[str]]] = []

    def prepare(self, workplace: Path) -> None:
        self.prepared.append(workplace)

    def tests(self) -> list[str]:
        return list(self._outcomes)

    def run(self, target: Target, tests: Sequence[str]) -> Iterator[Result]:
        self.asked.append((target.bootstrap, list(tests)))
        for test in tests:
            row = self._outcomes[test]
            outcome = row.pop(0) if len(row) > 1 else row[0]
            yield Result(test, outcome, 0.5, "" if outcome is Outcome.PASSED else "it says")
