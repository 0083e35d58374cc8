"""The same messages by two other libraries, between bytes and bodies in our shape."""

from __future__ import annotations

import dataclasses
import importlib
import io
import types
import typing
import uuid
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Protocol

from kafka.protocol.data_container import DataContainer
from kafka.protocol.schemas import StructField, load_json
from kio.schema.errors import ErrorCode as KioErrorCode
from kio.schema.index import api_key_map, schema_name_map
from kio.serial import entity_reader, entity_writer

from skylog.wire.facts import Direction, Field, Message


class Rival(Protocol):
    """One version of one message by another library."""

    def encode(self, body: dict[str, Any]) -> bytes: ...

    def decode(self, data: bytes) -> dict[str, Any]:
        """Return the body; all of the data must be used."""
        ...


class Kio:
    """kio: a dataclass for each version, times as dates, zero identities as None."""

    def __init__(self, api_key: int, version: int, direction: Direction, message: Message) -> None:
        versions = schema_name_map[api_key_map[api_key]]
        path = {kind.name: path for kind, path in versions[version].items()}[direction]
        module, name = path.split(":")
        self._class = getattr(importlib.import_module(module), name)
        self._message = message
        self._read = entity_reader(self._class)
        self._write = entity_writer(self._class)

    def encode(self, body: dict[str, Any]) -> bytes:
        out = io.BytesIO()
        self._write(out, _to_kio(self._class, body))
        return out.getvalue()

    def decode(self, data: bytes) -> dict[str, Any]:
        entity, size = self._read(data, 0)
        assert size == len(data)
        return _from_kio(entity, self._message.fields)


def _our_name(field: dataclasses.Field[Any]) -> str:
    is_time = field.metadata.get("kafka_type", "").startswith(("timedelta_", "datetime_"))
    return field.name + "_ms" if is_time else field.name


def _to_kio(class_: type, body: dict[str, Any]) -> Any:
    fields = {_our_name(field): field for field in dataclasses.fields(class_)}
    assert fields.keys() == body.keys()
    return class_(**{fields[name].name: _value_to_kio(fields[name], value) for name, value in body.items()})


def _value_to_kio(field: dataclasses.Field[Any], value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_element_to_kio(field, element) for element in value)
    return None if value is None else _element_to_kio(field, value)


def _element_to_kio(field: dataclasses.Field[Any], value: Any) -> Any:
    kind = field.metadata.get("kafka_type", "struct")
    if kind == "struct":
        return _to_kio(_struct_of(field), value)
    if kind == "uuid":
        return uuid.UUID(bytes=value) if any(value) else None
    if kind == "error_code":
        return KioErrorCode(value)
    if kind.startswith("timedelta_"):
        return timedelta(milliseconds=value)
    if kind == "datetime_i64":
        return None if value == -1 else datetime.fromtimestamp(value / 1000, UTC)
    return value


@cache
def _struct_of(field: dataclasses.Field[Any]) -> type:
    union = typing.get_origin(field.type) in {types.UnionType, typing.Union}
    for hint in typing.get_args(field.type) if union else (field.type,):
        inner = typing.get_args(hint)[0] if typing.get_origin(hint) is tuple else hint
        if dataclasses.is_dataclass(inner):
            return typing.cast(type, inner)
    raise AssertionError(field)


def _from_kio(entity: Any, facts: tuple[Field, ...]) -> Any:
    if entity is None:
        return None
    body = {fact.name: fact.default_value() for fact in facts}
    by_name = {fact.name: fact for fact in facts}
    for field in dataclasses.fields(entity):
        name = _our_name(field)
        body[name] = _value_from_kio(getattr(entity, field.name), by_name[name])
    return body


def _value_from_kio(value: Any, fact: Field) -> Any:
    if isinstance(value, tuple):
        return [_value_from_kio(element, fact._replace(array=False)) for element in value]
    if fact.type == "struct":
        return _from_kio(value, fact.fields)
    if fact.type == "uuid" and not fact.array:
        return bytes(16) if value is None else value.bytes
    if isinstance(value, timedelta):
        return value // timedelta(milliseconds=1)
    if isinstance(value, datetime):
        return round(value.timestamp() * 1000)
    return -1 if value is None and fact.name == "log_append_time_ms" else value


class KafkaPython:
    """kafka-python: compiled from Kafka's schema files, objects with attributes, null identities as None.

    Built here from the files as they are: its own classes rename some fields.
    """

    def __init__(self, version: int, message: Message) -> None:
        self._class, self._struct = _kafka_python_struct(message.name)
        self._version = version
        self._message = message
        self._flexible = version >= message.flexible

    def encode(self, body: dict[str, Any]) -> bytes:
        item = _to_kafka_python(self._class, self._message.fields, body, self._version)
        return bytes(self._struct.encode(item, self._version, self._flexible, self._flexible))

    def decode(self, data: bytes) -> dict[str, Any]:
        stream = io.BytesIO(data)
        item = self._struct.decode(stream, self._version, self._flexible, self._flexible)
        assert stream.read() == b""
        return _from_kafka_python(item, self._message.fields, self._version)


@cache
def _kafka_python_struct(name: str) -> tuple[type, StructField]:
    struct = StructField(load_json(name))
    class_ = type(name, (DataContainer,), {"_struct": struct})
    struct.set_data_class(class_)
    return class_, struct


def _to_kafka_python(class_: Any, facts: tuple[Field, ...], body: dict[str, Any], version: int) -> Any:
    values = {}
    for fact in facts:
        if fact.exists(version) and (fact.tag is None or body[fact.name] != fact.default_value()):
            inner = class_._struct.fields[fact.name]
            values[fact.name] = _value_to_kafka_python(inner, fact, body[fact.name], version)
    return class_(version=version, **values)


def _value_to_kafka_python(field: Any, fact: Field, value: Any, version: int) -> Any:
    if value is None:
        return None
    if isinstance(value, list):
        one = fact._replace(array=False)
        return [_value_to_kafka_python(field, one, element, version) for element in value]
    if fact.type == "struct":
        return _to_kafka_python(field.data_class, fact.fields, value, version)
    return uuid.UUID(bytes=value) if fact.type == "uuid" else value


def _from_kafka_python(item: Any, facts: tuple[Field, ...], version: int) -> Any:
    body = {}
    for fact in facts:
        value = getattr(item, fact.name) if fact.exists(version) else None
        absent = value is None and not fact.nullable(version)
        body[fact.name] = fact.default_value() if absent else _value_from_kafka_python(value, fact, version)
        if not fact.exists(version):
            body[fact.name] = fact.default_value()
    return body


def _value_from_kafka_python(value: Any, fact: Field, version: int) -> Any:
    if value is None:
        return None
    if fact.array:
        one = fact._replace(array=False)
        return [_value_from_kafka_python(element, one, version) for element in value]
    if fact.type == "struct":
        return _from_kafka_python(value, fact.fields, version)
    if fact.type == "uuid":
        return value.bytes
    return bytes(value) if fact.type in {"bytes", "records"} else value


def rivals_of(api_key: int, version: int, direction: Direction, message: Message) -> list[Rival]:
    """Return the libraries that know this version."""
    found: list[Rival] = [Kio(api_key, version, direction, message)]
    try:
        found.append(KafkaPython(version, message))
    except FileNotFoundError:
        return found
    return found
