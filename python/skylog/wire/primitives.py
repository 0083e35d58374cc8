"""The protocol's primitive types, and the few functions that generated code calls.

Errors are plain `ValueError`s here; the generated function around them adds which field of which message at
which position.
"""

from __future__ import annotations

from struct import Struct, pack, unpack_from
from typing import Any, Final, NoReturn

FORMATS: Final = {
    "bool": "?",
    "int8": "b",
    "int16": "h",
    "int32": "i",
    "int64": "q",
    "uint16": "H",
    "float64": "d",
    "uuid": "16s",
}
"""How `struct` calls the types of fixed size; all of the others start with a length."""

SIZES: Final = {kind: Struct(f">{letter}").size for kind, letter in FORMATS.items()}

SHORT_VARINTS: Final = tuple(bytes([n]) for n in range(128))

_VARINT_SIZE_MAX: Final = 5


def encode_varint(value: int) -> bytes:
    """Return an unsigned integer in groups of seven bits, the lowest first."""
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def decode_varint(data: bytes, position: int) -> tuple[int, int]:
    """Return an unsigned integer of at most five bytes and the position after it.

    Raises
    ------
    ValueError
        A sixth byte would follow.
    IndexError
        The data ends before the integer does.
    """
    value = 0
    for shift in range(0, 7 * _VARINT_SIZE_MAX, 7):
        byte = data[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
    raise ValueError(f"expected a varint of at most {_VARINT_SIZE_MAX} bytes, found a longer one")


def encode_tags(tags: list[tuple[int, bytes]]) -> bytes:
    """Return tagged fields, given in the order of their numbers, with their count."""
    parts = [encode_varint(len(tags))]
    for tag, value in tags:
        parts += (encode_varint(tag), encode_varint(len(value)), value)
    return b"".join(parts)


def decode_tag(data: bytes, position: int) -> tuple[int, int, int]:
    """Return a tagged field's number, the position of its value and the position after it."""
    tag, position = decode_varint(data, position)
    size, position = decode_varint(data, position)
    if size > len(data) - position:
        raise ValueError(f"expected {size} bytes of tag {tag}, found {len(data) - position}")
    return tag, position, position + size


def skip_tags(count: int, data: bytes, position: int) -> int:
    """Return the position after so many tagged fields; the caller has bounded their count."""
    for _ in range(count):
        _, _, position = decode_tag(data, position)
    return position


def encode_numbers(letter: str, values: list[Any]) -> bytes:
    """Return the elements of an array of numbers, without their count."""
    return pack(f">{len(values)}{letter}", *values)


def decode_numbers(letter: str, count: int, data: bytes, position: int) -> list[Any]:
    """Return the elements of an array of numbers; the caller has bounded their count."""
    return list(unpack_from(f">{count}{letter}", data, position))


def decode_uuids(count: int, data: bytes, position: int) -> list[bytes]:
    """Return the elements of an array of identities; the caller has bounded their count."""
    return [data[start : start + 16] for start in range(position, position + 16 * count, 16)]


def refuse_null(size: int, left: int) -> NoReturn:
    """Say what is wrong with the size of a value that must not be null."""
    if size < 0:
        raise ValueError("expected a value, found null")
    raise ValueError(f"expected {size} bytes, found {left}")


def allow_null(size: int, left: int) -> None:
    """Return null for a negative size; a size that does not fit is an error."""
    if size >= 0:
        refuse_null(size, left)


def refuse_count(count: int, left: int, room: int) -> NoReturn:
    """Say why an array of `count` elements cannot be: there is no such data, or it is all headers."""
    if room < 0:
        raise ValueError(f"expected a message that fits its memory, found {count} more elements")
    raise ValueError(f"expected {count} elements, found {left} bytes")


def refuse_end(position: int, after: int) -> NoReturn:
    """Say that a tagged value is not as long as its size says."""
    raise ValueError(f"expected the tagged value to end at position {after}, found its end at {position}")


def refuse_text(value: str) -> NoReturn:
    """Say that a string stands where a list of strings should: it would be written letter by letter."""
    raise ValueError(f"expected a list of strings, found {value!r}")


def refuse_uuid(value: bytes) -> NoReturn:
    """Say what is wrong with an identity."""
    raise ValueError(f"expected 16 bytes, found {len(value)}")


def refuse_names(given: dict[str, Any], known: dict[str, Any]) -> NoReturn:
    """Name the fields that a message does not have in any version."""
    raise ValueError(f"expected fields of {sorted(known)}, found {sorted(given.keys() - known.keys())}")
