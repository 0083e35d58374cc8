from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from itertools import count
from pathlib import Path

import pytest
from rich.console import Console

from compat import session
from compat.expectations import Expectations, Known
from compat.model import Outcome, Result, Suite
from compat.ratchet import Standing
from compat.report import tell_runs
from compat.session import Options, Run, run_suite

from .scripted import ScriptedSuite

PASSED, FAILED, SKIPPED = Outcome.PASSED, Outcome.FAILED, Outcome.SKIPPED
KNOWN = {"ill": Known("fault", "is to be corrected")}


@pytest.fixture(autouse=True)
def _brokers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Brokers that are names only, each of them another."""
    numbers = count(1)

    @contextmanager
    def broker(suite: Suite, folder: Path) -> Iterator[str]:
        yield f"broker:{next(numbers)}"

    monkeypatch.setattr(session, "_skylog", broker)


def run(suite: ScriptedSuite, expected: Expectations, tmp_path: Path, **options: object) -> Run:
    told: list[Result] = []
    found = run_suite(suite, expected, Options(tmp_path, **options), told.append)  # type: ignore[arg-type]
    assert len(told) == sum(len(tests) for _, tests in suite.asked)
    return found


def standings(found: Run) -> dict[str, Standing]:
    return {verdict.test: verdict.standing for verdict in found.verdicts}


def test_what_was_lost_gets_a_second_attempt_in_a_fresh_broker(tmp_path: Path) -> None:
    suite = ScriptedSuite(shaky=[FAILED, PASSED], broken=[FAILED], new=[FAILED])
    found = run(suite, Expectations("1", frozenset({"shaky", "broken"})), tmp_path)
    assert suite.asked == [("broker:1", ["shaky", "broken", "new"]), ("broker:2", ["shaky", "broken"])]
    assert standings(found) == {
        "shaky": Standing.FLAKY,
        "broken": Standing.LOST,
        "new": Standing.UNEXPLAINED,
    }


def test_the_first_attempt_of_all_starts_one_broker(tmp_path: Path) -> None:
    suite = ScriptedSuite(a=[PASSED], b=[PASSED])
    run(suite, Expectations("1", frozenset({"a", "b"})), tmp_path)
    assert suite.asked == [("broker:1", ["a", "b"])]
    assert suite.prepared == [tmp_path / "scripted"]


def test_known_failures_are_run_on_demand_and_on_other_brokers(tmp_path: Path) -> None:
    for options, asked in [
        ({}, ["well"]),
        ({"known_too": True}, ["well", "ill"]),
        ({"bootstrap": "kafka:9092"}, ["well", "ill"]),
    ]:
        suite = ScriptedSuite(well=[PASSED], ill=[FAILED])
        run(suite, Expectations("1", frozenset({"well"}), KNOWN), tmp_path, **options)
        assert [tests for _, tests in suite.asked] == [asked]


def test_only_a_glob(tmp_path: Path) -> None:
    suite = ScriptedSuite(produce_one=[PASSED], produce_two=[PASSED], fetch=[FAILED])
    run(suite, Expectations("1"), tmp_path, only="produce*")
    assert suite.asked == [("broker:1", ["produce_one", "produce_two"])]


@pytest.mark.parametrize(
    ("outcomes", "expected", "green"),
    [
        ([PASSED], Expectations("1", frozenset({"test"})), True),
        ([FAILED, PASSED], Expectations("1", frozenset({"test"})), True),
        ([PASSED], Expectations("1"), True),
        ([FAILED], Expectations("1", frozenset({"test"})), False),
        ([SKIPPED], Expectations("1", frozenset({"test"})), False),
        ([FAILED], Expectations("1"), False),
        ([PASSED], Expectations("1", frozenset({"test", "gone"})), False),
    ],
)
def test_red_and_green(tmp_path: Path, outcomes: list[Outcome], expected: Expectations, green: bool) -> None:
    found = run(ScriptedSuite(test=outcomes), expected, tmp_path)
    assert tell_runs(Console(file=StringIO()), [found]) is green


def test_the_table_counts_and_the_unexplained_get_a_line_to_fill_in(tmp_path: Path) -> None:
    suite = ScriptedSuite(well=[PASSED], ill=[FAILED], odd=[FAILED])
    found = run(suite, Expectations("1", frozenset({"well"}), KNOWN), tmp_path, known_too=True)
    page = StringIO()
    tell_runs(Console(file=page, width=140), [found])
    row = next(line for line in page.getvalue().splitlines() if "Scripted" in line)
    assert [cell.strip() for cell in row.strip("│").split("│")] == [
        "Scripted",
        "1",
        "3",
        "1",
        "0",
        "1",
        "1 fault",
        "1",
    ]
    assert '"odd" = { kind = "fault", reason = "…" }' in page.getvalue()
