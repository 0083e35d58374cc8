"""Sizes, rates and times as people write them: ``8MiB``, ``50MB/s``, ``7d``."""

from __future__ import annotations

import math
import re

import typer

_QUANTITY = re.compile(r"\s*(?P<number>[0-9]+(?:\.[0-9]+)?|\.[0-9]+)\s*(?P<unit>[A-Za-z]*)\s*")

_BYTES = {
    "": 1,
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "tb": 10**12,
    "kib": 1 << 10,
    "mib": 1 << 20,
    "gib": 1 << 30,
    "tib": 1 << 40,
}
_SECONDS = {"ms": 0.001, "s": 1, "min": 60, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def parse_size(text: str, option: str) -> float:
    """Return bytes. ``MiB`` is 2^20, ``MB`` is 10^6, no unit is bytes; case does not matter.

    Raises `typer.BadParameter`, a usage error that names `option`.

    >>> parse_size("8MiB", "--segment-size")
    8388608.0
    """
    return _parse(text, _BYTES, option, "a size such as 8MiB, 64KiB or 1GB")


def parse_rate(text: str, option: str) -> float:
    """Return bytes per second; the ``/s`` may be left out. Raises `typer.BadParameter`.

    >>> parse_rate("1.5MB/s", "--throughput")
    1500000.0
    """
    return _parse(text.strip().removesuffix("/s"), _BYTES, option, "a rate such as 50MiB/s or 800KB/s", text)


def parse_duration(text: str, option: str) -> float:
    """Return seconds; a unit is a must. Raises `typer.BadParameter`.

    >>> parse_duration("36h", "--retention")
    129600.0
    """
    return _parse(text, _SECONDS, option, "a time with its unit, such as 250ms, 12h or 7d")


def format_duration(seconds: float) -> str:
    """Return a time in the largest unit that leaves a number of at least one.

    >>> format_duration(604_800), format_duration(5400), format_duration(0.25)
    ('7 d', '1.5 h', '250 ms')
    """
    for unit in ("d", "h", "min", "s"):
        if seconds >= _SECONDS[unit]:
            return f"{round(seconds / _SECONDS[unit], 1):,g} {unit}"
    return f"{round(seconds * 1000, 1):g} ms"


def _parse(
    text: str, units: dict[str, float] | dict[str, int], option: str, expected: str, whole: str = ""
) -> float:
    match = _QUANTITY.fullmatch(text)
    factor = None if match is None else units.get(match["unit"].lower())
    if match is None or factor is None or not math.isfinite(float(match["number"])):
        raise typer.BadParameter(f"expected {expected}, found {whole or text!r}", param_hint=option)
    return float(match["number"]) * factor
