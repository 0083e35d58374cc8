"""Writes the source of a decoder."""

from __future__ import annotations

from typing import Final

from skylog.wire.compiler import Decoder, Writer, element_bytes, element_size_min
from skylog.wire.facts import Field, Message
from skylog.wire.primitives import FORMATS, SIZES

TAG_BYTES: Final = 32
"""What a tagged field is charged though it is skipped: what it takes is time."""
TAG_SIZE_MIN: Final = 2


def compile_decoder(message: Message, version: int) -> Decoder:
    """Return the decoder of one version of a message."""
    writer = _DecoderWriter(message, version)
    with writer.block("def decode(b, p, room):"):
        writer.line("end = len(b)")
        with writer.block("try:"):
            body = writer.struct(message.fields)
            writer.flush()
            writer.line(f"return {body}, p")
        with writer.block("except ERRORS as error:"):
            writer.line("fail(error, p)")
    decoder: Decoder = writer.compile("decode")
    return decoder


class _DecoderWriter(Writer):
    """`b` is the data, `p` the position in it; what returns a value returns the expression for it."""

    def flush(self) -> None:
        """Read the waiting run."""
        if self.run:
            names, layout, path = self.take_run()
            self.line(f"{', '.join(names)}, = {self.constant(layout.unpack_from)}(b, p)", path)
            self.line(f"p += {layout.size}")

    def struct(self, fields: tuple[Field, ...]) -> str:
        values = {field.name: self.default(field) for field in fields if not field.exists(self.version)}
        for field in self.present(fields):
            with self.field(field):
                values[field.name] = self.value(field)
        if self.flexible:
            values |= self.tags(self.tagged(fields))
        return "{" + ", ".join(f"{field.name!r}: {values[field.name]}" for field in fields) + "}"

    def default(self, field: Field) -> str:
        return repr(field.default_value())

    def value(self, field: Field) -> str:
        if field.array:
            return self.array(field)
        if field.type in FORMATS:
            return self.fixed(FORMATS[field.type])
        if field.type == "struct":
            return self.nullable_struct(field) if field.nullable(self.version) else self.struct(field.fields)
        return self.sized(field)

    def fixed(self, letter: str) -> str:
        name = self.variable()
        self.wait(name, letter)
        return name

    def length(self, letter: str) -> str:
        """Read the length of what follows; -1 is null."""
        if not self.flexible:
            name = self.fixed(letter)
            self.flush()
            return name
        name = self.fixed("B")
        self.flush()
        with self.block(f"if {name} > 127:"):
            self.line(f"{name}, p = decode_varint(b, p - 1)")
        self.line(f"{name} -= 1")
        return name

    def sized(self, field: Field) -> str:
        """Read a string or bytes."""
        size, value, after = self.length("h" if field.type == "string" else "i"), *self.variables(2)
        self.line(f"{after} = p + {size}")
        with self.block(f"if p <= {after} <= end:"):
            self.line(f"{value} = b[p:{after}]{'.decode()' if field.type == 'string' else ''}")
            self.line(f"p = {after}")
        with self.block("else:"):
            null = "allow_null" if field.nullable(self.version) else "refuse_null"
            self.line(f"{value} = {null}({size}, end - p)")
        return value

    def variables(self, count: int) -> list[str]:
        return [self.variable() for _ in range(count)]

    def nullable_struct(self, field: Field) -> str:
        """Read a struct behind a byte that is negative for null (KIP-893)."""
        mark, value = self.fixed("b"), self.variable()
        self.flush()
        with self.block(f"if {mark} < 0:"):
            self.line(f"{value} = None")
        with self.block("else:"):
            inner = self.struct(field.fields)
            self.flush()
            self.line(f"{value} = {inner}")
        return value

    def array(self, field: Field) -> str:
        count, value = self.length("i"), self.variable()
        size_min = element_size_min(field, self.version, flexible=self.flexible)
        with self.block(f"if {count} >= 0:"):
            self.charge(count, element_bytes(field), size_min)
            self.elements(field, count, value)
        with self.block("else:"):
            null = "allow_null" if field.nullable(self.version) else "refuse_null"
            self.line(f"{value} = {null}({count}, end - p)")
        return value

    def charge(self, count: str, object_bytes: int, size_min: int) -> None:
        """Refuse a count that the remaining data or the remaining memory cannot hold."""
        self.line(f"room -= {count} * {object_bytes}")
        with self.block(f"if {count} * {size_min} > end - p or room < 0:"):
            self.line(f"refuse_count({count}, end - p, room)")

    def elements(self, field: Field, count: str, value: str) -> None:
        if field.type == "uuid":
            self.line(f"{value} = decode_uuids({count}, b, p)")
            self.line(f"p += {count} * {SIZES[field.type]}")
        elif field.type in FORMATS:
            self.line(f"{value} = decode_numbers({FORMATS[field.type]!r}, {count}, b, p)")
            self.line(f"p += {count} * {SIZES[field.type]}")
        else:
            self.line(f"{value} = []")
            with self.block(f"for _ in range({count}):"):
                element = self.value(field._replace(array=False, null_since=None))
                self.flush()
                self.line(f"{value}.append({element})")

    def tags(self, fields: list[Field]) -> dict[str, str]:
        """Read tagged fields; those that are not known are skipped."""
        count = self.fixed("B")
        self.flush()
        values = {field.name: self.variable() for field in fields}
        for field in fields:
            self.line(f"{values[field.name]} = {self.default(field)}")
        with self.block(f"if {count}:"):
            self.line(f"{count}, p = decode_varint(b, p - 1)")
            self.charge(count, TAG_BYTES, TAG_SIZE_MIN)
            if not fields:
                self.line(f"p = skip_tags({count}, b, p)")
                return values
            with self.block(f"for _ in range({count}):"):
                self.tag(fields, values)
        return values

    def tag(self, fields: list[Field], values: dict[str, str]) -> None:
        tag, after = self.variables(2)
        self.line(f"{tag}, p, {after} = decode_tag(b, p)")
        for branch, field in enumerate(fields):
            with self.field(field), self.block(f"{'elif' if branch else 'if'} {tag} == {field.tag}:"):
                value = self.value(field)
                self.flush()
                self.line(f"{values[field.name]} = {value}")
                with self.block(f"if p != {after}:"):
                    self.line(f"refuse_end(p, {after})")
        with self.block("else:"):
            self.line(f"p = {after}")
