"""The program of all tests: downloaded with npm, built with make, run for one number at a time."""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from compat import processes
from compat.model import Target
from compat.suites.librdkafka import scripts

VERSION = "2.15.1"
PACKAGE = "@confluentinc/kafka-javascript@1.10.1"
CLAIMED_KAFKA = "4.2.0"
"""What the tests are told that the broker is: they leave out what an older one cannot do."""
TIMEOUT_MULTIPLIER = 2

Report = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Program:
    """The program under a folder that all suites share."""

    home: Path

    @classmethod
    def beside(cls, workplace: Path) -> Program:
        """Return the one of a suite's workplace."""
        return cls(workplace.parent / f"librdkafka-{VERSION}")

    @property
    def tests(self) -> Path:
        """Where the tests' sources lie, and the program."""
        return self._sources / "tests"

    @property
    def _package(self) -> Path:
        return self.home / "package"

    @property
    def _sources(self) -> Path:
        return self._package / "deps" / "librdkafka"

    @property
    def _kafka(self) -> Path:
        return self.home / "kafka"

    def prepare(self) -> None:
        """Download and build it, unless that is done, and the scripts that some tests call."""
        scripts.prepare(self._kafka, self.home.parent)
        ready = self.home / "ready"
        if ready.exists():
            return
        shutil.rmtree(self._package, ignore_errors=True)
        self.home.mkdir(parents=True, exist_ok=True)
        self._download()
        processes.build(["./configure"], self._sources)
        processes.build(["make", "-j2", "libs"], self._sources)
        processes.build(["make", "-j2", "-C", "tests", "test-runner"], self._sources)
        ready.touch()

    def run(
        self, target: Target, number: str, scenario: str, part: str = ""
    ) -> tuple[processes.Ended, Report]:
        """Run the tests of a number, or only those of their parts whose name has `part` in it."""
        folder = target.workplace / "logs" / (part or number).strip(":")
        folder.mkdir(parents=True, exist_ok=True)
        report, configuration = folder / "report.json", folder / "test.conf"
        report.unlink(missing_ok=True)
        configuration.write_text(
            f"bootstrap.servers={target.bootstrap}\ntest.timeout.multiplier={TIMEOUT_MULTIPLIER}\n"
        )
        environment = {
            "LD_LIBRARY_PATH": f"{self._sources}/src:{self._sources}/src-cpp",
            "TESTS": number,
            "TEST_REPORT": str(report),
            "RDKAFKA_TEST_CONF": str(configuration),
            "TEST_KAFKA_VERSION": CLAIMED_KAFKA,
            "KAFKA_PATH": str(self._kafka),
            "BROKERS": target.bootstrap,
            **({"SUBTESTS": part} if part else {}),
        }
        # Not in quick mode: there most parts are left out, and a test passes that did nothing.
        ended = processes.run(
            ["./test-runner", "-L", "-p1", "-s", scenario],
            folder / "log",
            target.seconds_max,
            folder=self.tests,
            environment=environment,
        )
        return ended, _read(report)

    def _download(self) -> None:
        processes.build(["npm", "pack", "--silent", PACKAGE], self.home)
        (archive,) = self.home.glob("*.tgz")
        with tarfile.open(archive) as packed:
            packed.extractall(self.home, filter="data")


def _read(report: Path) -> Report:
    try:
        return dict(json.loads(report.read_text())["tests"])
    except (OSError, ValueError, KeyError):
        return {}
