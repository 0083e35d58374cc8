from __future__ import annotations

from compat.expectations import Expectations, Known, load
from compat.page import PAGE, render
from compat.suites import SUITES

from .scripted import ScriptedSuite


def test_the_committed_page_is_that_of_the_lists() -> None:
    assert PAGE.read_text() == render((suite, load(name)) for name, suite in SUITES.items()), (
        "stale: run `make compat-update`"
    )


def test_every_test_that_does_not_pass_has_its_reason_on_the_page() -> None:
    known = {
        "a|b": Known("missing: transactions", "asks for a producer id with a name"),
        "c": Known("fault", "is to be corrected"),
        "d": Known("fault", "is to be corrected, too"),
    }
    page = render([(ScriptedSuite(), Expectations("1", frozenset({"e", "f"}), known))])
    assert "| Scripted | 1 | 5 | 2 | 2 fault, 1 missing: transactions |" in page
    assert "| `a\\|b` | missing: transactions | asks for a producer id with a name |" in page
    assert "| `c` | fault | is to be corrected |" in page


def test_a_suite_that_passes_has_no_section() -> None:
    page = render([(ScriptedSuite(), Expectations("1", frozenset({"e"})))])
    assert "| Scripted | 1 | 1 | 1 | — |" in page
    assert "##" not in page
