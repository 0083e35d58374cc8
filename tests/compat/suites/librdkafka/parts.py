"""A test in its parts: what works in one that does not pass as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from compat.model import Result, Sections, Target
from compat.suites.librdkafka.program import VERSION, Program
from compat.suites.librdkafka.results import read_part
from compat.suites.librdkafka.suite import GROUPS, PARTITIONS
from compat.suites.librdkafka.table import parts


class Parts:
    """The functions of one test, each run by itself."""

    version = VERSION

    def __init__(self, name: str, title: str, test: str) -> None:
        self.name = name
        self.title = title
        self.broker: Sections = {"topics": {"num_partitions": PARTITIONS}, "groups": GROUPS}
        self._test = test
        self._program = Program(Path())

    def prepare(self, workplace: Path) -> None:
        self._program = Program.beside(workplace)
        self._program.prepare()

    def tests(self) -> list[str]:
        (source,) = self._program.tests.glob(f"{self._test[:4]}-*.c*")
        return parts(source.read_text())

    def run(self, target: Target, tests: Sequence[str]) -> Iterator[Result]:
        for part in tests:
            # The colon ends the name: others begin with it.
            ended, report = self._program.run(target, self._test[:4], "default", f"{part}:")
            yield read_part(part, self._test, report, ended)
