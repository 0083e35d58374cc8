"""Numbered schema changes, one directory a database: ``0001_name.sql``, ``0002_name.sql`` and so on.

A file that was released is never changed; what is wrong in it is put right by the next number.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

from skylog.errors import Corrupt


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: brings a database from version `number` - 1 to `number`."""

    number: int
    name: str
    sql: str


def load_migrations(database: str) -> list[Migration]:
    """Return the steps of a database ("sqlite") in order of their numbers, which have no gaps."""
    found = [
        Migration(int(entry.name.split("_")[0]), entry.name, entry.read_text())
        for entry in files(__name__).joinpath(database).iterdir()
        if entry.name.endswith(".sql")
    ]
    found.sort(key=lambda migration: migration.number)
    numbers = [migration.number for migration in found]
    if numbers != list(range(1, len(found) + 1)):
        raise Corrupt(f"migrations of {database}: expected 1, 2, … without gaps, found {numbers}: reinstall")
    return found
