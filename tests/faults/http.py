"""HTTP/1.1 messages as a proxy sees them: heads in their order and case, bodies without their framing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

CHUNK = 256 * 1024
HEAD_BYTES_MAX = 64 * 1024
BODILESS = frozenset({204, 304})


@dataclass(slots=True)
class Head:
    """The first line and the fields of a message."""

    start: str
    fields: list[tuple[str, str]]

    def get(self, name: str) -> str | None:
        """Return the first field of a name, whatever its case."""
        return next((value for found, value in self.fields if found.lower() == name.lower()), None)

    def with_field(self, name: str, value: str) -> Head:
        """Return a copy in which a field has another value, at its place or at the end."""
        if self.get(name) is None:
            return Head(self.start, [*self.fields, (name, value)])
        fields = [(found, value if found.lower() == name.lower() else old) for found, old in self.fields]
        return Head(self.start, fields)

    def without(self, name: str) -> Head:
        """Return a copy that lacks a field."""
        return Head(self.start, [field for field in self.fields if field[0].lower() != name.lower()])

    def encode(self) -> bytes:
        """Return the bytes with the empty line at their end."""
        lines = [self.start, *(f"{name}: {value}" for name, value in self.fields), "", ""]
        return "\r\n".join(lines).encode("latin-1")

    @property
    def status(self) -> int:
        """The number in the first line of an answer."""
        return int(self.start.split(" ", 2)[1])

    @property
    def closes(self) -> bool:
        """Whether the connection ends behind this message."""
        connection = (self.get("connection") or "").lower()
        return connection == "close" or ("HTTP/1.0" in self.start and connection != "keep-alive")


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """Return the next head, or None where the peer has ended between two messages."""
    try:
        data = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    start, *lines = data[:-4].decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return Head(start, [(name, value.strip()) for name, _, value in pairs])


@dataclass(frozen=True, slots=True)
class Framing:
    """How the end of a body is told. `length` in bytes, of sized ones only."""

    kind: Literal["none", "sized", "chunked", "closing"]
    length: int = 0

    @classmethod
    def of_request(cls, head: Head) -> Framing:
        """Return how the body of a request is framed."""
        return cls._of(head) or cls("none")

    @classmethod
    def of_answer(cls, head: Head, method: str) -> Framing:
        """Return how the body of an answer is framed: without a length it lasts until the connection ends."""
        if method == "HEAD" or head.status < 200 or head.status in BODILESS:
            return cls("none")
        return cls._of(head) or cls("closing")

    @classmethod
    def _of(cls, head: Head) -> Framing | None:
        if "chunked" in (head.get("transfer-encoding") or "").lower():
            return cls("chunked")
        length = head.get("content-length")
        return None if length is None else cls("sized", int(length))

    def read(self, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
        """Yield the body in pieces; `IncompleteReadError` if the peer ends in the middle."""
        if self.kind == "chunked":
            return _read_chunked(reader)
        return _read_closing(reader) if self.kind == "closing" else _read_sized(reader, self.length)

    async def write(self, writer: asyncio.StreamWriter, pieces: AsyncIterator[bytes], *, end: bool) -> None:
        """Write a body in this framing; its end mark too if `end`."""
        async for piece in pieces:
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if self.kind == "chunked" else piece)
            await writer.drain()
        if self.kind == "chunked" and end:
            writer.write(b"0\r\n\r\n")
            await writer.drain()


async def _read_sized(reader: asyncio.StreamReader, left: int) -> AsyncIterator[bytes]:
    while left:
        piece = await reader.read(min(left, CHUNK))
        if not piece:
            raise asyncio.IncompleteReadError(b"", left)
        left -= len(piece)
        yield piece


async def _read_chunked(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        async for piece in _read_sized(reader, size):
            yield piece
        await reader.readexactly(2)
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass  # trailers: a proxy may drop them


async def _read_closing(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while piece := await reader.read(CHUNK):
        yield piece


async def cut(pieces: AsyncIterator[bytes], left: int) -> AsyncIterator[bytes]:
    """Yield the first `left` bytes of a body."""
    while left:
        piece = await anext(pieces, b"")
        if not piece:
            return
        yield piece[:left]
        left -= min(left, len(piece))


async def flip(pieces: AsyncIterator[bytes], bit: int) -> AsyncIterator[bytes]:
    """Yield a body with one bit the other way round; `bit` counts from its start."""
    position, mask = divmod(bit, 8)
    async for piece in pieces:
        if 0 <= position < len(piece):
            changed = bytearray(piece)
            changed[position] ^= 1 << mask
            yield bytes(changed)
        else:
            yield piece
        position -= len(piece)
