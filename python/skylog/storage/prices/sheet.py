"""A price sheet: what a provider charges in one region, as a TOML file says it.

The keys of the file are the fields of `PriceSheet`, all on the top level; prices are dollars. What has a
default may be left out. A gigabyte is 2^30 bytes, as the providers bill it.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

from skylog.errors import InvalidConfig

MONTH_S = 730 * 3600
"""A month of the providers' calculators: 730 hours."""

GB_BYTES = 1 << 30
"""Bytes that are billed as one GB."""

_PACKAGE = "skylog.storage.prices"


@dataclass(frozen=True, slots=True)
class PriceSheet:
    """Prices in dollars; traffic to and from the store within its region is free at all providers."""

    name: str
    """The service and its storage class."""
    region: str
    as_of: date
    """The day to which the prices were known; they change."""
    put_per_1000: float
    get_per_1000: float
    """Ranged GETs cost the same."""
    list_per_1000: float
    storage_per_gb_month: float
    sources: tuple[str, ...] = ()
    """The provider's own pages."""
    delete_per_1000: float = 0.0
    upload_per_gb: float = 0.0
    """For each GB of a PUT; few storage classes ask it."""
    retrieval_per_gb: float = 0.0
    """For each GB of a GET; few storage classes ask it."""
    cross_zone_out_per_gb: float = 0.0
    """From a machine to one in another zone, billed to the sender."""
    cross_zone_in_per_gb: float = 0.0
    """The same traffic, billed to the receiver."""
    disk_name: str = "disk"
    """What a classic broker would keep its log on."""
    disk_per_gb_month: float = 0.0

    @property
    def cross_zone_per_gb(self) -> float:
        """What a GB between zones costs, both ends together."""
        return self.cross_zone_out_per_gb + self.cross_zone_in_per_gb

    def request_dollars(
        self, puts: float = 0.0, gets: float = 0.0, lists: float = 0.0, deletes: float = 0.0
    ) -> float:
        """Return what so many requests cost, without their bytes."""
        return (
            puts * self.put_per_1000
            + gets * self.get_per_1000
            + lists * self.list_per_1000
            + deletes * self.delete_per_1000
        ) / 1000

    def transfer_dollars(self, put_bytes: float = 0.0, get_bytes: float = 0.0) -> float:
        """Return what the bytes of PUTs and GETs cost."""
        return (put_bytes * self.upload_per_gb + get_bytes * self.retrieval_per_gb) / GB_BYTES


def sheet_names() -> list[str]:
    """Return the names of the sheets that come with skylog."""
    return sorted(entry.name[: -len(".toml")] for entry in files(_PACKAGE).iterdir() if _is_sheet(entry.name))


def load_prices(name: str) -> PriceSheet:
    """Return the sheet of that name, or what the TOML file of that path says.

    Raises
    ------
    InvalidConfig
        No such sheet or file, or what it says cannot be; the message names the file and the field.
    """
    if name in sheet_names():
        return parse_prices((files(_PACKAGE) / f"{name}.toml").read_text(encoding="utf-8"), f"{name}.toml")
    if not _is_sheet(name):
        known = ", ".join(sheet_names())
        raise InvalidConfig(f"prices: expected {known} or a FILE.toml, found {name!r}")
    try:
        return parse_prices(Path(name).read_text(encoding="utf-8"), name)
    except OSError as error:
        raise InvalidConfig(f"prices {name}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidConfig(f"prices {name}: expected text in UTF-8, {error.reason}") from error


def parse_prices(text: str, where: str) -> PriceSheet:
    """Return the sheet that TOML `text` says; `where` names it in errors (`InvalidConfig`)."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidConfig(f"prices {where}: {error}") from error
    _check_names(values, where)
    return PriceSheet(**{name: _value(name, value, where) for name, value in values.items()})


def _is_sheet(name: str) -> bool:
    return name.endswith(".toml")


def _check_names(values: Mapping[str, Any], where: str) -> None:
    known = {field.name: field.default is MISSING for field in fields(PriceSheet)}
    for name in values:
        if name not in known:
            raise InvalidConfig(f"prices {where}: {name}: expected one of {', '.join(known)}")
    for name, required in known.items():
        if required and name not in values:
            raise InvalidConfig(f"prices {where}: {name}: expected a value, found none")


def _value(name: str, value: Any, where: str) -> Any:
    """Return a field's value as `PriceSheet` holds it."""
    if name in {"name", "region", "disk_name"}:
        expected, right = "a text", isinstance(value, str)
    elif name == "as_of":
        expected, right = "a date such as 2025-06-01", type(value) is date
    elif name == "sources":
        expected, right = "a list of texts", _is_texts(value)
        value = tuple(value) if isinstance(value, list) else value
    else:
        expected, right = "dollars, 0 or more", _is_price(value)
    if not right:
        raise InvalidConfig(f"prices {where}: {name}: expected {expected}, found {value!r}")
    return value


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _is_price(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
