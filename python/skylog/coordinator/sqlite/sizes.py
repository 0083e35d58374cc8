"""How many bytes logs hold in the store."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from skylog.coordinator.sqlite.folding import arrived_bytes


def log_sizes(connection: sqlite3.Connection, numbers: Sequence[int | None]) -> list[int | None]:
    """Return the bytes of logs in the order asked, None for one that is gone; 2 statements."""
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
