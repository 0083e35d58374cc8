"""Writes the source of an encoder."""

from __future__ import annotations

from skylog.wire.compiler import Encoder, Writer
from skylog.wire.facts import Field, Message
from skylog.wire.primitives import FORMATS
from skylog.wire.shared import SharedRows


def compile_encoder(message: Message, version: int) -> Encoder:
    """Return the encoder of one version of a message."""
    writer = _EncoderWriter(message, version)
    writer.names["SharedRows"] = SharedRows
    with writer.block("def encode(body, w):"):
        with writer.block("try:"):
            writer.struct(message.fields, "body")
            writer.flush()
            writer.line("return")
        with writer.block("except ERRORS as error:"):
            writer.line("fail(error)")
    encoder: Encoder = writer.compile("encode")
    return encoder


class _EncoderWriter(Writer):
    """`w` takes the parts."""

    def flush(self) -> None:
        """Write the waiting run."""
        if self.run:
            values, layout, path = self.take_run()
            self.line(f"w({self.constant(layout.pack)}({', '.join(values)}))", path)

    def struct(self, fields: tuple[Field, ...], given: str) -> None:
        defaults = self.constant({field.name: field.default_value() for field in fields})
        body = self.variable()
        self.line(f"{body} = {defaults} | {given}")
        with self.block(f"if len({body}) != {len(fields)}:"):
            self.line(f"refuse_names({given}, {defaults})")
        for field in self.present(fields):
            with self.field(field):
                self.value(field, f"{body}[{field.name!r}]")
        if self.flexible:
            self.tags(self.tagged(fields), body)

    def value(self, field: Field, given: str) -> None:
        if field.type in FORMATS and not field.array:
            self.fixed(field, given)
        elif field.nullable(self.version):
            self.nullable(field, given)
        else:
            self.filled(field, given)

    def fixed(self, field: Field, given: str) -> None:
        if field.type == "uuid":
            value = self.variable()
            self.line(f"{value} = {given}")
            with self.block(f"if len({value}) != 16:"):
                self.line(f"refuse_uuid({value})")
            given = value
        self.wait(given, FORMATS[field.type])

    def nullable(self, field: Field, given: str) -> None:
        value = self.variable()
        self.flush()
        self.line(f"{value} = {given}")
        with self.block(f"if {value} is None:"):
            self.line(f"w({self.null(field)!r})")
        with self.block("else:"):
            if field.type == "struct" and not field.array:
                self.wait("1", "b")
            self.filled(field, value)
            self.flush()

    def null(self, field: Field) -> bytes:
        if field.type == "struct" and not field.array:
            return b"\xff"
        if self.flexible:
            return b"\x00"
        return b"\xff\xff" if field.type == "string" and not field.array else b"\xff\xff\xff\xff"

    def filled(self, field: Field, given: str) -> None:
        """Write a value that is not null and has no fixed size."""
        if field.array:
            self.array(field, given)
        elif field.type == "struct":
            self.struct(field.fields, given)
        else:
            self.sized(field, given)

    def sized(self, field: Field, given: str) -> None:
        """Write a string or bytes."""
        value = self.variable()
        if field.type == "string":
            self.line(f"{value} = {given}.encode()")
            self.length(f"len({value})", "h")
        else:
            self.line(f"{value} = {given}")
            self.length(f"memoryview({value}).nbytes", "i")
        self.line(f"w({value})")

    def length(self, size: str, letter: str) -> None:
        if not self.flexible:
            self.wait(size, letter)
            self.flush()
            return
        self.flush()
        count = self.variable()
        self.line(f"{count} = {size} + 1")
        self.line(f"w(SHORT_VARINTS[{count}] if {count} < 128 else encode_varint({count}))")

    def array(self, field: Field, given: str) -> None:
        value = self.variable()
        self.line(f"{value} = {given}")
        if field.type == "string":
            with self.block(f"if isinstance({value}, str):"):
                self.line(f"refuse_text({value})")
        self.length(f"len({value})", "i")
        if field.type in FORMATS and field.type != "uuid":
            self.line(f"w(encode_numbers({FORMATS[field.type]!r}, {value}))")
            return
        if field.type == "struct":
            self.shareable(field, value)
        else:
            self.elements(field, value)

    def elements(self, field: Field, value: str) -> None:
        element = self.variable()
        with self.block(f"for {element} in {value}:"):
            self.value(field._replace(array=False, null_since=None), element)
            self.flush()

    def shareable(self, field: Field, value: str) -> None:
        """Write structs, or what was once made of them if they are shared."""
        shared, place, parts, outer = (
            self.variable(),
            f"{self.title} {self.path}",
            self.variable(),
            self.variable(),
        )
        self.line(f"{shared} = type({value}) is SharedRows")
        with self.block(f"if {shared} and {place!r} in {value}.encoded:"):
            self.line(f"w({value}.encoded[{place!r}])")
        with self.block("else:"):
            with self.block(f"if {shared}:"):
                self.line(f"{parts} = []")
                self.line(f"{outer}, w = w, {parts}.append")
            self.elements(field, value)
            with self.block(f"if {shared}:"):
                self.line(f"w = {outer}")
                self.line(f"w({value}.keep({place!r}, {parts}))")

    def tags(self, fields: list[Field], body: str) -> None:
        """Write the tagged fields that differ from their defaults."""
        if not fields:
            self.wait("", "x")
            return
        self.flush()
        tags, parts = self.variable(), self.variable()
        self.line(f"{tags} = []")
        for field in fields:
            value, default = f"{body}[{field.name!r}]", self.constant(field.default_value())
            with self.field(field), self.block(f"if {value} != {default}:"):
                self.line(f"{parts} = []")
                outer = self.variable()
                self.line(f"{outer}, w = w, {parts}.append")
                self.value(field, value)
                self.flush()
                self.line(f"w = {outer}")
                self.line(f"{tags}.append(({field.tag}, b''.join({parts})))")
        self.line(f"w(encode_tags({tags}) if {tags} else b'\\0')")
