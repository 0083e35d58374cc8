"""The embedded coordinator: one SQLite database that one broker owns alone."""

from skylog.coordinator.sqlite.coordinator import SqliteCoordinator
from skylog.coordinator.sqlite.database import MEMORY

__all__ = ["MEMORY", "SqliteCoordinator"]
