"""What a message of Kafka's protocol is made of: the vocabulary in which `schemas.py` states its facts."""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple, TypeAlias

Direction: TypeAlias = Literal["request", "response"]

LAST: Final = 32767
"""The `until` of a field that was never removed."""

IMPLICIT: Final[Any] = object()
"""The `default` of a field that has the one of its type: zero, empty, false, no identity."""

NO_UUID: Final = bytes(16)

_IMPLICIT_DEFAULTS: Final[dict[str, Any]] = {
    "bool": False,
    "float64": 0.0,
    "string": "",
    "bytes": b"",
    "records": None,
    "uuid": NO_UUID,
}


class Field(NamedTuple):
    """One field of a message, over all versions.

    Attributes
    ----------
    name : str
        The official name in snake_case.
    type : str
        bool, int8 to int64, uint16, float64, string, bytes, records, uuid or struct; of an element where
        `array` is set.
    since, until : int
        First and last version that has the field.
    null_since : int, optional
        First version in which it may be null.
    tag : int, optional
        Its number, if it is a tagged field.
    default : object
        What stands for it where the version lacks it.
    array : bool
        Whether it is an array of `type`.
    fields : tuple of Field
        What a struct is made of, in the order of the wire.
    """

    name: str
    type: str
    since: int
    until: int = LAST
    null_since: int | None = None
    tag: int | None = None
    default: Any = IMPLICIT
    array: bool = False
    fields: tuple[Field, ...] = ()

    def exists(self, version: int) -> bool:
        """Tell whether the version has the field."""
        return self.since <= version <= self.until

    def nullable(self, version: int) -> bool:
        """Tell whether the field may be null in the version."""
        return self.null_since is not None and version >= self.null_since

    def default_value(self) -> Any:
        """Return a fresh default, the same for all versions."""
        if self.default is not IMPLICIT:
            return self.default
        if self.array:
            return []
        if self.type == "struct":
            return {field.name: field.default_value() for field in self.fields}
        return _IMPLICIT_DEFAULTS.get(self.type, 0)


class Message(NamedTuple):
    """A request, a response or a blob inside of one, over versions `since` to `until`.

    From version `flexible` on lengths are compact and structs end with tagged fields.
    """

    name: str
    since: int
    until: int
    flexible: int
    fields: tuple[Field, ...]
