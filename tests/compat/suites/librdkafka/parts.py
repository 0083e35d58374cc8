"""Tests in their parts: what works in those that do not pass as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from compat.model import Result, Sections, Target
from compat.suites.librdkafka.program import VERSION, Program
from compat.suites.librdkafka.results import read_part
from compat.suites.librdkafka.suite import GROUPS, PARTITIONS
from compat.suites.librdkafka.table import parts


class Parts:
    """The functions of some tests, each run by itself and called TEST/FUNCTION."""

    version = VERSION

    def __init__(self, name: str, title: str, *tests: str) -> None:
        self.name = name
        self.title = title
        self.broker: Sections = {"topics": {"num_partitions": PARTITIONS}, "groups": GROUPS}
        self._tests = tests
        self._program = Program(Path())

    def prepare(self, workplace: Path) -> None:
        self._program = Program.beside(workplace)
        self._program.prepare()

    def tests(self) -> list[str]:
        return [f"{test}/{part}" for test in self._tests for part in self._parts(test)]

    def run(self, target: Target, tests: Sequence[str]) -> Iterator[Result]:
        for asked in tests:
            test, _, part = asked.partition("/")
            # The colon ends the name: others begin with it.
            ended, report = self._program.run(target, test[:4], "default", f"{part}:")
            yield read_part(test, part, report, ended)

    def _parts(self, test: str) -> list[str]:
        (source,) = self._program.tests.glob(f"{test[:4]}-*.c*")
        return parts(source.read_text())
