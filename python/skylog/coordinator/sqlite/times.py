"""Extents in the database, found by time.

An extent has the highest time of its own records and the highest of all up to its end. These running maxima
grow with offsets, so the first extent that reaches a time is one descent away. Where records are deleted that
raised a running maximum, and until a purge has made it anew, extents do not hold what it says: then they are
passed over one by one, so many in a transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from skylog.coordinator.sqlite.database import Database
from skylog.coordinator.sqlite.folding import uncover
from skylog.model import MAX_TIMESTAMP, ExtentRef

ROWS_TOGETHER = 4_000
"""Extents looked at by one transaction: some 10 ms, in which commits wait."""
ROWS_AT_FIRST = 20
"""Extents that a search looks at in its first transaction, which it shares with many others."""

HOLDER = """
    SELECT running_max_timestamp, base_offset FROM extents
    WHERE log_no = :log_no AND base_offset <= :first_offset ORDER BY base_offset DESC LIMIT 1
"""
"""The extent that an offset lies in."""

_PART = """
    SELECT base_offset, max_timestamp, running_max_timestamp FROM extents
    WHERE log_no = :log_no AND (running_max_timestamp, base_offset) >= (:running_max, :base_offset)
        AND last_offset >= :first_offset
    ORDER BY running_max_timestamp, base_offset LIMIT :rows
"""
REACHING = f"SELECT base_offset FROM ({_PART}) WHERE max_timestamp >= :timestamp_ms LIMIT 1"
"""The first of so many extents from a place on with a record at or after a time."""

SUMMARY = f"""
    SELECT count(*), max(running_max_timestamp), max(base_offset), max(max_timestamp) FROM ({_PART})
"""

EXTENT = """
    SELECT s.key, e.position, e.size, e.base_offset, e.last_offset, e.append_time_ms, s.size
    FROM extents AS e JOIN segments AS s ON s.segment_no = e.segment_no
    WHERE e.log_no = ? AND e.base_offset = ?
"""

Place: TypeAlias = tuple[int, int]
"""(running maximum, base offset)"""
FoundByTime: TypeAlias = tuple[int, ExtentRef]
"""(first offset that counts, extent)"""


@dataclass(frozen=True, slots=True)
class Search:
    """A search for a time or MAX_TIMESTAMP: where it goes on, the extent with the highest time so far."""

    log_no: int
    timestamp_ms: int
    first_offset: int
    place: Place | None = None
    highest_ms: int = -1
    highest_offset: int | None = None


Outcome: TypeAlias = Search | FoundByTime | None


async def find_by_time(database: Database, searches: Sequence[Search]) -> list[FoundByTime | None]:
    """Return for each search the extent that holds the answer, and the first offset in it that counts."""
    outcomes: list[Outcome] = list(searches)
    while pending := {place: each for place, each in enumerate(outcomes) if isinstance(each, Search)}:
        found = await database.run(partial(_advance_all, searches=list(pending.values())))
        for place, outcome in zip(pending, found, strict=True):
            outcomes[place] = outcome
    return [outcome for outcome in outcomes if not isinstance(outcome, Search)]


def _advance_all(connection: sqlite3.Connection, searches: Sequence[Search]) -> list[Outcome]:
    uncover(connection, {search.log_no for search in searches})
    outcomes: list[Outcome] = list(searches)
    rows_left = ROWS_TOGETHER
    for place, search in enumerate(searches):
        if rows_left <= 0:
            break
        rows = rows_left if search.place else min(rows_left, ROWS_AT_FIRST)
        outcomes[place] = _advance(connection, search, rows)
        rows_left -= rows
    return outcomes


def _advance(connection: sqlite3.Connection, search: Search, rows: int) -> Outcome:
    """Look at up to so many extents."""
    log = connection.execute(
        "SELECT log_start_offset, running_max_timestamp, next_offset FROM logs WHERE log_no = ?",
        (search.log_no,),
    ).fetchone()
    if log is None or log[0] == log[2]:
        return None
    first_offset = max(search.first_offset, log[0])
    wanted = {"log_no": search.log_no, "first_offset": first_offset, "rows": rows}
    start = search.place or _start(connection, wanted)
    if search.timestamp_ms != MAX_TIMESTAMP:
        return _look(connection, search, wanted | _goal(search.timestamp_ms, start))
    if search.place is not None:
        return _look(connection, search, wanted | _goal(log[1], start, skip=False))
    # What raised the running maximum is the answer, unless it is deleted.
    base_offset = _reach(connection, wanted | _goal(log[1], start))
    return replace(search, place=start) if base_offset is None else _found(connection, wanted, base_offset)


def _start(connection: sqlite3.Connection, wanted: Mapping[str, int]) -> Place:
    """Return the place of the first extent that counts."""
    holder = connection.execute(HOLDER, wanted).fetchone() if wanted["first_offset"] > 0 else None
    return holder or (-1, 0)


def _goal(time: int, place: Place, *, skip: bool = True) -> dict[str, int]:
    """Say what to look for from where on, by default skipping what has too low a running maximum."""
    running_max = max(place[0], time) if skip else place[0]
    return {"timestamp_ms": time, "running_max": running_max, "base_offset": place[1]}


def _look(connection: sqlite3.Connection, search: Search, wanted: Mapping[str, int]) -> Outcome:
    base_offset = _reach(connection, wanted)
    if base_offset is not None:
        return _found(connection, wanted, base_offset)
    count, running_max, last_offset, highest_ms = connection.execute(SUMMARY, wanted).fetchone()
    if search.timestamp_ms == MAX_TIMESTAMP and count and highest_ms > search.highest_ms:
        highest_offset = _reach(connection, {**wanted, "timestamp_ms": highest_ms})
        search = replace(search, highest_ms=highest_ms, highest_offset=highest_offset)
    if count == wanted["rows"]:
        return replace(search, place=(running_max, last_offset + 1))
    return None if search.highest_offset is None else _found(connection, wanted, search.highest_offset)


def _reach(connection: sqlite3.Connection, wanted: Mapping[str, int]) -> int | None:
    found = connection.execute(REACHING, wanted).fetchone()
    return None if found is None else int(found[0])


def _found(connection: sqlite3.Connection, wanted: Mapping[str, int], base_offset: int) -> FoundByTime | None:
    found = connection.execute(EXTENT, (wanted["log_no"], base_offset)).fetchone()
    return None if found is None else (max(base_offset, wanted["first_offset"]), ExtentRef(*found))
