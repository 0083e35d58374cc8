"""What a provider would bill for a month, as amounts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """Requests and bytes of a month; `stored_bytes` and `disk_bytes` are held all through it."""

    puts: float = 0.0
    gets: float = 0.0
    lists: float = 0.0
    deletes: float = 0.0
    put_bytes: float = 0.0
    get_bytes: float = 0.0
    stored_bytes: float = 0.0
    cross_zone_bytes: float = 0.0
    """Counted once, however many ends of it are billed."""
    disk_bytes: float = 0.0
    """Of the brokers' own disks, as provisioned."""
