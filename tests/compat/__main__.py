"""`python -m compat`: run foreign suites and hold what passes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from compat import page
from compat.expectations import load, save
from compat.report import tell_foreign, tell_result, tell_runs
from compat.session import Options, Run, run_suite
from compat.suites import SUITES

LOG_COLUMNS = 140
"""Of a table that goes into a file."""


def main(arguments: Sequence[str]) -> int:
    """Run what the command line asks for; 0 if all is as expected."""
    asked = _parse(arguments)
    console = Console(width=None if sys.stdout.isatty() else LOG_COLUMNS)
    options = Options(asked.cache, asked.only, asked.all or asked.update, asked.bootstrap, asked.seconds)
    runs = [_run(console, name, options) for name in asked.suites or SUITES]
    if asked.bootstrap is not None:
        tell_foreign(console, runs)
        return 0
    green = tell_runs(console, runs)
    if asked.update:
        _update(runs)
    return 0 if green else 1


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m compat", description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {', '.join(SUITES)}; default: all")
    parser.add_argument("--only", default="*", metavar="GLOB", help="tests whose name matches")
    parser.add_argument("--all", action="store_true", help="also tests that are known not to pass")
    parser.add_argument(
        "--update", action="store_true", help="--all, take in what passes now, write the page"
    )
    parser.add_argument("--bootstrap", metavar="HOST:PORT", help="another broker; nothing is judged")
    parser.add_argument("--seconds", type=float, default=900.0, help="for one test, at most")
    parser.add_argument("--cache", type=Path, default=_cache(), metavar="DIR", help="where suites are built")
    asked = parser.parse_args(arguments)
    unknown = sorted(set(asked.suites) - set(SUITES))
    if unknown:
        parser.error(f"no such suite: {', '.join(unknown)}; expected {', '.join(SUITES)}")
    if asked.update and asked.bootstrap is not None:
        parser.error("--update takes in what passes on skylog: it cannot stand with --bootstrap")
    return asked


def _cache() -> Path:
    return Path(os.environ.get("SKYLOG_COMPAT") or ".venv/compat").absolute()


def _run(console: Console, name: str, options: Options) -> Run:
    suite = SUITES[name]
    console.print(f"{name}  {suite.title} {suite.version}: preparing", highlight=False)
    return run_suite(suite, load(name), options, lambda result: tell_result(console, name, result))


def _update(runs: Sequence[Run]) -> None:
    for run in runs:
        passed = [v.test for v in run.verdicts if v.result is not None and v.result.passed]
        save(run.suite.name, run.expected.updated(run.suite.version, run.existing, passed))
    page.write(SUITES, {name: load(name) for name in SUITES})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
