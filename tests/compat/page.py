"""docs/reference/compatibility.md, made from the lists of what passes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from compat.expectations import Expectations
from compat.model import Suite
from compat.report import kinds

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "compatibility.md"

HEAD = """# Compatibility

What the test suites of others say of one skylog broker. Generated from `tests/compat/expected` by
`make compat-update`; do not edit.

`make compat` runs these suites and is red if a test fails that once passed, or one that has no reason below.
`PYTHONPATH=tests python -m compat SUITE --bootstrap HOST:PORT` runs one against any other broker.

Two clients are missing here because their packages bring no tests that could be run: aiokafka's source
distribution has none, confluent-kafka's only the verifiable clients of `confluent_kafka.kafkatest`, which end
on Python 3 with an AttributeError (`iteritems`). Both are driven by `tests/clients`, and the suite of
librdkafka is that of confluent-kafka's core.

"""


def render(suites: Iterable[tuple[Suite, Expectations]]) -> str:
    """Return the whole page."""
    pairs = list(suites)
    return HEAD + _summary(pairs) + "".join(_section(suite, expected) for suite, expected in pairs)


def _summary(pairs: Sequence[tuple[Suite, Expectations]]) -> str:
    lines = ["| suite | version | tests | passed | not passed, by reason |\n|---|---|--:|--:|---|\n"]
    for suite, expected in pairs:
        reasons = ", ".join(f"{number} {kind}" for kind, number in kinds(expected.known.values()))
        numbers = f"{len(expected.names)} | {len(expected.passing)}"
        lines.append(f"| {suite.title} | {expected.version} | {numbers} | {reasons or '—'} |\n")
    return "".join(lines)


def _section(suite: Suite, expected: Expectations) -> str:
    if not expected.known:
        return ""
    rows = "".join(_rows(expected))
    return f"\n## {suite.title}: what does not pass\n\n| test | kind | why |\n|---|---|---|\n{rows}"


def _rows(expected: Expectations) -> Iterable[str]:
    by_kind = sorted(expected.known.items(), key=lambda item: (item[1].kind, item[1].reason, item[0]))
    for test, why in by_kind:
        yield f"| `{_cell(test)}` | {_cell(why.kind)} | {_cell(why.reason)} |\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def write(suites: Mapping[str, Suite], expected: Mapping[str, Expectations]) -> None:
    """Write the page."""
    PAGE.write_text(render((suite, expected[name]) for name, suite in suites.items()))
