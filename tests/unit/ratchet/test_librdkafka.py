from __future__ import annotations

import os
from pathlib import Path

import pytest

from compat.model import Outcome, Result
from compat.processes import Ended
from compat.suites.java_tools import JAVA_TOOLS
from compat.suites.librdkafka import scripts
from compat.suites.librdkafka.results import read_part, read_result
from compat.suites.librdkafka.table import Declared, declared, parts

TABLE = """
#define _TEST(NAME, FLAGS, ...) { .name = #NAME }
_TEST_DECL(0001_one);
struct test tests[] = {
    {.name = "<MAIN>", .flags = TEST_F_LOCAL},
    _TEST(0001_one, 0),
    _TEST(0002_two, TEST_F_LOCAL | TEST_F_KNOWN_ISSUE, TEST_BRKVER(0, 9, 0, 0)),
    _TEST(0003_three,
          0,
          TEST_BRKVER(0, 9, 0, 0),
          .scenario = "default,other"),
    _TEST(0004_four_mock, 0),
    {NULL}};
"""

PARTS = """
static void do_test_one(const char *what) {
        SUB_TEST("%s", what);
}

static void
do_test_two(void) {
        SUB_TEST_QUICK();
}

static void show(int rows) {
        TEST_SAY("none");
}
"""

FAILURE = """
\x1b[31m### Test "0001_one (part:4)" failed at one.c:5:main_0001() at Sat Nov 28: ###
expected 1, not 2
"""

SUMMARY = """
|\x1b[31m 0001_one   |     FAILED |   1.500s \x1b[0m|\x1b[31m one.c:5: broken\x1b[0m
|\x1b[36m 0002_two   |    SKIPPED |   0.000s \x1b[0m|\x1b[36m needs ZooKeeper\x1b[0m
"""


def entry(state: str, seconds: float = 1.5) -> dict[str, object]:
    return {"state": state, "duration": seconds}


def ended(tmp_path: Path, text: str, code: int | None = 1) -> Ended:
    log = tmp_path / "log"
    log.write_text(text)
    return Ended(code, 9.0, log)


def test_the_table_of_tests_is_read_with_flags_and_scenarios() -> None:
    assert declared(TABLE) == [
        Declared("0001_one", frozenset({"0"}), frozenset({"default"})),
        Declared("0002_two", frozenset({"TEST_F_LOCAL", "TEST_F_KNOWN_ISSUE"}), frozenset({"default"})),
        Declared("0003_three", frozenset({"0"}), frozenset({"default", "other"})),
        Declared("0004_four_mock", frozenset({"0"}), frozenset({"default"})),
    ]


def test_only_what_talks_to_a_broker_is_run() -> None:
    assert [test.name for test in declared(TABLE) if test.needs_broker] == ["0001_one", "0003_three"]


def test_parts_are_the_functions_that_can_be_run_alone() -> None:
    assert parts(PARTS) == ["do_test_one", "do_test_two"]


def test_results_come_with_what_the_log_says(tmp_path: Path) -> None:
    report = {"0001_one": entry("FAILED"), "0002_two": entry("SKIPPED"), "0003_three": entry("PASSED")}
    said = ended(tmp_path, FAILURE + SUMMARY)
    assert [read_result(name, report, said) for name in report] == [
        Result("0001_one", Outcome.FAILED, 1.5, "one.c:5:main_0001(): expected 1, not 2"),
        Result("0002_two", Outcome.SKIPPED, 1.5, "needs ZooKeeper"),
        Result("0003_three", Outcome.PASSED, 1.5, ""),
    ]


def test_a_test_that_did_nothing_has_not_passed(tmp_path: Path) -> None:
    result = read_result("0001_one", {"0001_one": entry("PASSED", 0.0)}, ended(tmp_path, "", 0))
    assert result.outcome is Outcome.SKIPPED


def test_tests_that_never_ended_have_failed(tmp_path: Path) -> None:
    said = ended(tmp_path, "last words\n\n", None)
    report = {"0001_one": entry("RUNNING")}
    assert read_result("0001_one", report, said).outcome is Outcome.FAILED
    assert read_result("0002_two", report, said) == Result(
        "0002_two", Outcome.FAILED, 9.0, "its time was over: last words"
    )


@pytest.mark.parametrize(
    ("state", "said", "outcome"),
    [
        ("PASSED", "[ do_test_one:7: with this: PASS (0.02s) ]", Outcome.PASSED),
        ("PASSED", "[ do_test_one:7: PASS (0.02s) ]", Outcome.PASSED),
        ("PASSED", "[ do_test_one_more:7: PASS (0.02s) ]", Outcome.SKIPPED),
        ("PASSED", "[ do_test_one:7: SKIP: not here ]", Outcome.SKIPPED),
        ("FAILED", "[ do_test_one:7: PASS (0.02s) ]", Outcome.FAILED),
    ],
)
def test_a_part_passes_if_it_says_so(tmp_path: Path, state: str, said: str, outcome: Outcome) -> None:
    result = read_part("0001_one", "do_test_one", {"0001_one": entry(state)}, ended(tmp_path, said))
    assert (result.test, result.outcome) == ("0001_one/do_test_one", outcome)


def test_the_scripts_that_some_tests_call_run_the_tools_of_the_other_suite(tmp_path: Path) -> None:
    jars = tmp_path / "cache" / JAVA_TOOLS.name / JAVA_TOOLS.version
    jars.mkdir(parents=True)
    (jars / "ready").touch()  # as after a download
    scripts.prepare(tmp_path / "kafka", tmp_path / "cache")
    script = tmp_path / "kafka" / "bin" / "kafka-topics.sh"
    assert os.access(script, os.X_OK)
    assert str(jars) in script.read_text()
    assert "org.apache.kafka.tools.TopicCommand" in script.read_text()
