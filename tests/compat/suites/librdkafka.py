"""librdkafka's own tests, as the npm package of Confluent's JavaScript client carries them."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from compat import processes
from compat.model import Outcome, Result, Sections, Target

PACKAGE = "@confluentinc/kafka-javascript@1.10.1"
CLAIMED_KAFKA = "4.2.0"
"""What the tests are told that the broker is: they leave out what an older one cannot do."""
TIMEOUT_MULTIPLIER = 2
PARALLEL = 3
"""Processes at once: most of their time they wait."""

_DECLARATION = re.compile(r"_TEST\((\d{4}_\w+),\s*([\w\s|]+?)[,)](.*?)(?=\b_TEST\(|\{NULL\})", re.DOTALL)
_SCENARIO = re.compile(r'\.scenario\s*=\s*"([^"]*)"')
_WITHOUT_BROKER = {"TEST_F_LOCAL", "TEST_F_MANUAL"}
_COLOUR = re.compile(r"\x1b\[[\d;]*m")
Report = Mapping[str, Mapping[str, object]]

_STATES = {"PASSED": Outcome.PASSED, "SKIPPED": Outcome.SKIPPED}


@dataclass(frozen=True, slots=True)
class Declared:
    """A line of the table of tests in test.c."""

    name: str
    flags: frozenset[str]
    scenarios: frozenset[str]

    @property
    def number(self) -> str:
        """What a run is asked for by; several tests may share one."""
        return self.name[:4]


def declared(source: str) -> list[Declared]:
    """Read the table of tests."""
    found = _DECLARATION.findall(source)
    return [
        Declared(name, frozenset(re.findall(r"\w+", flags)), _scenarios(rest)) for name, flags, rest in found
    ]


def _scenarios(rest: str) -> frozenset[str]:
    found = _SCENARIO.search(rest)
    return frozenset(found[1].split(",") if found else ("default",))


class Librdkafka:
    """Those of its tests that need a broker, in one of its scenarios; one process for each number."""

    version = "2.15.1"

    def __init__(self, name: str, title: str, scenario: str, topics: dict[str, object]) -> None:
        self.name = name
        self.title = title
        self.broker: Sections = {"topics": topics}
        self._scenario = scenario
        self._home = Path()

    def prepare(self, workplace: Path) -> None:
        """Download with npm, build with make; the scenarios share one build."""
        self._home = workplace.parent / f"librdkafka-{self.version}"
        ready = self._home / "ready"
        if ready.exists():
            return
        shutil.rmtree(self._home, ignore_errors=True)
        self._home.mkdir(parents=True)
        _download(self._home)
        for command in (
            ["./configure"],
            ["make", "-j2", "libs"],
            ["make", "-j2", "-C", "tests", "test-runner"],
        ):
            processes.build(command, self._sources)
        ready.touch()

    def tests(self) -> list[str]:
        return [test.name for test in self._declared()]

    def run(self, target: Target, tests: Sequence[str]) -> Iterator[Result]:
        configuration = target.workplace / "test.conf"
        configuration.write_text(
            f"bootstrap.servers={target.bootstrap}\ntest.timeout.multiplier={TIMEOUT_MULTIPLIER}\n"
        )
        asked = [test for test in self._declared() if test.name in tests]
        numbers = [
            (number, [test.name for test in sharing])
            for number, sharing in itertools.groupby(asked, key=lambda test: test.number)
        ]
        with ThreadPoolExecutor(PARALLEL) as pool:
            running = [pool.submit(self._run_number, target, configuration, *work) for work in numbers]
            for ended in as_completed(running):
                yield from ended.result()

    @property
    def _sources(self) -> Path:
        return self._home / "package" / "deps" / "librdkafka"

    def _declared(self) -> list[Declared]:
        return [
            test
            for test in declared((self._sources / "tests" / "test.c").read_text())
            if not test.flags & _WITHOUT_BROKER and self._scenario in test.scenarios
        ]

    def _run_number(
        self, target: Target, configuration: Path, number: str, names: Sequence[str]
    ) -> list[Result]:
        logs = target.workplace / "logs"
        report = logs / f"{number}.json"
        report.unlink(missing_ok=True)
        # Not in quick mode: there most subtests are left out, and a test passes that did nothing.
        ended = processes.run(
            ["./test-runner", "-L", "-p1", "-s", self._scenario],
            logs / f"{number}.log",
            target.seconds_max * len(names),
            folder=self._sources / "tests",
            environment={
                "LD_LIBRARY_PATH": f"{self._sources}/src:{self._sources}/src-cpp",
                "TESTS": number,
                "TEST_REPORT": str(report),
                "RDKAFKA_TEST_CONF": str(configuration),
                "TEST_KAFKA_VERSION": CLAIMED_KAFKA,
            },
        )
        return read_results(names, _json(report), ended)


def read_results(names: Sequence[str], report: Report, ended: processes.Ended) -> list[Result]:
    """Read what the report and the log say of tests; a test that is in neither has failed."""
    text = _COLOUR.sub("", ended.text())
    return [_read(name, report.get(name), text, ended) for name in names]


def _read(name: str, entry: Mapping[str, object] | None, text: str, ended: processes.Ended) -> Result:
    if entry is None:
        code = "its time was over" if ended.code is None else f"exit code {ended.code}"
        return Result(name, Outcome.FAILED, ended.seconds, f"{code}: {_last_line(text)}")
    outcome = _STATES.get(str(entry["state"]), Outcome.FAILED)
    seconds = float(str(entry["duration"]))
    if outcome is Outcome.PASSED and seconds == 0:
        return Result(name, Outcome.SKIPPED, seconds, "it was too short to have talked to a broker")
    return Result(name, outcome, seconds, "" if outcome is Outcome.PASSED else _said_of(name, text))


def _json(report: Path) -> Report:
    try:
        return dict(json.loads(report.read_text())["tests"])
    except (OSError, ValueError, KeyError):
        return {}


def _said_of(name: str, text: str) -> str:
    """What stands below the headline of a failure, else in the last column of the summary."""
    failure = re.search(rf'^### Test "{name}\b.*? failed at (\S+).*\n(.*)', text, re.MULTILINE)
    if failure:
        return f"{failure[1]}: {failure[2].strip()}"
    row = re.search(rf"^\| *{name} +\|[^|]*\|[^|]*\|(.*)$", text, re.MULTILINE)
    return row[1].strip() if row else ""


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def _download(folder: Path) -> None:
    processes.build(["npm", "pack", "--silent", PACKAGE], folder)
    (archive,) = folder.glob("*.tgz")
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")


DEFAULT = Librdkafka(
    "librdkafka",
    "librdkafka",
    "default",
    {"num_partitions": 4},
)
WITHOUT_CREATION = Librdkafka(
    "librdkafka-noautocreate",
    "librdkafka, topics not created on demand",
    "noautocreate",
    {"num_partitions": 4, "auto_create_topics_enable": False},
)
