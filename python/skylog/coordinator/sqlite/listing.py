"""What administrators ask of many logs at once, read in parts: commits go between."""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import TypeAlias

from skylog.coordinator.base import PRODUCERS_MAX
from skylog.coordinator.sqlite.database import Database
from skylog.coordinator.sqlite.folding import arrived_bytes
from skylog.model import ActiveProducer

SIZES_TOGETHER = 10_000
PRODUCER_LOGS_TOGETHER = 500
PRODUCERS_TOGETHER = 5_000
"""What one transaction reads: some 5 to 10 ms."""

PRODUCERS = """
    SELECT producer_id, producer_epoch, substr(batches, -16), last_ms FROM producers
    WHERE log_no = ? AND producer_id > ? ORDER BY producer_id LIMIT ?
"""
LAST_BATCH = struct.Struct(">iiq")
"""First sequence, last sequence and base offset: the end of `batches`."""

NOBODY = -1
"""Below all producer ids."""

Listed: TypeAlias = tuple[int, ActiveProducer]
"""(place of the log, producer)"""


async def log_sizes(database: Database, numbers: Sequence[int | None]) -> list[int | None]:
    """Return the bytes of logs in the order asked, None for one that is gone."""
    sizes: list[int | None] = []
    for start in range(0, len(numbers), SIZES_TOGETHER):
        part = numbers[start : start + SIZES_TOGETHER]
        sizes += await database.run(partial(_read_sizes, numbers=part))
    return sizes


def _read_sizes(connection: sqlite3.Connection, numbers: Sequence[int | None]) -> list[int | None]:
    (found,) = connection.execute(
        """
        SELECT json_group_array(l.size) FROM json_each(?) AS wanted
        LEFT JOIN logs AS l ON l.log_no = wanted.value
        """,
        (json.dumps(numbers),),
    ).fetchone()
    arrived = arrived_bytes(connection)
    return [
        None if number is None or size is None else size + arrived.get(number, 0)
        for number, size in zip(numbers, json.loads(found), strict=True)
    ]


async def each_producer(database: Database, log_nos: Sequence[int]) -> AsyncIterator[Listed]:
    """Yield the producers of logs in this order, by id, up to `PRODUCERS_MAX`."""
    start, after, left = 0, NOBODY, PRODUCERS_MAX
    while start < len(log_nos) and left > 0:
        part = log_nos[start : start + PRODUCER_LOGS_TOGETHER]
        limit = min(left, PRODUCERS_TOGETHER)
        found = await database.run(partial(_read_producers, log_nos=part, after=after, limit=limit))
        for place, producer in found:
            yield start + place, producer
        left -= len(found)
        if len(found) == limit:
            start, after = start + found[-1][0], found[-1][1].producer_id
        else:
            start, after = start + len(part), NOBODY


def _read_producers(
    connection: sqlite3.Connection, log_nos: Sequence[int], after: int, limit: int
) -> list[Listed]:
    """Return up to `limit` producers of logs in this order, of the first those behind the id `after`."""
    found: list[Listed] = []
    for place, log_no in enumerate(log_nos):
        if len(found) == limit:
            break
        wanted = (log_no, NOBODY if place else after, limit - len(found))
        found.extend((place, _producer(*row)) for row in connection.execute(PRODUCERS, wanted))
    return found


def _producer(producer_id: int, epoch: int, last_batch: bytes, last_ms: int) -> ActiveProducer:
    _, last_sequence, _ = LAST_BATCH.unpack(last_batch)
    return ActiveProducer(producer_id, epoch, last_sequence, last_ms)
