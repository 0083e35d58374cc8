"""One connection to a broker: requests out, answers in, in the same order."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from struct import pack, unpack_from
from typing import Final, cast

from skylog.bulk.addresses import Address, format_address
from skylog.bulk.codes import error_name
from skylog.bulk.receiving import BufferPool, FrameReceiver
from skylog.clock import Clock
from skylog.errors import Corrupt, InvalidRequest, Unavailable
from skylog.wire.codec import decode_response, encoder, message, request_is_flexible
from skylog.wire.codes import ErrorCode
from skylog.wire.exchange import Body
from skylog.wire.frames import API_VERSIONS, request_header

RESPONSE_BYTES_MAX: Final = 1 << 30
"""A broker sends whole batches even beyond what it was asked for; more than this it never needs."""

_JOINED_BYTES_MAX: Final = 4096
"""Parts up to this size are joined: a copy is cheaper than one more entry in the vector of a send."""


class Disconnected(Unavailable):
    """The connection broke before the answer came: whether the request was carried out is unknown."""


@dataclass(frozen=True, slots=True)
class Dialling:
    """How connections are made.

    Attributes
    ----------
    clock : Clock
        For deadlines.
    tls : ssl.SSLContext, optional
        Speak TLS; plain text without one.
    client_id : str
        What brokers call the client in logs and quotas.
    pool : BufferPool
        Memory for large answers.
    connect_s : float
        For connecting and agreeing on versions.
    request_s : float
        For each answer.
    """

    clock: Clock
    tls: ssl.SSLContext | None
    client_id: str
    pool: BufferPool
    connect_s: float = 10.0
    request_s: float = 30.0


@dataclass(slots=True)
class _Pending:
    correlation_id: int
    answer: asyncio.Future[memoryview]
    deadline: float


class Connection(asyncio.BufferedProtocol):
    """Framing, order and deadlines of one connection; `connect` makes it."""

    def __init__(self, name: str, dialling: Dialling) -> None:
        self.name: Final = name
        self.versions: dict[int, tuple[int, int]] = {}
        self._dialling = dialling
        self._receiver = FrameReceiver(RESPONSE_BYTES_MAX, dialling.pool)
        self._pending: deque[_Pending] = deque()
        self._correlation_id = 0
        self._transport: asyncio.Transport | None = None
        self._lost: Exception | None = None
        self._received = False
        self._ended: asyncio.Event = asyncio.Event()
        self.congested = False
        self.on_drained: Callable[[], object] = lambda: None

    def __repr__(self) -> str:
        state = "closed" if self.closed else "open"
        return f"<Connection {self.name} {state}, {len(self._pending)} unanswered>"

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast("asyncio.Transport", transport)
        # Drained means that nothing is left, so that what was sent without an answer is known to have gone.
        self._transport.set_write_buffer_limits(low=0)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        """Return room for the next receive."""
        return self._receiver.get_buffer()

    def buffer_updated(self, nbytes: int) -> None:
        """Give each whole answer to whoever waits for it."""
        self._received = True
        try:
            for frame in self._receiver.received(nbytes):
                self._answered(frame)
        except Corrupt as error:
            self.abort(Corrupt(f"{self.name}: {error}"))

    def pause_writing(self) -> None:
        """Note that the broker takes bytes more slowly than they are given."""
        self.congested = True

    def resume_writing(self) -> None:
        """Note that all that was given has gone out."""
        self.congested = False
        self.on_drained()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail all that waits."""
        self._ended.set()
        reason = exc or "closed by the broker"
        hint = (
            "" if self._received else "; is this a Kafka listener without SASL, and does it want TLS (ssl=…)?"
        )
        self._lost = self._lost or Disconnected(f"{self.name}: connection lost: {reason}{hint}")
        pending, self._pending = self._pending, deque()
        for waiting in pending:
            if not waiting.answer.done():
                waiting.answer.set_exception(self._lost)

    # What users call.

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self._lost is not None or self._transport is None or self._transport.is_closing()

    def version(self, api_key: int, until: int | None = None) -> int:
        """Return the highest version of a request that both sides know, at most `until`.

        Raises
        ------
        InvalidRequest
            There is none.
        """
        ours = message(api_key, "request")
        since, theirs = self.versions.get(api_key, (0, -1))
        version = min(ours.until, theirs, ours.until if until is None else until)
        if version < max(ours.since, since):
            found = f"{since} to {theirs}" if theirs >= 0 else "none"
            raise InvalidRequest(
                f"{self.name}: {ours.name}: expected a version of {ours.since} to {ours.until}, found {found}"
            )
        return version

    def send(self, api_key: int, version: int, body: Body) -> asyncio.Future[memoryview]:
        """Send a request and return its answer's frame, to come; `records` in the body are not copied.

        The future fails with `Disconnected` or, where an answer makes no sense, with `Corrupt`. An answer
        that takes too long ends the connection: later ones could not come before it.
        """
        self._correlation_id = (self._correlation_id + 1) & 0x7FFFFFFF
        answer: asyncio.Future[memoryview] = asyncio.get_running_loop().create_future()
        if self._lost is not None or self._transport is None:
            answer.set_exception(self._lost or Disconnected(f"{self.name}: not connected"))
            return answer
        buffers = self._frame(api_key, version, body)
        deadline = self._dialling.clock.monotonic() + self._dialling.request_s
        self._pending.append(_Pending(self._correlation_id, answer, deadline))
        self._transport.writelines(buffers)
        return answer

    def send_unanswered(self, api_key: int, version: int, body: Body) -> None:
        """Send a request that has no answer (Produce with acks=0). Raises `Disconnected`."""
        if self._lost is not None or self._transport is None:
            raise self._lost or Disconnected(f"{self.name}: not connected")
        self._transport.writelines(self._frame(api_key, version, body))

    async def ask(self, api_key: int, body: Body) -> Body:
        """Ask in the highest version that both sides know and return the decoded answer."""
        version = self.version(api_key)
        return self.decode(api_key, version, await self.send(api_key, version, body))

    def decode(self, api_key: int, version: int, frame: memoryview) -> Body:
        """Decode an answer. Raises `Corrupt` for bytes that are none."""
        try:
            return decode_response(api_key, version, frame)[1]
        except InvalidRequest as error:
            raise Corrupt(f"{self.name}: {error}") from error

    def expire(self, now: float) -> None:
        """End the connection if its oldest request waits for longer than it may."""
        if self._pending and now >= self._pending[0].deadline:
            self.abort(Disconnected(f"{self.name}: no answer in time to {len(self._pending)} requests"))

    def abort(self, reason: Exception) -> None:
        """End the connection at once; all that waits fails with `reason`."""
        self._lost = self._lost or reason
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """End the connection after what was sent has gone out."""
        if self._transport is not None:
            self._transport.close()

    async def wait_closed(self) -> None:
        """Return when the transport has gone."""
        if self._transport is not None:
            await self._ended.wait()

    async def negotiate(self) -> None:
        """Learn which versions the broker knows.

        One that does not know our newest ApiVersions says so in the oldest, which all understand.
        """
        newest = message(API_VERSIONS, "request").until
        # Kafka refuses names with anything but letters, digits, dots and hyphens.
        release = re.sub(r"[^a-zA-Z0-9.]", "-", installed_version("skylog"))
        software = {"client_software_name": "skylog", "client_software_version": release}
        frame = await self.send(API_VERSIONS, newest, software)
        version = 0 if unpack_from(">h", frame, 4)[0] == ErrorCode.UNSUPPORTED_VERSION else newest
        if version == 0:
            frame = await self.send(API_VERSIONS, 0, {})
        answer = self.decode(API_VERSIONS, version, frame)
        if answer["error_code"]:
            raise Unavailable(f"{self.name}: ApiVersions: {error_name(answer['error_code'])}")
        self.versions = {
            api["api_key"]: (api["min_version"], api["max_version"]) for api in answer["api_keys"]
        }

    def _frame(self, api_key: int, version: int, body: Body) -> list[bytes | memoryview]:
        flexible = request_is_flexible(api_key, version)
        client_id = self._dialling.client_id
        parts: list[bytes | memoryview] = [
            request_header(api_key, version, self._correlation_id, client_id, flexible=flexible)
        ]
        encoder(api_key, version, "request")(body, parts.append)
        size = sum(len(part) for part in parts)
        return joined([pack(">i", size), *parts])

    def _answered(self, frame: memoryview) -> None:
        (correlation_id,) = unpack_from(">i", frame)
        if not self._pending or self._pending[0].correlation_id != correlation_id:
            expected = self._pending[0].correlation_id if self._pending else "no answer at all"
            raise Corrupt(
                f"answers out of order: expected that to {expected}, found that to {correlation_id}"
            )
        waiting = self._pending.popleft()
        if not waiting.answer.done():
            waiting.answer.set_result(frame)


