"""Envelopes: the length and the header around a message.

A flexible version has tagged fields in its header too, of which none is defined. Two things stay as they were
in the first version, so that peers of any age can talk before they know each other: the client id is a plain
nullable string, and the header of an ApiVersions response never has tagged fields.
"""

from __future__ import annotations

from struct import error, pack, unpack_from
from typing import Final

from skylog.errors import InvalidRequest
from skylog.wire.primitives import decode_varint, skip_tags

PRODUCE: Final = 0
FETCH: Final = 1
API_VERSIONS: Final = 18

NO_TAGS: Final = b"\0"

HEADER_TAGS_MAX: Final = 64
"""None is defined; a few may come."""


def with_length(parts: list[bytes]) -> bytes:
    """Return the parts of a message as a frame."""
    message = b"".join(parts)
    return pack(">i", len(message)) + message


def response_header(api_key: int, correlation_id: int, *, flexible: bool) -> bytes:
    """Return the header of a response to a `flexible` request."""
    tags = NO_TAGS if flexible and api_key != API_VERSIONS else b""
    return pack(">i", correlation_id) + tags


def request_header(
    api_key: int, version: int, correlation_id: int, client_id: str | None, *, flexible: bool
) -> bytes:
    """Return the header of a request."""
    name = b"" if client_id is None else client_id.encode()
    size = -1 if client_id is None else len(name)
    return pack(">hhih", api_key, version, correlation_id, size) + name + (NO_TAGS if flexible else b"")


def skip_header_tags(frame: bytes, position: int) -> int:
    """Return the position after the tagged fields of a header."""
    try:
        count, fields = decode_varint(frame, position)
        if count > HEADER_TAGS_MAX:
            raise ValueError(f"{count} of them")
        return skip_tags(count, frame, fields)
    except (ValueError, IndexError) as cause:
        raise InvalidRequest(
            f"header at position {position}: expected up to {HEADER_TAGS_MAX} tagged fields, found {cause}"
        ) from cause


def decode_response_header(api_key: int, frame: bytes, *, flexible: bool) -> tuple[int, int]:
    """Return the correlation id of a response and the position of its body."""
    try:
        (correlation_id,) = unpack_from(">i", frame)
    except error as cause:
        raise InvalidRequest(f"header: expected 4 bytes, found {len(frame)}") from cause
    if flexible and api_key != API_VERSIONS:
        return correlation_id, skip_header_tags(frame, 4)
    return correlation_id, 4
