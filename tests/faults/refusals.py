"""Answers that a store's front gives without the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

from faults.http import Head
from faults.rules import Fault

REFUSALS: dict[Fault, tuple[int, str, str, str]] = {
    Fault.SLOW_DOWN: (503, "Slow Down", "SlowDown", "Please reduce your request rate."),
    Fault.INTERNAL_ERROR: (
        500,
        "Internal Server Error",
        "InternalError",
        "We encountered an internal error.",
    ),
    Fault.TIME_SKEWED: (
        403,
        "Forbidden",
        "RequestTimeTooSkewed",
        "The difference between the request time and the server's time is too large.",
    ),
    Fault.NOT_FOUND: (404, "Not Found", "NoSuchKey", "The specified key does not exist."),
}
"""Status, reason, S3's code, message."""


def refusal(fault: Fault, key: str, skew_s: float) -> tuple[Head, bytes]:
    """Return head and body of an answer as S3 writes them."""
    status, reason, code, message = REFUSALS[fault]
    skew = timedelta(seconds=skew_s if fault is Fault.TIME_SKEWED else 0)
    now = datetime.now(UTC) + skew
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message>'
        f"<Key>{key}</Key><ServerTime>{now:%Y-%m-%dT%H:%M:%SZ}</ServerTime>"
        "<RequestId>F4ULT</RequestId></Error>"
    ).encode()
    fields = [
        ("Content-Type", "application/xml"),
        ("Content-Length", str(len(body))),
        ("Date", format_datetime(now, usegmt=True)),
    ]
    return Head(f"HTTP/1.1 {status} {reason}", fields), body


def shift_date(head: Head, skew_s: float) -> Head:
    """Return a head whose Date is off."""
    told = head.get("date")
    now = parsedate_to_datetime(told) if told else datetime.now(UTC)
    return head.with_field("Date", format_datetime(now + timedelta(seconds=skew_s), usegmt=True))
