"""What a run found, for the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from compat.expectations import Known, known_line
from compat.model import Outcome, Result
from compat.ratchet import Standing
from compat.session import Run

_COLOURS = {Outcome.PASSED: "green", Outcome.FAILED: "red", Outcome.SKIPPED: "yellow"}


def tell_result(console: Console, suite: str, result: Result) -> None:
    """Print the line of one result."""
    colour = _COLOURS[result.outcome]
    detail = "" if result.passed else f"  {escape(_first_line(result.detail))}"
    console.print(
        f"{suite}  [{colour}]{result.outcome.value:7}[/{colour}] {result.seconds:6.1f} s  "
        f"{escape(result.test)}{detail}",
        highlight=False,
        soft_wrap=True,
    )


def tell_runs(console: Console, runs: Sequence[Run]) -> bool:
    """Print what is out of the ordinary and one table; return whether all is as expected."""
    for run in runs:
        _tell_deviations(console, run)
    console.print(_table(runs))
    return not any(verdict.standing.red for run in runs for verdict in run.verdicts)


def tell_foreign(console: Console, runs: Sequence[Run]) -> None:
    """Print what does not pass on another broker, and which known failures do."""
    for run in runs:
        for verdict in run.verdicts:
            if verdict.standing is Standing.GAINED:
                console.print(f"{run.suite.name}  passes there  {escape(verdict.test)}", highlight=False)
            elif verdict.result is not None and not verdict.result.passed:
                console.print(f"{run.suite.name}  fails there   {escape(verdict.test)}", highlight=False)
    console.print(_table(runs))


def _tell_deviations(console: Console, run: Run) -> None:
    for verdict in run.verdicts:
        if verdict.standing not in (Standing.HELD, Standing.KNOWN):
            colour = "red" if verdict.standing.red else "yellow"
            line = f"{run.suite.name}  {escape(verdict.test)}  {verdict.standing.value}"
            console.print(f"[{colour}]{line}[/{colour}]", highlight=False, soft_wrap=True)
    lines = [_blank(verdict.test) for verdict in run.verdicts if verdict.standing is Standing.UNEXPLAINED]
    if lines:
        console.print(f"to be explained in expected/{run.suite.name}.toml, below \\[known]:")
        console.print(escape("".join(lines)), highlight=False, soft_wrap=True)


def _blank(test: str) -> str:
    return known_line(test, Known("fault", "…"))


def _table(runs: Sequence[Run]) -> Table:
    table = Table("suite", "version", "run", "passed", "flaky", "known", "by reason", "unexpected")
    for run in runs:
        count = Counter(verdict.standing for verdict in run.verdicts)
        ran = [verdict for verdict in run.verdicts if verdict.result is not None]
        table.add_row(
            run.suite.title,
            run.suite.version,
            str(len(ran)),
            str(sum(verdict.result.passed for verdict in ran if verdict.result is not None)),
            str(count[Standing.FLAKY]),
            str(len(run.expected.known)),
            "\n".join(f"{number} {kind}" for kind, number in kinds(run.expected.known.values())),
            str(sum(number for standing, number in count.items() if standing.red)),
        )
    return table


def kinds(known: Iterable[Known]) -> list[tuple[str, int]]:
    """Return how many there are of each kind, the most frequent first."""
    count = Counter(why.kind for why in known)
    return sorted(count.items(), key=lambda item: (-item[1], item[0]))


def _first_line(detail: str) -> str:
    return next((line.strip() for line in detail.splitlines() if line.strip()), "")[:200]
