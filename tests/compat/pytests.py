"""Suites of pytest: their own virtual environment, one child process for each test."""

from __future__ import annotations

import shutil
import sys
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from compat import processes
from compat.model import Outcome, Result

PYTEST = ("pytest==9.2.0", "pytest-mock==3.15.1", "pytest-timeout==2.4.0")

# What a suite sets for all of its tests would overrule the time that one has here.
_PLAIN = ("-o", "addopts=", "-p", "no:cacheprovider")


@dataclass(frozen=True, slots=True)
class Session:
    """Where the suite is installed, the folder of its tests, what they are told, and where logs go."""

    home: Path
    folder: str
    environment: Mapping[str, str]
    logs: Path

    @property
    def sources(self) -> Path:
        return self.home / "sources"

    @property
    def command(self) -> list[str | Path]:
        return [_python(self.home), "-m", "pytest", *_PLAIN]


def install(home: Path, package: str, version: str, requirements: Sequence[str]) -> Path:
    """Install a source distribution beside pytest; return the folder of its sources."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    processes.build([sys.executable, "-m", "venv", "venv"], home)
    pip: list[str | Path] = [_python(home), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    wanted = f"{package}=={version}"
    processes.build([*pip, "download", "--no-deps", "--no-binary", package, "-d", "sdist", wanted], home)
    sources = _unpack(home)
    processes.build([*pip, "install", sources, *PYTEST, *requirements], home)
    return sources


def collect(session: Session) -> list[str]:
    """Return the identities of all tests; `RuntimeError` if pytest cannot read them."""
    log = session.logs / "collect.log"
    ended = _pytest(session, ["--collect-only", "-q", session.folder], log, 120.0)
    if ended.code != 0:
        raise RuntimeError(f"pytest --collect-only: exit code {ended.code}: {ended.text()[-2000:]}")
    return [line for line in ended.text().splitlines() if "::" in line]


def run(session: Session, test: str, seconds_max: float) -> Result:
    """Run one test; its time over, it has failed."""
    stem = session.logs / "".join(letter if letter.isalnum() else "_" for letter in test)
    report = stem.with_suffix(".xml")
    report.unlink(missing_ok=True)
    ended = _pytest(session, [f"--junitxml={report}", test], stem.with_suffix(".log"), seconds_max)
    if ended.code is None:
        return Result(test, Outcome.FAILED, ended.seconds, f"its {seconds_max:g} seconds were over")
    outcome, detail = read_report(report.read_text() if report.exists() else "")
    return Result(test, outcome, ended.seconds, detail)


def read_report(xml: str) -> tuple[Outcome, str]:
    """Return what a report in JUnit's format says of its only test; an error of a fixture is a failure."""
    try:
        cases = list(ElementTree.fromstring(xml).iter("testcase"))
    except ElementTree.ParseError:
        return Outcome.FAILED, "no report"
    said = {verdict.tag: verdict.get("message", "") for case in cases for verdict in case}
    for kind in ("failure", "error"):
        if kind in said:
            return Outcome.FAILED, _first_line(said[kind])
    if "skipped" in said:
        return Outcome.SKIPPED, _first_line(said["skipped"])
    return (Outcome.PASSED, "") if cases else (Outcome.FAILED, "the report names no test")


def _pytest(session: Session, arguments: Sequence[str], log: Path, seconds_max: float) -> processes.Ended:
    return processes.run(
        [*session.command, *arguments],
        log,
        seconds_max,
        folder=session.sources,
        environment=session.environment,
    )


def _python(home: Path) -> Path:
    return home / "venv" / "bin" / "python"


def _unpack(home: Path) -> Path:
    (archive,) = (home / "sdist").glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(home / "unpacked", filter="data")
    (folder,) = (home / "unpacked").iterdir()
    return folder.rename(home / "sources")


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else ""
