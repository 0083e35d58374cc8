#!/usr/bin/env python3
"""Write python/skylog/wire/schemas.py from the metadata of kio, the facts of all versions merged.

Without arguments it writes the table; with --check it fails if the committed one is stale.
"""

from __future__ import annotations

import dataclasses
import importlib
import sys
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

from kio.schema.index import api_key_map, schema_name_map

from skylog.wire.facts import IMPLICIT, LAST, Field, Message

TABLE = Path(__file__).resolve().parent.parent / "python" / "skylog" / "wire" / "schemas.py"

INTERNAL_KEYS = {4, 5, 6, 7, 52, 53, 54, 56, 58, 59, 62, 63, 67, 70, 73, *range(80, 88), 93}
"""Spoken between brokers and controllers only."""

BLOBS = ("consumer_protocol_subscription", "consumer_protocol_assignment")
"""What consumers exchange inside of JoinGroup and SyncGroup."""

WIRE_TYPES = {
    "error_code": "int16",
    "timedelta_i32": "int32",
    "timedelta_i64": "int64",
    "datetime_i64": "int64",
}
"""kio's own types and what they are on the wire; its names for times leave out the official `Ms`."""

NEVER_FLEXIBLE = LAST

HEADER = '''"""The facts of Kafka's protocol: which field stands where, in which versions, of which type.

Generated from kio {kio} by scripts/generate_schemas.py; do not edit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from skylog.wire.facts import Direction, Message
from skylog.wire.facts import Field as F

'''

FOOTER = '''}
"""Every message that a client may send or get, by API key and direction; built when first asked for."""
'''


def versions_of(name: str, entity: str) -> dict[int, type]:
    """Return kio's top class of a message for each version."""
    found = {}
    for version, entities in sorted(schema_name_map[name].items()):
        for kind, path in entities.items():
            if kind.name == entity:
                module, class_name = path.split(":")
                found[version] = getattr(importlib.import_module(module), class_name)
    return found


def merge_order(sequences: Iterable[Sequence[str]]) -> list[str]:
    """Return one order of all names in which every sequence keeps its own."""
    sequences = list(sequences)
    merged: list[str] = []
    for names in reversed(sequences):
        place = 0
        for name in names:
            if name not in merged:
                merged.insert(place, name)
            place = merged.index(name) + 1
    for names in sequences:
        if [name for name in merged if name in names] != list(names):
            raise SystemExit(f"field order differs between versions: {names} in {merged}")
    return merged


def merge_struct(classes: Mapping[int, type]) -> tuple[Field, ...]:
    """Merge the versions of a struct into one tuple of fields."""
    by_version = {v: {f.name: f for f in dataclasses.fields(c)} for v, c in classes.items()}
    order = merge_order([list(fields) for fields in by_version.values()])
    last = max(classes)
    return tuple(
        merge_field({v: fields[name] for v, fields in by_version.items() if name in fields}, last)
        for name in order
    )


def merge_field(versions: Mapping[int, dataclasses.Field[Any]], last: int) -> Field:
    """Merge the versions of a field; facts that should agree and do not are an error."""
    name, kind, array = only({(official_name(f), wire_type(f), is_array(f)) for f in versions.values()})
    present = sorted(versions)
    require(present == list(range(present[0], present[-1] + 1)), f"{name}: a gap in versions {present}")
    nullable = [v for v in present if is_nullable(versions[v])]
    require(nullable == present[len(present) - len(nullable) :], f"{name}: null in {nullable} of {present}")
    nested = {v: inner for v, f in versions.items() if (inner := struct_of(f))}
    return Field(
        name,
        kind,
        present[0],
        LAST if present[-1] == last else present[-1],
        nullable[0] if nullable else None,
        only({f.metadata.get("tag") for f in versions.values()}),
        default_of(versions[present[-1]], kind, array=array),
        array,
        merge_struct(nested) if nested else (),
    )


def only(values: set[Any]) -> Any:
    """Return the single value of a set."""
    require(len(values) == 1, f"versions disagree: {values}")
    return next(iter(values))


def require(condition: bool, message: str) -> None:
    """Stop when kio no longer has the shape that this script expects."""
    if not condition:
        raise SystemExit(message)


def official_name(field: dataclasses.Field[Any]) -> str:
    """Return Kafka's name of a field in snake_case."""
    is_time = field.metadata.get("kafka_type", "").startswith(("timedelta_", "datetime_"))
    return f"{field.name}_ms" if is_time else field.name


def wire_type(field: dataclasses.Field[Any]) -> str:
    """Return the type of a field, or of its elements."""
    kind: str = field.metadata.get("kafka_type", "struct")
    return WIRE_TYPES.get(kind, kind)