async def connect(address: Address, dialling: Dialling) -> Connection:
    """Connect and agree on versions.

    Raises
    ------
    Unavailable
        Nobody is there, or no Kafka broker.
    InvalidRequest
        The broker's certificate is not trusted.
    """
    name = format_address(address)
    loop = asyncio.get_running_loop()
    connection = Connection(name, dialling)
    try:
        async with asyncio.timeout(dialling.connect_s):
            await loop.create_connection(lambda: connection, *address, ssl=dialling.tls)
            await connection.negotiate()
    except ssl.SSLCertVerificationError as error:
        raise InvalidRequest(f"{name}: {error.verify_message}; give an ssl context that trusts it") from error
    except TimeoutError as error:
        connection.abort(Disconnected(f"{name}: no answer"))
        raise Unavailable(f"{name}: no answer within {dialling.connect_s:g} s") from error
    except OSError as error:
        raise Unavailable(f"{name}: {error.strerror or error}") from error
    except BaseException:
        connection.close()
        raise
    return connection


def joined(parts: Iterable[bytes | memoryview]) -> list[bytes | memoryview]:
    """Join neighbours that are small; large ones stay as they are."""
    buffers: list[bytes | memoryview] = []
    small: list[bytes | memoryview] = []
    for part in parts:
        if len(part) <= _JOINED_BYTES_MAX:
            small.append(part)
            continue
        _flush(small, buffers)
        buffers.append(part)
    _flush(small, buffers)
    return buffers


def _flush(small: list[bytes | memoryview], buffers: list[bytes | memoryview]) -> None:
    if small:
        buffers.append(b"".join(cast("Sequence[bytes]", small)))
        small.clear()
