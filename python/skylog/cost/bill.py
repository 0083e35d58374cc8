"""From amounts to dollars, line by line."""

from __future__ import annotations

from dataclasses import dataclass

from skylog.cost.usage import Usage
from skylog.storage.prices import GB_BYTES, PriceSheet

LINES = ("PUT", "GET", "LIST", "DELETE", "storage", "store traffic", "between zones", "disks")
"""Every bill has these lines in this order."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: an amount in its unit, what one unit costs, and what that makes."""

    name: str
    amount: float
    unit: str
    unit_dollars: float

    @property
    def dollars(self) -> float:
        """The line's cost."""
        return self.amount * self.unit_dollars


@dataclass(frozen=True, slots=True)
class Bill:
    """A month."""

    lines: tuple[Line, ...]

    @property
    def dollars(self) -> float:
        """The sum."""
        return sum(line.dollars for line in self.lines)

    def line(self, name: str) -> Line:
        """Return the line of that name."""
        return self.lines[LINES.index(name)]


def bill_of(usage: Usage, sheet: PriceSheet) -> Bill:
    """Return what `usage` costs by `sheet`."""
    moved = sheet.transfer_dollars(usage.put_bytes, usage.get_bytes)
    moved_gb = (usage.put_bytes + usage.get_bytes) / GB_BYTES
    lines = (
        _requests("PUT", usage.puts, sheet.put_per_1000),
        _requests("GET", usage.gets, sheet.get_per_1000),
        _requests("LIST", usage.lists, sheet.list_per_1000),
        _requests("DELETE", usage.deletes, sheet.delete_per_1000),
        Line("storage", usage.stored_bytes / GB_BYTES, "GB-months", sheet.storage_per_gb_month),
        # PUTs and GETs may have different prices for a GB; the line shows the two in one.
        Line("store traffic", moved_gb, "GB", moved / moved_gb if moved_gb else 0.0),
        Line("between zones", usage.cross_zone_bytes / GB_BYTES, "GB", sheet.cross_zone_per_gb),
        Line("disks", usage.disk_bytes / GB_BYTES, "GB-months", sheet.disk_per_gb_month),
    )
    assert tuple(line.name for line in lines) == LINES
    return Bill(lines)


def _requests(name: str, count: float, per_1000: float) -> Line:
    return Line(name, count / 1000, "thousand", per_1000)
