"""Sizes as people write them: ``64KiB``, ``8 MiB``, ``1.5g``, ``4096``; always powers of 1,024."""

from __future__ import annotations

import re
from typing import Final

from skylog.errors import InvalidConfig

KIB: Final = 1024
MIB: Final = 1024 * KIB
GIB: Final = 1024 * MIB

_UNITS: Final = {"": 1, "k": KIB, "m": MIB, "g": GIB, "t": 1024 * GIB}
_SIZE: Final = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>[kmgt]?)(?:i?b)?", re.IGNORECASE)


def parse_size(text: str, name: str) -> int:
    """Return bytes, at least 1. Raises `InvalidConfig` naming the option `name`."""
    match = _SIZE.fullmatch(text.strip())
    size = int(float(match["number"]) * _UNITS[match["unit"].lower()]) if match else 0
    if size < 1:
        raise InvalidConfig(f"{name}: expected a size such as 64KiB or 8MiB, found {text!r}")
    return size


def parse_sizes(text: str, name: str) -> tuple[int, ...]:
    """Return the sizes of a list with commas between, in order, each once."""
    return tuple(sorted({parse_size(each, name) for each in text.split(",")}))


def format_size(size: float) -> str:
    """Return bytes in the largest unit that leaves at least one, without needless zeros."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024 or unit == "GiB":
            return f"{size:.0f} {unit}" if size >= 100 or size == int(size) else f"{size:.3g} {unit}"
        size /= 1024
    raise AssertionError("the loop returns")
