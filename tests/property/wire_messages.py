"""Random bodies of any message in any version, drawn from the table of facts."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from skylog.wire.codes import ErrorCode
from skylog.wire.facts import Field, Message

INTEGERS = {
    "int8": (-(2**7), 2**7 - 1),
    "int16": (-(2**15), 2**15 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint16": (0, 2**16 - 1),
}

LONG_TEXTS = ("x" * 126, "x" * 127, "x" * 128, "é" * 100, "𝄞" * 5000)
"""Around the places where a length takes another byte."""

TEXTS = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(LONG_TEXTS)
BYTES = st.binary(max_size=6) | st.sampled_from((b"\xff" * 127, b"\0" * 20_000))
ERROR_CODES = st.sampled_from([int(code) for code in ErrorCode])
SECONDS = st.integers(0, 2**32).map(lambda seconds: 1000 * seconds)
"""What the rivals' dates can hold."""


def bodies(message: Message, version: int) -> st.SearchStrategy[dict[str, Any]]:
    """Return bodies with all fields that the version has."""
    return _structs(message.fields, version)


def complete(fields: tuple[Field, ...], body: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the body in the shape of all versions, which is how it must come back."""
    if body is None:
        return None
    return {field.name: _complete(field, body) for field in fields}


def _complete(field: Field, body: dict[str, Any]) -> Any:
    value = body.get(field.name, field.default_value())
    if field.type != "struct" or value is None:
        return value
    if field.array:
        return [complete(field.fields, element) for element in value]
    return complete(field.fields, value)


def _structs(fields: tuple[Field, ...], version: int) -> st.SearchStrategy[dict[str, Any]]:
    present = [field for field in fields if field.exists(version)]
    return st.fixed_dictionaries({field.name: _values(field, version) for field in present})


def _values(field: Field, version: int) -> st.SearchStrategy[Any]:
    values = _elements(field, version)
    if field.array:
        values = st.lists(values, max_size=3)
    # A tagged field's null is its absence, so only one whose default is null can show it.
    if field.nullable(version) and (field.tag is None or field.default is None):
        values = st.none() | values
    return st.just(field.default_value()) | values if field.tag is not None else values


def _elements(field: Field, version: int) -> st.SearchStrategy[Any]:
    if field.type == "struct":
        return _structs(field.fields, version)
    if field.name.endswith("error_code"):
        return ERROR_CODES
    if field.type == "int64" and field.name.endswith("_ms"):
        return SECONDS
    if field.type in INTEGERS:
        return st.integers(*INTEGERS[field.type])
    return {
        "bool": st.booleans(),
        "float64": st.floats(allow_nan=False, allow_infinity=False),
        "uuid": st.just(bytes(16)) | st.binary(min_size=16, max_size=16),
        "string": TEXTS,
    }.get(field.type, BYTES)
