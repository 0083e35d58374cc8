"""Many rows with few statements.

Every step of a statement gives up the interpreter lock and has to get it back from a busy event loop; row by
row that made a commit of 100 partitions take 200 ms. So rows travel hundreds at a time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

ROWS_TOGETHER = tuple(1 << power for power in range(9, -1, -1))
"""Few sizes, so that prepared statements are found again, and few statements for any number of rows.
512 rows of 9 stay far below the 32,766 parameters that SQLite takes."""


def write_rows(
    connection: sqlite3.Connection, before: str, after: str, rows: Sequence[Sequence[Any]]
) -> None:
    """Execute `before` (?, …), (?, …), … `after` over all rows, which have the same width."""
    for part in _parts(rows):
        statement = _statement(before, after, len(part), len(part[0]))
        connection.execute(statement, list(chain.from_iterable(part)))


def _parts(rows: Sequence[Sequence[Any]]) -> Iterator[Sequence[Sequence[Any]]]:
    start = 0
    for size in ROWS_TOGETHER:
        while len(rows) - start >= size:
            yield rows[start : start + size]
            start += size


@lru_cache(maxsize=64)
def _statement(before: str, after: str, rows: int, columns: int) -> str:
    row = "(" + ",".join("?" * columns) + ")"
    return before + ",".join([row] * rows) + after
