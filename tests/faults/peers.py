"""Both ends of an exchange: a client that may go away, a store that may."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from socket import SO_LINGER, SOL_SOCKET
from typing import Any, TypeVar

T = TypeVar("T")

BUFFER_BYTES = 1024 * 1024
_NO_LINGER = struct.pack("ii", 1, 0)


class Gone(ConnectionError):
    """The client went away before its answer came."""


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with a RST, as a crash or a balancer does."""
    with suppress(OSError):
        writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, _NO_LINGER)
    writer.transport.abort()


class Client(asyncio.StreamReaderProtocol):
    """A client's connection; `serve` is run for it."""

    def __init__(self, serve: Callable[[Client], Awaitable[None]]) -> None:
        self.reader = asyncio.StreamReader(limit=BUFFER_BYTES)
        self.writer: asyncio.StreamWriter
        self.gone = asyncio.Event()
        self._serve = serve
        super().__init__(self.reader, self._begin)

    def eof_received(self) -> bool | None:
        """Note that it will send no more: HTTP clients that do so wait for nothing either."""
        self.gone.set()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that it is gone."""
        self.gone.set()
        super().connection_lost(exc)

    async def until_gone(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what `work` returns; `Gone` if the client goes first."""
        task, gone = asyncio.create_task(work), asyncio.create_task(self.gone.wait())
        try:
            await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise Gone("the client has gone")
            return task.result()
        finally:
            task.cancel()
            gone.cancel()
            await asyncio.gather(task, gone, return_exceptions=True)

    async def _begin(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        writer.transport.set_write_buffer_limits(0)  # `drain` returns when the kernel has all
        await self._serve(self)


class Upstream:
    """The store's side of one client's connection, opened when needed, kept while it is good."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter
        self._address = address
        self._open = False

    async def connect(self) -> None:
        """Be connected. Raises `ConnectionError`."""
        if self._open and not self.reader.at_eof() and not self.writer.transport.is_closing():
            return
        self.close()
        self.reader, self.writer = await asyncio.open_connection(*self._address, limit=BUFFER_BYTES)
        self.writer.transport.set_write_buffer_limits(0)
        self._open = True

    def close(self) -> None:
        """End in good order; what was sent still arrives."""
        if self._open:
            self.writer.close()
        self._open = False

    def reset(self) -> None:
        """End at once."""
        if self._open:
            reset(self.writer)
        self._open = False
