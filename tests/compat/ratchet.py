"""What results mean beside what was expected: a pure decision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from compat.expectations import Expectations
from compat.model import Outcome, Result


class Standing(Enum):
    """What a test's result means. The last three make a run red."""

    HELD = "passes, as expected"
    FLAKY = "passes at the second attempt only"
    KNOWN = "does not pass, for the known reason"
    GAINED = "passes now: --update takes it in"
    LOST = "passed once and does not pass now"
    UNEXPLAINED = "does not pass and has no line that says why"
    VANISHED = "is listed, but the suite does not have it"

    @property
    def red(self) -> bool:
        return self in (Standing.LOST, Standing.UNEXPLAINED, Standing.VANISHED)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A result and what it means; the result is None for a test that the suite does not have."""

    test: str
    standing: Standing
    result: Result | None = None


def choose(existing: Iterable[str], expected: Expectations, *, known_too: bool) -> list[str]:
    """Return the tests to run: all but, unless asked for, those that are known not to pass."""
    return [test for test in existing if known_too or test not in expected.known]


def answered(asked: Iterable[str], results: Iterable[Result]) -> dict[str, Result]:
    """Return one result for each test that was asked for; silence is a failure, the rest is not looked at."""
    found = {result.test: result for result in results}
    silent = Result("", Outcome.FAILED, 0.0, "the suite gave no result")
    return {
        test: found.get(test) or Result(test, silent.outcome, silent.seconds, silent.detail) for test in asked
    }


def to_repeat(expected: Expectations, first: Mapping[str, Result]) -> list[str]:
    """Return the tests that deserve a second attempt: those that once passed."""
    return [test for test, result in first.items() if test in expected.passing and not result.passed]


def judge(
    expected: Expectations,
    existing: Iterable[str],
    first: Mapping[str, Result],
    second: Mapping[str, Result],
) -> list[Verdict]:
    """Return a verdict for each result and for each listed test that no longer exists.

    Parameters
    ----------
    expected
        The list.
    existing
        All tests of the suite, run or not.
    first, second
        Results by test; a test has a second one if it lost its first attempt.
    """
    verdicts = [_verdict(expected, result, second.get(test)) for test, result in first.items()]
    gone = sorted(expected.names - set(existing))
    return verdicts + [Verdict(test, Standing.VANISHED) for test in gone]


def _verdict(expected: Expectations, result: Result, again: Result | None) -> Verdict:
    test = result.test
    if result.passed:
        return Verdict(test, Standing.HELD if test in expected.passing else Standing.GAINED, result)
    if again is not None and again.passed:
        return Verdict(test, Standing.FLAKY, again)
    if test in expected.passing:
        return Verdict(test, Standing.LOST, again or result)
    return Verdict(test, Standing.KNOWN if test in expected.known else Standing.UNEXPLAINED, result)
