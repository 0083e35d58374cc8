"""One request through the proxy, with what was drawn for it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import ClassVar

from faults.http import CHUNK, Framing, Head, cut, flip, read_head
from faults.ledger import Entry
from faults.peers import Client, Gone, Upstream, reset
from faults.refusals import REFUSALS, refusal, shift_date
from faults.rules import Fate, Fault
from skylog.clock import Clock

HANG_SECONDS_MAX = 600.0
"""A client that never gives up is let go."""
LAND_SECONDS_MAX = 60.0


class Exchange:
    """Takes one request to the store and its answer back, or does worse."""

    def __init__(
        self, head: Head, entry: Entry, fate: Fate, *, client: Client, upstream: Upstream, clock: Clock
    ) -> None:
        self._head = head
        self._entry = entry
        self._fate = fate
        self._client = client
        self._upstream = upstream
        self._clock = clock
        self._due = clock.monotonic() + fate.delay_s
        self._framing = Framing.of_request(head)
        self._body_begun = False

    async def run(self) -> bool:
        """Do it; tell whether the connection takes another request."""
        fault = self._fate.fault
        if fault in REFUSALS:
            return await self._refuse()
        act = self._ACTS.get(fault, Exchange._forward) if fault else Exchange._forward
        return await act(self)

    async def _forward(self) -> bool:
        try:
            answer = await self._client.until_gone(self._ask())
        except Gone:
            self._upstream.close()
            raise
        await self._until_due()
        return await self._pass_on(answer)

    async def _refuse(self) -> bool:
        assert self._fate.rule is not None
        assert self._fate.fault is not None
        waits = self._head.get("expect") is not None
        if not waits:
            await self._swallow()
        await self._until_due()
        head, body = refusal(self._fate.fault, self._entry.operation.key, self._fate.rule.skew_s)
        if waits:
            head = head.with_field("Connection", "close")  # its body may be on its way or not
        self._entry.status = head.status
        self._client.writer.write(head.encode() + (b"" if self._entry.operation.method == "HEAD" else body))
        await self._client.writer.drain()
        return not (waits or self._head.closes)

    async def _reset_before(self) -> bool:
        return self._reset()

    async def _reset_upload(self) -> bool:
        await self._upstream.connect()
        self._entry.reached = True
        half = max(1, self._framing.length // 2)
        await self._send(lambda pieces: cut(pieces, half), end=False)
        self._upstream.reset()
        return self._reset()

    async def _lose_answer(self) -> bool:
        await self._finish()
        return self._reset()

    async def _hang(self) -> bool:
        await self._swallow()
        return await self._stay_silent()

    async def _hang_answer(self) -> bool:
        await self._finish()
        return await self._stay_silent()

    async def _land_late(self) -> bool:
        """Keep the request until nobody waits for it, then let it take effect."""
        assert self._fate.rule is not None
        body = b"".join([piece async for piece in self._body()])
        await self._stay_silent()
        await self._clock.sleep(self._fate.rule.late_s)
        await self._upstream.connect()
        self._entry.reached = True
        head = self._head.without("expect").without("transfer-encoding")
        self._upstream.writer.write(head.with_field("Content-Length", str(len(body))).encode() + body)
        async with asyncio.timeout(LAND_SECONDS_MAX):
            await self._read_answer()
        return False

    _ACTS: ClassVar[dict[Fault, Callable[[Exchange], Awaitable[bool]]]] = {
        Fault.RESET_BEFORE: _reset_before,
        Fault.RESET_UPLOAD: _reset_upload,
        Fault.LOST_ANSWER: _lose_answer,
        Fault.HANG: _hang,
        Fault.HANG_ANSWER: _hang_answer,
        Fault.LAND_LATE: _land_late,
    }

    async def _ask(self) -> Head:
        """Send the request to the store and return the head of its answer."""
        await self._upstream.connect()
        self._entry.reached = True
        # A store that refuses early may close before it has read all; its answer is there all the same.
        with contextlib.suppress(ConnectionError):
            await self._send(self._damage_request, end=True)
        return await self._read_answer()

    async def _send(
        self, change: Callable[[AsyncIterator[bytes]], AsyncIterator[bytes]], *, end: bool
    ) -> None:
        self._upstream.writer.write(self._head.without("expect").encode())
        await self._framing.write(self._upstream.writer, change(self._body()), end=end)

    def _damage_request(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        if self._fate.fault is not Fault.FLIP_UPLOAD:
            return pieces
        return flip(pieces, self._bit(self._framing))

    async def _read_answer(self) -> Head:
        while True:
            answer = await read_head(self._upstream.reader)
            if answer is None:
                raise ConnectionResetError("the store ended the connection without an answer")
            if answer.status >= 200:
                return answer

    async def _pass_on(self, answer: Head) -> bool:
        """Write the answer to the client, damaged if so drawn."""
        fault, rule = self._fate.fault, self._fate.rule
        if fault is Fault.SHIFT_DATE and rule:
            answer = shift_date(answer, rule.skew_s)
        framing = Framing.of_answer(answer, self._entry.operation.method)
        pieces = framing.read(self._upstream.reader)
        half = framing.length // 2 if framing.kind == "sized" else CHUNK // 2
        if fault is Fault.RESET_DOWNLOAD and framing in (Framing("none"), Framing("sized", 0)):
            return self._reset()
        if fault is Fault.TRUNCATE and framing.kind == "sized":
            answer = answer.with_field("Content-Length", str(half))
        self._entry.status = answer.status
        self._client.writer.write(answer.encode())
        if fault in {Fault.TRUNCATE, Fault.CUT_SHORT, Fault.RESET_DOWNLOAD}:
            return await self._break_off(framing, cut(pieces, half))
        if fault is Fault.FLIP_DOWNLOAD:
            pieces = flip(pieces, self._bit(framing))
        await framing.write(self._client.writer, pieces, end=True)
        return framing.kind != "closing" and not (answer.closes or self._head.closes)

    async def _break_off(self, framing: Framing, half: AsyncIterator[bytes]) -> bool:
        matches = self._fate.fault is Fault.TRUNCATE
        await framing.write(self._client.writer, half, end=matches)
        self._upstream.reset()
        if self._fate.fault is Fault.RESET_DOWNLOAD:
            return self._reset()
        return matches

    async def _finish(self) -> None:
        """Let the store do all of it and answer."""
        answer = await self._ask()
        framing = Framing.of_answer(answer, self._entry.operation.method)
        async for _ in framing.read(self._upstream.reader):
            pass

    async def _stay_silent(self) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HANG_SECONDS_MAX):
                await self._client.gone.wait()
        return False

    async def _swallow(self) -> None:
        async for _ in self._body():
            pass

    async def _body(self) -> AsyncIterator[bytes]:
        """Yield the request's body; a client that waits to be asked for it is asked."""
        if self._head.get("expect") is not None and not self._body_begun:
            self._client.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._body_begun = True
        async for piece in self._framing.read(self._client.reader):
            yield piece

    async def _until_due(self) -> None:
        await self._clock.sleep(max(0.0, self._due - self._clock.monotonic()))

    def _bit(self, framing: Framing) -> int:
        bits = 8 * (framing.length if framing.kind == "sized" else 1)
        return min(int(self._fate.bit * bits), max(bits - 1, 0))

    def _reset(self) -> bool:
        reset(self._client.writer)
        return False
