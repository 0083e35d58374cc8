"""The suite: every scenario of the modules beside it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from clients.waiting import monotonic
from compat.model import Outcome, Result, Sections, Target
from compat.suites.java_tools.checks import Mismatch
from compat.suites.java_tools.kits import Kit
from compat.suites.java_tools.scenario import Scenario, Scenarios
from compat.suites.java_tools.tools import Tools


class JavaTools:
    """Scenarios of Kafka's tools, one after the other; what the tools wrote stays in a folder each."""

    def __init__(self, name: str, title: str, kit: Kit, *scenarios: Scenarios) -> None:
        self.name = name
        self.title = title
        self.version = kit.jars.kafka
        self._kit = kit
        self._scenarios: dict[str, Scenario] = {}
        for module in scenarios:
            self._scenarios |= module
        self.broker: Sections = {}
        self._home = Path()

    def prepare(self, workplace: Path) -> None:
        """Download the jars with Maven."""
        self._home = workplace / self.version
        if (self._home / "ready").exists():
            return
        shutil.rmtree(self._home, ignore_errors=True)
        self._kit.jars.download(self._home)
        (self._home / "ready").touch()

    def tests(self) -> list[str]:
        return list(self._scenarios)

    def run(self, target: Target, tests: Sequence[str]) -> Iterator[Result]:
        for test in tests:
            folder = target.workplace / "logs" / test.replace("/", "-").replace(" ", "-")
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            tools = Tools(target.bootstrap, self._kit, self._home, folder, target.seconds_max)
            yield _result(test, self._scenarios[test], tools)


def _result(test: str, scenario: Scenario, tools: Tools) -> Result:
    start = monotonic()
    try:
        scenario(tools)
    except (Mismatch, TimeoutError, subprocess.TimeoutExpired, ValueError, LookupError) as error:
        # The last two: what a tool wrote has another shape.
        detail = f"{type(error).__name__}: {error}"
        return Result(test, Outcome.FAILED, monotonic() - start, " ".join(detail.split()))
    return Result(test, Outcome.PASSED, monotonic() - start)
