"""Messages as plain dicts to bytes and back, by functions compiled from the table of facts when first needed.

A body has the official field names in snake_case and the same shape for all versions: decoding fills in the
defaults of fields that the version lacks, encoding leaves such fields out and fills in what was not given.
Identities are 16 bytes, null is None. Whatever does not fit raises `InvalidRequest` with the place.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from skylog.errors import InvalidRequest
from skylog.wire.compiler import Decoder, Encoder
from skylog.wire.decoding import compile_decoder
from skylog.wire.encoding import compile_encoder
from skylog.wire.exchange import Body
from skylog.wire.facts import Direction, Message
from skylog.wire.frames import (
    decode_response_header,
    request_header,
    response_header,
    skip_header_tags,
    with_length,
)
from skylog.wire.schemas import MESSAGES

MEMORY_BYTES_MAX: Final = 128 * 1024 * 1024
"""What the objects of one decoded message may take, its strings and bytes apart."""
_MEMORY_BYTES_FREE: Final = 1024 * 1024
_MEMORY_PER_BYTE: Final = 64


def memory_bytes(size: int) -> int:
    """Return what the objects of a message of `size` bytes may take, its strings and bytes apart.

    A struct of a few bytes becomes a dict of hundreds; real messages, with names in them, stay far below.
    """
    return min(_MEMORY_BYTES_FREE + _MEMORY_PER_BYTE * size, MEMORY_BYTES_MAX)


@cache
def message(api_key: int, direction: Direction) -> Message:
    """Return the facts of a message. Raises `InvalidRequest` for a key that clients cannot use."""
    build = MESSAGES.get((api_key, direction))
    if build is None:
        raise InvalidRequest(f"api key: expected one that clients may use, found {api_key}")
    return build()


def _message_at(api_key: int, version: int, direction: Direction) -> Message:
    facts = message(api_key, direction)
    if not facts.since <= version <= facts.until:
        raise InvalidRequest(
            f"{facts.name}: expected a version from {facts.since} to {facts.until}, found {version}"
        )
    return facts


@cache
def decoder(api_key: int, version: int, direction: Direction) -> Decoder:
    """Return the compiled decoder of one version of a message."""
    return compile_decoder(_message_at(api_key, version, direction), version)


@cache
def encoder(api_key: int, version: int, direction: Direction) -> Encoder:
    """Return the compiled encoder of one version of a message."""
    return compile_encoder(_message_at(api_key, version, direction), version)


def request_is_flexible(api_key: int, version: int) -> bool:
    """Tell whether a request version has compact lengths and tagged fields, in its header too."""
    return version >= message(api_key, "request").flexible


def decode_request(api_key: int, version: int, data: bytes | memoryview, position: int) -> Body:
    """Decode a request whose header was read up to and with its client id.

    Bytes after the body are ignored, as in Kafka.

    Parameters
    ----------
    data : bytes or memoryview
        The frame without its length.
    position : int
        Where the header's tagged fields stand in a flexible version, the body in others.

    Raises
    ------
    InvalidRequest
        An unknown key or version, or data that the version's schema does not allow.
    """
    decode = decoder(api_key, version, "request")
    frame = bytes(data)
    if request_is_flexible(api_key, version):
        position = skip_header_tags(frame, position)
    return decode(frame, position, memory_bytes(len(frame)))[0]


def encode_response(api_key: int, version: int, correlation_id: int, body: Body) -> bytes:
    """Return a whole response frame, length and header included.

    Raises
    ------
    InvalidRequest
        A field that no version of the response has, or a value that its field cannot hold.
    """
    flexible = request_is_flexible(api_key, version)
    parts = [response_header(api_key, correlation_id, flexible=flexible)]
    encoder(api_key, version, "response")(body, parts.append)
    return with_length(parts)


def encode_request(
    api_key: int, version: int, correlation_id: int, body: Body, client_id: str | None = None
) -> bytes:
    """Return a whole request frame, length and header included."""
    flexible = request_is_flexible(api_key, version)
    parts = [request_header(api_key, version, correlation_id, client_id, flexible=flexible)]
    encoder(api_key, version, "request")(body, parts.append)
    return with_length(parts)


def decode_response(api_key: int, version: int, data: bytes | memoryview) -> tuple[int, Body]:
    """Return the correlation id and the body of a response frame without its length."""
    decode = decoder(api_key, version, "response")
    frame = bytes(data)
    flexible = request_is_flexible(api_key, version)
    correlation_id, position = decode_response_header(api_key, frame, flexible=flexible)
    return correlation_id, decode(frame, position, memory_bytes(len(frame)))[0]
