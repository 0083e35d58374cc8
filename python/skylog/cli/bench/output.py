"""What both benches have in common: how they run, show how far they are, and write reports."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from skylog.bench.interrupts import run_stoppable
from skylog.errors import InvalidConfig

T = TypeVar("T")

INTERRUPTED = 130

Json = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write everything as JSON.")]
Html = Annotated[
    Path | None, typer.Option("--report", metavar="FILE.html", help="Write a page with charts, in one file.")
]


class Shown:
    """A bar on stderr, so that a pipe gets results only."""

    def __init__(self, total: float, unit: str) -> None:
        counted = TextColumn("{task.completed:.0f}/{task.total:.0f} " + unit)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            counted,
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._progress.add_task("connecting", total=total)

    def __enter__(self) -> Shown:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self, what: str, completed: float | None = None) -> None:
        """Say what is done now, and how much was."""
        self._progress.update(self._task, description=what, completed=completed)


def run(work: Callable[[asyncio.Event], Awaitable[T]]) -> T:
    """Run a bench; being told twice to stop ends the program."""
    try:
        return run_stoppable(work)
    except asyncio.CancelledError:
        raise typer.Exit(INTERRUPTED) from None


def write_reports(
    json_file: Path | None, html_file: Path | None, to_json: Callable[[], Any], to_html: Callable[[], str]
) -> None:
    """Write the files that were asked for. Raises `InvalidConfig` where that cannot be."""
    try:
        if json_file is not None:
            json_file.write_text(json.dumps(to_json(), indent=1) + "\n", encoding="utf-8")
        if html_file is not None:
            html_file.write_text(to_html(), encoding="utf-8")
    except OSError as error:
        raise InvalidConfig(f"{error.filename}: cannot be written: {error.strerror}") from error
