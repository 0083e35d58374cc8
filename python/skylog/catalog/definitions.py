"""What one config takes: its type, range, default, and how a text becomes its one written form."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from skylog.errors import InvalidConfig

INT_MAX = 2**31 - 1
LONG_MAX = 2**63 - 1


class ConfigType(IntEnum):
    """Kafka's numbers of config types, as DescribeConfigs v3+ sends them."""

    BOOLEAN = 1
    STRING = 2
    INT = 3
    LONG = 5
    DOUBLE = 6
    LIST = 7


class ConfigSource(IntEnum):
    """Where a value comes from, in Kafka's numbers."""

    TOPIC = 1
    CLUSTER = 3
    FILE = 4
    DEFAULT = 5
    BROKER_LOGGER = 6


@dataclass(frozen=True, slots=True)
class Layer:
    """One of the values that a config has, the strongest first."""

    name: str
    value: str
    source: ConfigSource


@dataclass(frozen=True, slots=True)
class ConfigDefinition:
    """One config: Kafka's name and default, and what skylog makes of it.

    `low` and `high` bound a number, `choices` a text or each entry of a list, `pattern` the whole text.
    `broker_name` names the broker config that holds a topic config's default, if there is one.
    """

    name: str
    type: ConfigType
    default: str
    documentation: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    pattern: str | None = None
    broker_name: str | None = None

    def canonical(self, text: str) -> str:
        """Return `text` as it is stored: trimmed, lists without repeated entries.

        Raises
        ------
        InvalidConfig
            For a text that is no value of this config; says what it takes.
        """
        value = _CANONICAL[self.type](self, text.strip())
        if self.pattern is not None and re.fullmatch(self.pattern, value) is None:
            raise self.refuse(text, f"the form {self.pattern}")
        return value

    def accepts(self, text: str) -> bool:
        """Say whether `text` is a value of this config."""
        try:
            self.canonical(text)
        except InvalidConfig:
            return False
        return True

    def refuse(self, text: str, expected: str) -> InvalidConfig:
        """Return the error for a value that this config does not take."""
        return InvalidConfig(
            f"Invalid value {shortened(text)} for configuration {self.name}: expected {expected}"
        )


def shortened(text: str) -> str:
    """Return `text` as a message may repeat it: what a client sends has no bound, what we say has."""
    return text if len(text) <= 256 else f"{text[:256]}…"


def split_list(text: str) -> list[str]:
    """Return the entries of a list config; an empty text has none."""
    return [entry.strip() for entry in text.split(",")] if text.strip() else []


def _bounded(definition: ConfigDefinition, text: str, value: float) -> None:
    low, high = definition.low, definition.high
    if (low is not None and value < low) or (high is not None and value > high):
        raise definition.refuse(text, _range(definition))


def _range(definition: ConfigDefinition) -> str:
    if definition.high is None or definition.high in (INT_MAX, LONG_MAX):
        return f"a number of at least {definition.low}"
    return f"a number from {definition.low} to {definition.high}"


def _integer(definition: ConfigDefinition, text: str) -> str:
    # Twenty characters hold every 64-bit number: a longer text need not be turned into one to be refused.
    if re.fullmatch(r"[+-]?[0-9]{1,19}", text) is None:
        raise definition.refuse(text, "a whole number")
    value = int(text)
    largest = INT_MAX if definition.type is ConfigType.INT else LONG_MAX
    if not -largest - 1 <= value <= largest:
        raise definition.refuse(text, f"a whole number of {largest.bit_length() + 1} bits")
    _bounded(definition, text, value)
    return str(value)


def _double(definition: ConfigDefinition, text: str) -> str:
    if (
        re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text[:64]) is None
        or len(text) > 64
    ):
        raise definition.refuse(text, "a decimal number")
    value = float(text)
    if math.isinf(value):
        raise definition.refuse(text, "a finite number")
    _bounded(definition, text, value)
    return text


def _boolean(definition: ConfigDefinition, text: str) -> str:
    value = text.lower()
    if value not in ("true", "false"):
        raise definition.refuse(text, "true or false")
    if definition.choices and value not in definition.choices:
        raise definition.refuse(text, " or ".join(definition.choices))
    return value


def _string(definition: ConfigDefinition, text: str) -> str:
    if definition.choices and text not in definition.choices:
        raise definition.refuse(text, f"one of {', '.join(definition.choices)}")
    return text


def _list(definition: ConfigDefinition, text: str) -> str:
    entries = list(dict.fromkeys(split_list(text)))
    unknown = [entry for entry in entries if definition.choices and entry not in definition.choices]
    if unknown:
        raise definition.refuse(text, f"a list of {', '.join(definition.choices)}")
    return ",".join(entries)


_CANONICAL: dict[ConfigType, Callable[[ConfigDefinition, str], str]] = {
    ConfigType.BOOLEAN: _boolean,
    ConfigType.STRING: _string,
    ConfigType.INT: _integer,
    ConfigType.LONG: _integer,
    ConfigType.DOUBLE: _double,
    ConfigType.LIST: _list,
}
