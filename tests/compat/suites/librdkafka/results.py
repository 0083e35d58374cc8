"""What a run of the program says of a test."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from compat.model import Outcome, Result
from compat.processes import Ended
from compat.suites.librdkafka.program import Report

_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_STATES = {"PASSED": Outcome.PASSED, "SKIPPED": Outcome.SKIPPED}


def read_result(name: str, report: Report, ended: Ended) -> Result:
    """Read what report and log say of a test; one that is in neither has failed."""
    text, entry = _COLOUR.sub("", ended.text()), report.get(name)
    if entry is None:
        code = "its time was over" if ended.code is None else f"exit code {ended.code}"
        return Result(name, Outcome.FAILED, ended.seconds, f"{code}: {_last_line(text)}")
    return _read_entry(name, entry, text)


def read_part(test: str, part: str, report: Report, ended: Ended) -> Result:
    """Read what they say of a part of a test: only one that says so itself has passed."""
    name, whole = f"{test}/{part}", read_result(test, report, ended)
    if not whole.passed:
        return replace(whole, test=name)
    if re.search(rf"\[ {part}:\d+.*: PASS \(", _COLOUR.sub("", ended.text())):
        return Result(name, Outcome.PASSED, whole.seconds)
    return Result(name, Outcome.SKIPPED, whole.seconds, "it was left out")


def _read_entry(name: str, entry: Mapping[str, object], text: str) -> Result:
    outcome = _STATES.get(str(entry["state"]), Outcome.FAILED)
    seconds = float(str(entry["duration"]))
    if outcome is Outcome.PASSED and seconds == 0:
        return Result(name, Outcome.SKIPPED, seconds, "it was too short to have talked to a broker")
    return Result(name, outcome, seconds, "" if outcome is Outcome.PASSED else _said_of(name, text))


def _said_of(name: str, text: str) -> str:
    """Return what stands below the headline of a failure, else in the last column of the summary."""
    failure = re.search(rf'^### Test "{name}\b.*? failed at (\S+).*\n(.*)', text, re.MULTILINE)
    if failure:
        return f"{failure[1]}: {failure[2].strip()}"
    row = re.search(rf"^\| *{name} +\|[^|]*\|[^|]*\|(.*)$", text, re.MULTILINE)
    return row[1].strip() if row else ""


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