def alternatives(hint: Any) -> tuple[Any, ...]:
    """Return the members of a union, or the hint alone."""
    is_union = typing.get_origin(hint) in {types.UnionType, typing.Union}
    return typing.get_args(hint) if is_union else (hint,)


def is_array(field: dataclasses.Field[Any]) -> bool:
    """Tell whether a field is an array."""
    return any(typing.get_origin(hint) is tuple for hint in alternatives(field.type))


def is_nullable(field: dataclasses.Field[Any]) -> bool:
    """Tell whether null is a value on the wire: kio's None is -1 for a date and zero for an identity."""
    flat = field.metadata.get("kafka_type") in {"datetime_i64", "uuid"} and not is_array(field)
    return not flat and type(None) in alternatives(field.type)


def struct_of(field: dataclasses.Field[Any]) -> type | None:
    """Return the class of a struct or of the structs in an array."""
    for hint in alternatives(field.type):
        inner = typing.get_args(hint)[0] if typing.get_origin(hint) is tuple else hint
        if dataclasses.is_dataclass(inner):
            return typing.cast(type, inner)
    return None


def default_of(field: dataclasses.Field[Any], kind: str, *, array: bool) -> Any:
    """Return the default as it is on the wire, IMPLICIT where it is the one of the type."""
    value = field.default
    if value is dataclasses.MISSING or dataclasses.is_dataclass(value):
        return IMPLICIT
    if field.metadata.get("kafka_type") == "datetime_i64" and value is None:
        return -1
    if isinstance(value, timedelta):
        value = value // timedelta(milliseconds=1)
    if kind == "uuid" and value is None and not array:
        return IMPLICIT
    plain = {"bool": bool, "float64": float, "string": str, "bytes": bytes}.get(kind, int)
    value = value if value is None or array else plain(value)
    implicit = Field("", kind, 0, array=array).default_value()
    return IMPLICIT if (list(value) if value == () else value) == implicit else value


def message_of(classes: Mapping[int, type]) -> Message:
    """Merge all versions of a message."""
    flexible = [v for v, c in classes.items() if c.__flexible__]  # type: ignore[attr-defined]
    require(list(classes) == list(range(min(classes), max(classes) + 1)), f"a gap in {list(classes)}")
    return Message(
        classes[max(classes)].__name__,
        min(classes),
        max(classes),
        min(flexible, default=NEVER_FLEXIBLE),
        merge_struct(classes),
    )


def render_field(field: Field, depth: int) -> str:
    """Write a field as source, one line each."""
    parts = [repr(field.name), repr(field.type), str(field.since)]
    if field.until != LAST:
        parts.append(f"until={field.until}")
    if field.null_since is not None:
        parts.append(f"null_since={field.null_since}")
    if field.tag is not None:
        parts.append(f"tag={field.tag}")
    if field.default is not IMPLICIT:
        parts.append(f"default={field.default!r}")
    if field.array:
        parts.append("array=True")
    if field.fields:
        parts.append(f"fields=({render_fields(field.fields, depth + 1)})")
    return "    " * depth + f"F({', '.join(parts)}),".replace("'", '"')


def render_fields(fields: Sequence[Field], depth: int) -> str:
    """Write the lines of a struct."""
    lines = "\n".join(render_field(field, depth) for field in fields)
    return f"\n{lines}\n{'    ' * (depth - 1)}" if lines else ""


def render_message(message: Message, depth: int) -> str:
    """Write a message as source."""
    head = f'"{message.name}", {message.since}, {message.until}, {message.flexible}'
    return f"lambda: Message({head}, ({render_fields(message.fields, depth + 1)}))"


def render() -> str:
    """Return the whole table as source."""
    parts = [HEADER.format(kio=installed_version("kio"))]
    parts.append("MESSAGES: Final[dict[tuple[int, Direction], Callable[[], Message]]] = {\n")
    for key, name in api_key_map.items():
        if key not in INTERNAL_KEYS:
            for direction in ("request", "response"):
                message = message_of(versions_of(name, direction))
                parts.append(f'    ({key}, "{direction}"): {render_message(message, 1)},\n')
    parts.append(FOOTER)
    for name in BLOBS:
        message = message_of(versions_of(name, "data"))
        parts.append(f"\n{name.upper()}: Final[Callable[[], Message]] = {render_message(message, 0)}\n")
    return "".join(parts)


def main(arguments: Sequence[str]) -> int:
    """Write or check the table."""
    table = render()
    if "--check" not in arguments:
        TABLE.write_text(table)
        return 0
    if TABLE.read_text() == table:
        return 0
    print(f"{TABLE} is stale: run scripts/generate_schemas.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
