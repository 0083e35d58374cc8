from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from compat.model import Outcome, Target
from compat.suites.java_tools import JAVA_TOOLS, PAST_JAVA_TOOLS
from compat.suites.java_tools.checks import Mismatch, contains, holds, lacks, same
from compat.suites.java_tools.kits import PAST, PRESENT, Kit
from compat.suites.java_tools.scenario import Scenarios
from compat.suites.java_tools.suite import JavaTools
from compat.suites.java_tools.tools import Said, Tools, read_events


@pytest.mark.parametrize(
    ("check", "complaint"),
    [
        (lambda: same("offset", 1, 2), "offset: expected 2, found 1"),
        (lambda: contains("answer", "no", "n", "yes"), "answer: expected 'yes' in 'no'"),
        (lambda: lacks("answer", "yes", "yes"), "answer: expected no 'yes' in 'yes'"),
        (lambda: holds("expected more", False, [1]), r"expected more, found \[1\]"),
    ],
)
def test_a_check_says_what_was_expected_and_found(check: Callable[[], None], complaint: str) -> None:
    with pytest.raises(Mismatch, match=complaint):
        check()


def test_a_check_that_holds_says_nothing() -> None:
    same("offset", 1, 1)
    contains("answer", "yes", "y", "es")
    lacks("answer", "yes", "no")
    holds("expected more", True, [])


def test_events_are_whole_lines_of_json() -> None:
    assert read_events('{"a": 1}\nnoise\n{"b": 2}\n{"c"') == [{"a": 1}, {"b": 2}]


def test_empty_lines_are_no_lines() -> None:
    assert Said(0, "\none\n\ntwo\n", "err").lines == ["one", "two"]


@pytest.mark.parametrize(("suite", "kit"), [(JAVA_TOOLS, PRESENT), (PAST_JAVA_TOOLS, PAST)])
def test_every_scenario_is_named_by_tools_that_are_there(suite: JavaTools, kit: Kit) -> None:
    for name in suite.tests():
        assert set(name.split("/")[0].split(", ")) <= kit.classes.keys()


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("kafka-topics", ["--bootstrap-server", "h:1", "describe"]),
        ("kafka-cluster", ["describe", "--bootstrap-server", "h:1"]),
        ("kafka-replica-verification", ["--broker-list", "h:1", "describe"]),
    ],
)
def test_each_tool_is_told_of_the_broker_in_its_own_way(tool: str, arguments: list[str]) -> None:
    assert PRESENT.pointed(tool, ["describe"], "h:1") == arguments


def test_a_tool_that_takes_the_broker_as_a_property_is_not_told_twice() -> None:
    assert PAST.pointed("kafka-producer-perf-test", ["--topic", "t"], "h:1") == ["--topic", "t"]


def outcome(tmp_path: Path, scenario: Callable[[Tools], None]) -> tuple[Outcome, str]:
    scenarios = Scenarios()
    scenarios("kafka-topics/one")(scenario)
    suite = JavaTools("java-tools", "tools", PRESENT, scenarios)
    (result,) = suite.run(Target("127.0.0.1:9", tmp_path, 5.0), suite.tests())
    return result.outcome, result.detail


def lists(tools: Tools) -> None:
    tools.run("kafka-topics", "--list")


def test_a_scenario_that_ends_has_passed(tmp_path: Path) -> None:
    assert outcome(tmp_path, lambda _: None) == (Outcome.PASSED, "")


def test_a_scenario_that_finds_something_else_has_failed(tmp_path: Path) -> None:
    found = outcome(tmp_path, lambda _: same("what", "a\nb", "c"))
    assert found == (Outcome.FAILED, "Mismatch: what: expected 'c', found 'a\\nb'")


def test_output_of_another_shape_is_a_failure(tmp_path: Path) -> None:
    assert outcome(tmp_path, lambda _: same("row", [].pop(), ""))[0] is Outcome.FAILED


def test_a_scenario_ends_when_its_time_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = tmp_path / "bin" / "java"
    hanging.parent.mkdir()
    hanging.write_text("#!/bin/sh\nexec tail -f /dev/null\n")
    hanging.chmod(0o755)
    monkeypatch.setenv("PATH", str(hanging.parent), prepend=":")
    found, detail = outcome(tmp_path, lists)
    assert (found, detail.partition(":")[0]) == (Outcome.FAILED, "TimeoutExpired")
