"""All tests of a scenario that need a broker, one process for each number."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path

from compat.model import Result, Sections, Target
from compat.suites.librdkafka.program import VERSION, Program
from compat.suites.librdkafka.results import read_result
from compat.suites.librdkafka.table import Declared, declared

PARTITIONS = 4
"""Of a topic that is created on demand, as in librdkafka's own surroundings."""
GROUPS = {"initial_rebalance_delay_ms": 500, "min_session_timeout_ms": 500}
"""Some tests count on members that start at once to meet in one rebalance: without a pause they do not
on Apache Kafka either."""
PARALLEL = 3
"""Processes at once: most of their time they wait."""


class Scenario:
    """The tests of one of librdkafka's scenarios, which are kinds of brokers."""

    version = VERSION

    def __init__(self, name: str, title: str, scenario: str, **topics: object) -> None:
        self.name = name
        self.title = title
        self.broker: Sections = {"topics": {"num_partitions": PARTITIONS, **topics}, "groups": GROUPS}
        self._scenario = scenario
        self._program = Program(Path())

    def prepare(self, workplace: Path) -> None:
        self._program = Program.beside(workplace)
        self._program.prepare()

    def tests(self) -> list[str]:
        return [test.name for test in self._declared()]

    def run(self, target: Target, tests: Sequence[str]) -> Iterator[Result]:
        asked = [test for test in self._declared() if test.name in tests]
        numbers = itertools.groupby(asked, key=lambda test: test.number)
        with ThreadPoolExecutor(PARALLEL) as pool:
            running = [
                pool.submit(self._run_number, target, number, [test.name for test in sharing])
                for number, sharing in numbers
            ]
            for ended in as_completed(running):
                yield from ended.result()

    def _declared(self) -> list[Declared]:
        found = declared((self._program.tests / "test.c").read_text())
        return [test for test in found if test.needs_broker and self._scenario in test.scenarios]

    def _run_number(self, target: Target, number: str, names: Sequence[str]) -> list[Result]:
        together = replace(target, seconds_max=target.seconds_max * len(names))
        ended, report = self._program.run(together, number, self._scenario)
        return [read_result(name, report, ended) for name in names]
