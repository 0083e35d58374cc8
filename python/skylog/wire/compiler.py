"""From facts to functions: Python source specialised to one version of one message.

Adjacent fields of fixed size, with the length of what follows, are one `struct` call; versions, nullability
and defaults are decided while the source is written, so that nothing of them is left to do per message.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from struct import Struct
from struct import error as StructError  # noqa: N812
from typing import Any, Final, NoReturn, TypeAlias

from skylog.errors import InvalidRequest
from skylog.wire import primitives
from skylog.wire.facts import Field, Message
from skylog.wire.primitives import FORMATS, SIZES

Decoder: TypeAlias = Callable[[bytes, int, int], tuple[dict[str, Any], int]]
"""Takes the data, a position and the bytes of memory it may use; returns the body and where it ends."""

Encoder: TypeAlias = Callable[[dict[str, Any], Callable[[bytes], None]], None]
"""Takes the body and where its parts go, in order."""

LIST_BYTES: Final = 64
VALUE_BYTES: Final = 64
"""About what a Python list, number, string or bytes object takes besides what it holds."""


class Writer:
    """Source under construction, one message in one version.

    Attributes
    ----------
    names : dict
        What the source refers to.
    run : list of (str, str, str)
        Adjacent values of fixed size that still wait for their common `struct` call: each with its format
        and the path of its field.
    """

    def __init__(self, message: Message, version: int) -> None:
        self.title: Final = f"{message.name} v{version}"
        self.version: Final = version
        self.flexible: Final = version >= message.flexible
        self.names: Final[dict[str, Any]] = {**vars(primitives), "ERRORS": ERRORS}
        self.run: Final[list[tuple[str, str, str]]] = []
        self._lines: Final[list[str]] = []
        self._where: Final[list[str]] = []
        self._path: Final[list[str]] = []
        self._depth = 0
        self._variables = 0

    @property
    def path(self) -> str:
        """The present field, from the body down."""
        return ".".join(self._path) or "body"

    def line(self, text: str, path: str | None = None) -> None:
        """Add a line that serves the present field, or the one at `path`."""
        self._lines.append("    " * self._depth + text)
        self._where.append(path or self.path)

    def wait(self, value: str, letter: str) -> None:
        """Add a value of fixed size to the run."""
        self.run.append((value, letter, self.path))

    def take_run(self) -> tuple[list[str], Struct, str]:
        """Return the run's values, their `struct` and where they belong, and start a new one."""
        layout = Struct(">" + "".join(letter for _, letter, _ in self.run))
        values = [value for value, letter, _ in self.run if letter != "x"]
        first, last = self.run[0][2], self.run[-1][2]
        self.run.clear()
        return values, layout, first if first == last else f"{first} to {last}"

    def variable(self) -> str:
        """Return a new name."""
        self._variables += 1
        return f"v{self._variables}"

    def constant(self, value: Any) -> str:
        """Return a new name bound to `value`."""
        name = f"c{len(self.names)}"
        self.names[name] = value
        return name

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Indent what is added under `head`."""
        self.line(head)
        self._depth += 1
        yield
        self._depth -= 1

    @contextmanager
    def field(self, field: Field) -> Iterator[None]:
        """Attribute what is added to `field`."""
        self._path.append(field.name)
        yield
        self._path.pop()

    def present(self, fields: tuple[Field, ...]) -> list[Field]:
        """Return the fields that have their fixed place in this version, in order."""
        return [field for field in fields if field.exists(self.version) and field.tag is None]

    def tagged(self, fields: tuple[Field, ...]) -> list[Field]:
        """Return the tagged fields of this version in the order of their numbers."""
        found = [field for field in fields if field.exists(self.version) and field.tag is not None]
        return sorted(found, key=lambda field: field.tag or 0)

    def compile(self, name: str) -> Any:
        """Return the function `name` of the source."""
        self.names["fail"] = self._fail
        exec(compile("\n".join(self._lines), f"<{self.title}>", "exec"), self.names)
        return self.names[name]

    def _fail(self, error: Exception, position: int | None = None) -> NoReturn:
        """Say where the generated function stood when `error` came up: each of its lines has its field."""
        line = error.__traceback__.tb_lineno if error.__traceback__ else 1
        at = "" if position is None else f" at position {position}"
        reason = str(error)
        if isinstance(error, UnicodeDecodeError):
            reason = f"expected UTF-8, found byte {error.object[error.start]:#x}"
        elif isinstance(error, IndexError | StructError) and position is not None:
            reason = "expected more bytes, found the end"
        raise InvalidRequest(f"{self.title}: {self._where[line - 1]}{at}: {reason}") from error


ERRORS: Final = (ValueError, TypeError, AttributeError, LookupError, StructError)
"""All that malformed data, or a body of the wrong shape, can raise in generated code."""


def element_bytes(field: Field) -> int:
    """Return about what one element of an array takes as a Python object, its content apart."""
    if field.type != "struct":
        return VALUE_BYTES
    inner = sum(LIST_BYTES if f.array else element_bytes(f) for f in field.fields)
    return sys.getsizeof(dict.fromkeys(f.name for f in field.fields)) + inner


def element_size_min(field: Field, version: int, *, flexible: bool) -> int:
    """Return the fewest bytes that one element of an array takes on the wire, at least 1."""
    if field.type in FORMATS:
        return SIZES[field.type]
    if field.type != "struct":
        return 1 if flexible else 2 if field.type == "string" else 4
    total = 1 if flexible else 0
    for inner in field.fields:
        if inner.exists(version) and inner.tag is None:
            total += _size_min(inner, version, flexible=flexible)
    return max(total, 1)


def _size_min(field: Field, version: int, *, flexible: bool) -> int:
    if field.array:
        return 1 if flexible else 4
    if field.type == "struct" and field.nullable(version):
        return 1
    return element_size_min(field, version, flexible=flexible)
