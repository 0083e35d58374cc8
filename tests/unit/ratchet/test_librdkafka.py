from __future__ import annotations

from pathlib import Path

from compat.model import Outcome, Result
from compat.processes import Ended
from compat.suites.librdkafka import Declared, declared, read_results

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
    {NULL}};
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
    ]


def test_results_come_with_what_the_log_says(tmp_path: Path) -> None:
    report = {"0001_one": entry("FAILED"), "0002_two": entry("SKIPPED"), "0003_three": entry("PASSED")}
    assert read_results([*report], report, ended(tmp_path, FAILURE + SUMMARY)) == [
        Result("0001_one", Outcome.FAILED, 1.5, "one.c:5:main_0001(): expected 1, not 2"),
        Result("0002_two", Outcome.SKIPPED, 1.5, "needs ZooKeeper"),
        Result("0003_three", Outcome.PASSED, 1.5, ""),
    ]


def test_a_test_that_did_nothing_has_not_passed(tmp_path: Path) -> None:
    report = {"0001_one": entry("PASSED", 0.0)}
    (result,) = read_results(["0001_one"], report, ended(tmp_path, "", 0))
    assert result.outcome is Outcome.SKIPPED


def test_tests_that_never_ended_have_failed(tmp_path: Path) -> None:
    report = {"0001_one": entry("RUNNING")}
    first, second = read_results(["0001_one", "0002_two"], report, ended(tmp_path, "last words\n\n", None))
    assert first.outcome is second.outcome is Outcome.FAILED
    assert second.detail == "its time was over: last words"
