"""What can be said of a workload on the command line, and asked "what if" of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import typer

from skylog.cli.console import format_bytes
from skylog.cli.units import format_duration, parse_duration, parse_rate, parse_size
from skylog.cost.workload import Workload


@dataclass(frozen=True, slots=True)
class Knob:
    """An option: the field of `Workload` that it sets, how it is read and how it is shown."""

    field: str
    parse: Callable[[str, str], Any]
    show: Callable[[Any], str]


def _number(text: str, option: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"expected a number, found {text!r}", param_hint=option) from None


def _count(text: str, option: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(f"expected a whole number, found {text!r}", param_hint=option) from None


def _milliseconds(text: str, option: str) -> float:
    return parse_duration(text, option) * 1000


def _show_rate(value: float) -> str:
    return f"{format_bytes(value)}/s"


def _show_number(value: float) -> str:
    return f"{value:,g}"


KNOBS = {
    "throughput": Knob("produce_bytes_per_second", parse_rate, _show_rate),
    "retention": Knob("retention_s", parse_duration, format_duration),
    "zones": Knob("zones", _count, _show_number),
    "brokers": Knob("brokers", _count, _show_number),
    "fan-out": Knob("fan_out", _number, _show_number),
    "compression": Knob("compression", _number, _show_number),
    "put-rate": Knob("put_rate_per_second", _number, lambda value: f"{value:,g}/s"),
    "linger": Knob("linger_ms", _milliseconds, lambda value: format_duration(value / 1000)),
    "segment-size": Knob("segment_bytes_target", parse_size, format_bytes),
    "cache-hit": Knob("cache_hit_share", _number, _show_number),
    "gets-per-segment": Knob("gets_per_segment_and_zone", _number, _show_number),
}


def build_workload(said: Mapping[str, str | None], zone_aware: bool) -> Workload:
    """Return the workload that options ask for; None stands for the default.

    Raises
    ------
    typer.BadParameter
        A value that cannot be read; the message names the option.
    InvalidConfig
        One that cannot be.
    """
    values = {
        KNOBS[name].field: KNOBS[name].parse(text, f"--{name}")
        for name, text in said.items()
        if text is not None
    }
    return Workload(**{"produce_bytes_per_second": 0.0, **values}, zone_aware=zone_aware)


def parse_what_if(text: str) -> tuple[str, list[Any]]:
    """Return the name of a knob and the values to try, from ``NAME=VALUE,VALUE``."""
    name, equals, values = text.partition("=")
    if not equals or name not in KNOBS:
        raise typer.BadParameter(
            f"expected NAME=VALUE,VALUE with a name of {', '.join(KNOBS)}, found {text!r}",
            param_hint="--what-if",
        )
    option = f"--what-if {name}"
    return name, [KNOBS[name].parse(value, option) for value in values.split(",")]
