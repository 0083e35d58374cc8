"""A network that loses answers: requests arrive, the connection breaks before some of the answers do."""

from __future__ import annotations

import asyncio
import ssl
import struct
import threading
from concurrent.futures import Future
from typing import Self


class CuttingProxy:
    """Forwards connections and breaks some just after the broker has answered a request of one kind.

    Parameters
    ----------
    cuts
        How many answers are lost; after that the network is good.
    api_key
        The kind of request whose answer is lost.
    """

    def __init__(self, *, cuts: int, api_key: int) -> None:
        self.cuts_left = cuts
        self.host, self.port = "127.0.0.1", 0
        self.tls: ssl.SSLContext | None = None
        self._api_key = api_key
        self._target = ("", 0)
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready: Future[int] = Future()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def bootstrap(self) -> str:
        """Where clients find it."""
        return f"{self.host}:{self.port}"

    def forward_to(self, address: tuple[str, int]) -> None:
        """Set the broker behind it."""
        self._target = address

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = self._ready.result(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._accept())

    async def _accept(self) -> None:
        server = await asyncio.start_server(self._serve, self.host, 0, ssl=self.tls)
        self._ready.set_result(server.sockets[0].getsockname()[1])
        await self._stop.wait()
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        doomed: set[int] = set()
        upstream_reader, upstream = await asyncio.open_connection(*self._target)
        both = [
            asyncio.create_task(self._requests(reader, upstream, doomed)),
            asyncio.create_task(self._answers(upstream_reader, writer, doomed)),
        ]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            writer.transport.abort()
            upstream.close()

    async def _requests(
        self, reader: asyncio.StreamReader, upstream: asyncio.StreamWriter, doomed: set[int]
    ) -> None:
        while True:
            await self.forward_request(await _frame(reader), upstream, doomed)

    async def forward_request(self, data: bytes, upstream: asyncio.StreamWriter, doomed: set[int]) -> None:
        """Hand a request on; the answer to one that was chosen is doomed."""
        if self.chosen(data):
            doomed.add(struct.unpack_from(">i", data, 4)[0])
        upstream.write(struct.pack(">i", len(data)) + data)
        await upstream.drain()

    async def _answers(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, doomed: set[int]
    ) -> None:
        while True:
            data = await _frame(reader)
            if struct.unpack_from(">i", data)[0] in doomed:
                return
            writer.write(struct.pack(">i", len(data)) + data)
            await writer.drain()

    def chosen(self, data: bytes) -> bool:
        """Tell whether something is to happen to a request."""
        if self.cuts_left == 0 or struct.unpack_from(">h", data)[0] != self._api_key:
            return False
        self.cuts_left -= 1
        return True


async def _frame(reader: asyncio.StreamReader) -> bytes:
    size = struct.unpack(">i", await reader.readexactly(4))[0]
    return await reader.readexactly(size)
