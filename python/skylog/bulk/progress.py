"""How far the work is, for whoever looks on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TypeAlias

Report: TypeAlias = Callable[[int, int], object]
"""Called now and then, and at the end, with the records and bytes done so far; what it raises ends it all."""

Progress: TypeAlias = bool | Report | None
"""True shows a bar on the terminal, a `Report` is called, None and False are silent."""


@contextlib.contextmanager
def reporting(progress: Progress, title: str, records: int | None) -> Iterator[Report]:
    """Return what is to be called with records and bytes done.

    Parameters
    ----------
    title : str
        What the bar is called.
    records : int, optional
        How many there will be, where that is known.
    """
    if callable(progress):
        yield progress
    elif progress:
        with _bar(title, records) as report:
            yield report
    else:
        yield _silent


def _silent(records: int, size: int) -> None:
    """Tell nobody."""


@contextlib.contextmanager
def _bar(title: str, records: int | None) -> Iterator[Report]:
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeElapsedColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[done]:,} records, {task.fields[rate]:,.0f}/s"),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeElapsedColumn(),
    )
    with Bar(*columns) as bar:
        # The bar counts bytes, whose total nobody knows; its share of the whole is that of the records.
        task = bar.add_task(title, total=None, done=0, rate=0.0)

        def report(done: int, size: int) -> None:
            elapsed = bar.tasks[0].elapsed or 0.0
            total = size * records / done if records and done else None
            bar.update(task, completed=size, total=total, done=done, rate=done / elapsed if elapsed else 0.0)

        yield report
