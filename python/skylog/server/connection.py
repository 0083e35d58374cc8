"""One connection: frames in, answers out in the same order, nobody else disturbed.

Produce requests that follow each other run at once (pipelining); every other request starts when all before
it are answered, as in Kafka, so a client sees its own writes and one connection holds one answer at a time.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, cast

from skylog.core import Frame, FrameReader, Scratch
from skylog.errors import InvalidRequest
from skylog.wire.exchange import Gate
from skylog.wire.frames import PRODUCE
from skylog.wire.rhythm import Pace
from skylog.wire.throttling import NO_THROTTLE, Throttle

if TYPE_CHECKING:
    from skylog.config import ServerConfig

log = logging.getLogger("skylog.server")


class Starter(Protocol):
    """What takes requests off a connection (the dispatcher)."""

    def start(self, frame: Frame, reply: Slot) -> None:
        """Begin to answer `frame`; returns at once."""
        ...


# Why a connection is not read; plain bits, since they are tested for every request.
PAUSE_TURN = 1
"""It had its share of this turn of the loop."""
PAUSE_WRITES = 2
"""Its client does not read the answers."""
PAUSE_PENDING = 4
"""Requests wait for those before them, or at the gate."""
PAUSE_DRAIN = 8
"""The broker goes down."""
PAUSE_MUTED = 16
"""Its client took more than its quota."""


class Slot:
    """The place of one answer (a `wire.exchange.Reply`)."""

    __slots__ = ("_connection", "_lost", "buffers", "is_produce")

    def __init__(self, connection: Connection, is_produce: bool) -> None:
        self._connection = connection
        self._lost: Callable[[], object] | None = None
        self.buffers: Sequence[bytes | memoryview] | None = None
        self.is_produce = is_produce

    @property
    def client_host(self) -> str:
        """The address of the client."""
        return self._connection.host

    @property
    def client(self) -> Connection:
        """Who asks."""
        return self._connection

    def send(self, buffers: Sequence[bytes | memoryview]) -> None:
        """Give the answer; it goes out when all before it have."""
        self.buffers = buffers
        self._lost = None
        self._connection.answered()

    def close(self, reason: str) -> None:
        """Close the connection instead."""
        self._lost = None
        self._connection.fail(reason)

    def hold(self) -> None:
        """Let no later request start before `release`."""
        self._connection.held = True

    def release(self) -> None:
        """End a `hold`."""
        self._connection.held = False
        self._connection.advance()

    def mute(self, milliseconds: int) -> None:
        """Do not listen to the client for so long."""
        self._connection.mute(milliseconds / 1000)

    def on_lost(self, callback: Callable[[], object]) -> None:
        """Call back if the connection is lost first."""
        self._lost = callback

    def lose(self) -> None:
        """Tell whoever works on the answer that nobody wants it."""
        if self._lost is not None:
            callback, self._lost = self._lost, None
            callback()


class Connection(asyncio.BufferedProtocol):
    """Framing and order of one client's connection."""

    def __init__(
        self,
        config: ServerConfig,
        scratch: Scratch,
        starter: Starter,
        gate: Gate,
        connections: set[Connection],
        *,
        throttle: Throttle = NO_THROTTLE,
    ) -> None:
        self._config = config
        self._reader = FrameReader(scratch, config.frame_bytes_max)
        self._starter = starter
        self._gate = gate
        self._pace = Pace(gate.rhythm)
        self._connections = connections
        self._throttle = throttle
        self._unmute_later: asyncio.TimerHandle | None = None
        self._pending: deque[Frame] = deque()
        self._slots: deque[Slot] = deque()
        self._farewells: list[Callable[[], object]] = []
        self._pauses = 0
        self._turn_bytes = 0
        self._closed = False
        self._at_gate = False
        self._advancing = False
        self._flushing = False
        self._moved = True
        self.held = False
        self.host = "?"
        self._loop = asyncio.get_running_loop()

    def __repr__(self) -> str:
        return (
            f"<Connection {self.host} {len(self._slots)} in flight, {len(self._pending)} pending,"
            f" {self._reader.pending} bytes partial, paused {self._pauses:05b}>"
        )

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport, or refuse it when there are too many."""
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self.host = peer[0] if isinstance(peer, tuple) else "local"
        if len(self._connections) >= self._config.connections_max:
            self.fail(f"more than {self._config.connections_max} connections")
        self._connections.add(self)
        if throttle_ms := self._throttle.connected(self.host):
            self._refuse_later(throttle_ms / 1000)

    def get_buffer(self, _size_hint: int) -> memoryview:
        """Return room for the next receive."""
        return self._reader.get_buffer()

    def buffer_updated(self, size: int) -> None:
        """Take received bytes, start what is whole, and yield to others after a share of the turn."""
        if self._closed:
            return
        self._moved = True
        try:
            frames = self._reader.buffer_updated(size)
        except InvalidRequest as error:
            self.fail(str(error))
            return
        self._pending.extend(frames)
        if self._pending:
            self.advance()
        self._count_turn(size)

    def pause_writing(self) -> None:
        """Stop reading: the client does not take its answers."""
        self._pause(PAUSE_WRITES)

    def resume_writing(self) -> None:
        """Go on: the client took its answers."""
        self._moved = True
        self._resume(PAUSE_WRITES)
        self.advance()

    def eof_received(self) -> bool:
        """Close when the client has sent its last byte."""
        return False

    def connection_lost(self, _error: Exception | None) -> None:
        """Forget what waits; tell those who work on it."""
        self._closed = True
        self._connections.discard(self)
        if self._unmute_later is not None:
            self._unmute_later.cancel()
        self._pending.clear()
        if self._at_gate:
            self._gate.leave(self._through_gate)
        slots, self._slots = self._slots, deque()
        self._pace.gone()
        for slot in slots:
            slot.lose()
        farewells, self._farewells = self._farewells, []
        for callback in farewells:
            callback()

    # What slots and the dispatcher call.

    def on_gone(self, callback: Callable[[], object]) -> None:
        """Call back when the connection is lost."""
        self._farewells.append(callback)

    @property
    def idle(self) -> bool:
        """Whether nothing is in flight."""
        return not self._slots

    def advance(self) -> None:
        """Start pending requests as far as order and back-pressure allow."""
        if self._advancing:
            return
        self._advancing = True
        try:
            while self._pending and self._may_start(self._pending[0]):
                self._start(self._pending.popleft())
        finally:
            self._advancing = False
        if self._pending and not self._closed:
            self._pause(PAUSE_PENDING)
        else:
            self._resume(PAUSE_PENDING)

    def answered(self) -> None:
        """Write after this turn of the loop, so that the answers of one commit go out together."""
        if not self._flushing and not self._closed:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Write the answers that are next in order, then see what may start."""
        self._flushing = False
        if self._closed:
            return
        slots, ready = self._slots, list[bytes | memoryview]()
        produced = 0
        while slots and (buffers := slots[0].buffers) is not None:
            produced += slots.popleft().is_produce
            ready.extend(buffers)
        if produced:
            self._pace.answered(produced)
        if len(ready) == 1:
            self._transport.write(ready[0])
        elif ready:
            self._transport.writelines(ready)
        if self._pending:
            self.advance()

    def mute(self, seconds: float) -> None:
        """Neither read nor start a request for so long; what is in flight is still answered."""
        until = self._loop.time() + seconds
        if self._unmute_later is not None:
            if self._unmute_later.when() >= until:
                return
            self._unmute_later.cancel()
        self._unmute_later = self._loop.call_at(until, self._unmute)
        self._pause(PAUSE_MUTED)

    def fail(self, reason: str) -> None:
        """Close at once, saying why in the log; answers not yet written are dropped."""
        if self._closed:
            return
        log.warning("closing connection from %s: %s", self.host, reason)
        self._closed = True
        self._pending.clear()
        self._transport.abort()

    def drain(self) -> None:
        """Take no further requests; what is in flight is still answered."""
        self._pause(PAUSE_DRAIN)
        self._pending.clear()

    def close(self) -> None:
        """Close after what was written has gone out."""
        if not self._closed:
            self._transport.close()

    def close_if_idle(self) -> None:
        """Close if nothing moved since the last call and nobody here works for the client."""
        idle = not self._moved and not self._slots and not self._pending
        self._moved = False
        if idle:
            log.debug("closing connection from %s: idle", self.host)
            self.abort()

    def abort(self) -> None:
        """Close without regard to what was written."""
        self._transport.abort()

    # Order and turns.

    def _may_start(self, frame: Frame) -> bool:
        if self.held or self._pauses & (PAUSE_WRITES | PAUSE_DRAIN | PAUSE_MUTED):
            return False
        if frame.api_key != PRODUCE:
            return not self._slots
        if self._gate.shut:
            self._wait_at_gate()
            return False
        return len(self._slots) < self._config.inflight_requests_max and (
            not self._slots or self._slots[-1].is_produce
        )

    def _start(self, frame: Frame) -> None:
        slot = Slot(self, frame.api_key == PRODUCE)
        self._slots.append(slot)
        if slot.is_produce:
            self._pace.sent()
        try:
            self._starter.start(frame, slot)
        except Exception:
            # Whoever gave the answer before this one stands above us on the stack: it is not his failure.
            log.exception("api key %d version %d failed", frame.api_key, frame.api_version)
            self.fail("internal error")

    def _wait_at_gate(self) -> None:
        if not self._at_gate:
            self._at_gate = True
            self._gate.wait(self._through_gate)

    def _through_gate(self) -> None:
        self._at_gate = False
        if not self._closed:
            self._loop.call_soon(self.advance)

    def _unmute(self) -> None:
        self._unmute_later = None
        self._resume(PAUSE_MUTED)
        self.advance()

    def _refuse_later(self, seconds: float) -> None:
        """Close after a while, in which the client cannot try again at once."""
        log.debug("refusing connection from %s in %g s: too many at once", self.host, seconds)
        self._pause(PAUSE_MUTED)
        self._loop.call_later(seconds, self.abort)

    def _count_turn(self, size: int) -> None:
        if not self._turn_bytes:
            self._loop.call_soon(self._end_turn)
        self._turn_bytes += size
        if self._turn_bytes >= self._config.turn_bytes_max:
            self._pause(PAUSE_TURN)

    def _end_turn(self) -> None:
        self._turn_bytes = 0
        self._resume(PAUSE_TURN)

    def _pause(self, why: int) -> None:
        if not self._pauses and not self._closed:
            self._transport.pause_reading()
        self._pauses |= why

    def _resume(self, why: int) -> None:
        if not self._pauses:
            return
        self._pauses &= ~why
        if not self._pauses and not self._closed:
            self._transport.resume_reading()
