from __future__ import annotations

import pytest

from compat.expectations import Expectations, Known
from compat.model import Outcome, Result
from compat.ratchet import Standing, answered, choose, judge, to_repeat

WHY = Known("missing: transactions", "needs InitProducerId with an id")
EXPECTED = Expectations("1", frozenset({"held", "lost"}), {"known": WHY})
EXISTING = ["held", "lost", "known", "new"]


def result(test: str, outcome: Outcome = Outcome.PASSED) -> Result:
    return Result(test, outcome, 0.1, "" if outcome is Outcome.PASSED else "said why")


def standings(first: list[Result], second: list[Result] | None = None) -> dict[str, Standing]:
    results = {r.test: r for r in first}
    again = {r.test: r for r in second or []}
    return {v.test: v.standing for v in judge(EXPECTED, EXISTING, results, again)}


def test_what_passes_as_expected_is_green() -> None:
    assert standings([result("held")]) == {"held": Standing.HELD}
    assert not Standing.HELD.red


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.SKIPPED])
def test_what_once_passed_must_pass(outcome: Outcome) -> None:
    assert standings([result("lost", outcome)], [result("lost", outcome)]) == {"lost": Standing.LOST}
    assert Standing.LOST.red


def test_a_second_attempt_that_passes_is_green_and_called_flaky() -> None:
    failed = [result("lost", Outcome.FAILED)]
    assert standings(failed, [result("lost")]) == {"lost": Standing.FLAKY}
    assert not Standing.FLAKY.red


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.SKIPPED])
def test_what_does_not_pass_needs_a_reason(outcome: Outcome) -> None:
    assert standings([result("new", outcome), result("known", outcome)]) == {
        "new": Standing.UNEXPLAINED,
        "known": Standing.KNOWN,
    }
    assert Standing.UNEXPLAINED.red
    assert not Standing.KNOWN.red


def test_what_passes_without_being_expected_is_a_gain() -> None:
    assert standings([result("new"), result("known")]) == {"new": Standing.GAINED, "known": Standing.GAINED}
    assert not Standing.GAINED.red


def test_a_listed_test_that_the_suite_lacks_is_red() -> None:
    verdicts = judge(EXPECTED, ["held"], {}, {})
    assert [(v.test, v.standing) for v in verdicts] == [
        ("known", Standing.VANISHED),
        ("lost", Standing.VANISHED),
    ]
    assert Standing.VANISHED.red


def test_only_what_once_passed_is_tried_again() -> None:
    first = {r.test: r for r in (result(test, Outcome.FAILED) for test in EXISTING)}
    first["held"] = result("held")
    assert to_repeat(EXPECTED, first) == ["lost"]


def test_a_test_without_a_result_has_failed() -> None:
    results = answered(["held", "lost"], [result("held"), result("never asked for")])
    assert results["held"].passed
    assert results["lost"].outcome is Outcome.FAILED
    assert set(results) == {"held", "lost"}


def test_known_failures_run_only_where_they_are_asked_for() -> None:
    assert choose(EXISTING, EXPECTED, known_too=False) == ["held", "lost", "new"]
    assert choose(EXISTING, EXPECTED, known_too=True) == EXISTING
