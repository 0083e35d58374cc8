"""What commands print: tables for people, the same without frames or line breaks for pipes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

_PIPE_COLUMNS = 1000


def console() -> Console:
    """Return where a command prints; a pipe has no width that lines would have to break at."""
    terminal = Console(highlight=False)
    return terminal if terminal.is_terminal else Console(highlight=False, width=_PIPE_COLUMNS)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None) -> Table:
    """Return a table; numbers stand right."""
    cells = [list(row) for row in rows]
    made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for place, name in enumerate(columns):
        numbers = bool(cells) and all(isinstance(row[place], int | float) for row in cells)
        made.add_column(name, justify="right" if numbers else "left", overflow="fold")
    for row in cells:
        made.add_row(*(Text(format_cell(cell)) for cell in row))  # Text: names are no markup
    return made


def format_cell(value: object) -> str:
    """Return a value as people read it: thousands apart, nothing for None."""
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def format_count(count: int, one: str, many: str) -> str:
    """Return a number with its noun."""
    return f"{count:,} {one if count == 1 else many}"


def format_bytes(size: float) -> str:
    """Return a size in the largest unit that leaves a number of at least one."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:,.0f} {unit}" if unit == "B" else f"{size:,.1f} {unit}"
        size /= 1024
    return f"{size:,.1f} TiB"
