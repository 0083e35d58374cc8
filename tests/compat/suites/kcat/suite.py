"""The suite of scenarios."""

from __future__ import annotations

import subprocess
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

from clients.waiting import monotonic
from compat.model import Outcome, Result, Sections, Target
from compat.suites.kcat.program import PARTITIONS, PROGRAM, Kcat
from compat.suites.kcat.scenarios import SCENARIOS


class KcatSuite:
    """Each scenario in topics of its own."""

    name = "kcat"
    title = "kcat, our scenarios"
    version = "1.7.1"

    def __init__(self) -> None:
        self.broker: Sections = {"topics": {"num_partitions": PARTITIONS}}

    def prepare(self, workplace: Path) -> None:
        """Look whether the operating system has it in this version."""
        if PROGRAM is None:
            raise RuntimeError("kcat is not installed: scripts/install-system-tools")
        said = subprocess.run([PROGRAM, "-V"], capture_output=True, text=True, check=True).stdout
        if f"Version {self.version} " not in said:
            raise RuntimeError(f"expected kcat {self.version}, found {said}")

    def tests(self) -> list[str]:
        return list(SCENARIOS)

    def run(self, target: Target, tests: Sequence[str]) -> Iterator[Result]:
        for test in tests:
            start = monotonic()
            fault = _fault(test, target)
            outcome = Outcome.PASSED if fault is None else Outcome.FAILED
            yield Result(test, outcome, monotonic() - start, fault or "")


def _fault(test: str, target: Target) -> str | None:
    try:
        SCENARIOS[test](Kcat(target.bootstrap, test, target.seconds_max))
    except (AssertionError, subprocess.TimeoutExpired, ValueError, KeyError, IndexError) as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"{where.name}: {where.line}: {type(error).__name__} {error}"
    return None


SUITE = KcatSuite()
