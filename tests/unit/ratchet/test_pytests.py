from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from compat import pytests
from compat.model import Outcome
from compat.pytests import Session, read_report

REPORT = '<testsuites><testsuite><testcase name="test_one">{}</testcase></testsuite></testsuites>'

TESTS = """
import os, time, pytest

def test_passes():
    assert os.environ["TOLD"] == "yes"

def test_fails():
    assert 1 == 2, "one is not two"

@pytest.mark.parametrize("size", [1])
def test_skipped(size):
    pytest.skip("not here")

def test_hangs():
    time.sleep(600)

@pytest.fixture
def broken():
    yield
    raise RuntimeError("at the end")

def test_ends_badly(broken):
    pass
"""


@pytest.mark.parametrize(
    ("inside", "outcome", "detail"),
    [
        ("", Outcome.PASSED, ""),
        ('<skipped message="needs a server"/>', Outcome.SKIPPED, "needs a server"),
        ('<failure message="AssertionError: 1&#10;more">…</failure>', Outcome.FAILED, "AssertionError: 1"),
        ('<error message="failed on teardown">…</error>', Outcome.FAILED, "failed on teardown"),
        ('<skipped message="s"/><error message="e"/>', Outcome.FAILED, "e"),
    ],
)
def test_the_report_of_a_test_is_read(inside: str, outcome: Outcome, detail: str) -> None:
    assert read_report(REPORT.format(inside)) == (outcome, detail)


@pytest.mark.parametrize("text", ["", "<testsuites>", "<testsuites/>"])
def test_without_a_report_nothing_has_passed(text: str) -> None:
    assert read_report(text)[0] is Outcome.FAILED


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A suite whose virtual environment is the one that runs this test."""
    monkeypatch.setattr(pytests, "_python", lambda _: Path(sys.executable))
    folder = tmp_path / "sources" / "foreign"
    folder.mkdir(parents=True)
    (folder / "test_foreign.py").write_text(TESTS)
    (tmp_path / "sources" / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    environment: Mapping[str, str] = {"TOLD": "yes"}
    return Session(tmp_path, "foreign", environment, tmp_path / "logs")


def test_every_test_gets_a_result_of_its_own(session: Session) -> None:
    tests = pytests.collect(session)
    seconds_max = {"foreign/test_foreign.py::test_hangs": 1.0}
    results = [pytests.run(session, test, seconds_max.get(test, 60.0)) for test in tests]
    assert {result.test.partition("::")[2]: (result.outcome, result.detail) for result in results} == {
        "test_passes": (Outcome.PASSED, ""),
        "test_fails": (Outcome.FAILED, "AssertionError: one is not two"),
        "test_skipped[1]": (Outcome.SKIPPED, "not here"),
        "test_hangs": (Outcome.FAILED, "its 1 seconds were over"),
        "test_ends_badly": (Outcome.FAILED, 'failed on teardown with "RuntimeError: at the end"'),
    }


def test_a_suite_that_cannot_be_read_is_an_error(session: Session) -> None:
    (session.sources / "foreign" / "test_foreign.py").write_text("import no_such_module\n")
    with pytest.raises(RuntimeError, match="no_such_module"):
        pytests.collect(session)
