"""Kafka's error numbers as names."""

from __future__ import annotations

from typing import Final

from skylog.wire.codes import ErrorCode

_KNOWN: Final = {int(code): code for code in ErrorCode}


def known_code(code: int) -> ErrorCode:
    """Return the error of a number; UNKNOWN_SERVER_ERROR for one that is newer than we are."""
    return _KNOWN.get(code, ErrorCode.UNKNOWN_SERVER_ERROR)


def error_name(code: int) -> str:
    """Return Kafka's name of an error number."""
    return _KNOWN[code].name if code in _KNOWN else f"error {code}"
