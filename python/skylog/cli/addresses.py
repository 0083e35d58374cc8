"""``HOST:PORT`` as people write it."""

from __future__ import annotations

import re

import typer

_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.%a-z]+)\]|(?P<host>[^:\[\]\s]*))(?::(?P<port>[0-9]{1,5}))?")


def parse_address(text: str, option: str, host: str, port: int) -> tuple[str, int]:
    """Return host and port; what `text` leaves out is taken from `host` and `port`.

    Raises `typer.BadParameter`, a usage error that names `option`.
    """
    match = _ADDRESS.fullmatch(text)
    number = port if match is None or match["port"] is None else int(match["port"])
    if match is None or not text or number > 65535:
        raise typer.BadParameter(
            f"expected HOST:PORT, for instance 127.0.0.1:9092 or [::1]:9092, found {text!r}",
            param_hint=option,
        )
    return match["six"] or match["host"] or host, number


def format_address(host: str, port: int) -> str:
    """Return ``HOST:PORT``, with brackets where the host has colons itself."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
