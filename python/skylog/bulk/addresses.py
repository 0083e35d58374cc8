"""Where brokers are: ``HOST:PORT``, several with commas between."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, TypeAlias

Address: TypeAlias = tuple[str, int]

DEFAULT_PORT: Final = 9092

_ADDRESS: Final = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.%a-z]+)\]|(?P<host>[^:\[\]\s,/]+))(?::(?P<port>[0-9]{1,5}))?"
)


def parse_bootstrap(bootstrap: str | Sequence[str]) -> list[Address]:
    """Return the addresses of a bootstrap list. Raises `ValueError` for one that cannot be read."""
    texts = bootstrap.split(",") if isinstance(bootstrap, str) else bootstrap
    addresses = [_parse(text.strip()) for text in texts]
    if not addresses:
        raise ValueError("bootstrap: expected HOST:PORT, found an empty list")
    return addresses


def format_address(address: Address) -> str:
    """Return ``HOST:PORT``, with brackets where the host has colons itself."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _parse(text: str) -> Address:
    match = _ADDRESS.fullmatch(text)
    port = int(match["port"]) if match and match["port"] else DEFAULT_PORT
    if match is None or port > 65535:
        raise ValueError(
            f"bootstrap: expected HOST:PORT, for instance 127.0.0.1:9092 or [::1]:9092, found {text!r}"
        )
    return match["six"] or match["host"], port
