"""A small blocking Kafka client, for commands that ask a broker something and are done."""

from __future__ import annotations

import socket
from struct import unpack
from types import TracebackType
from typing import Any, TypeAlias

from skylog.cli.addresses import format_address, parse_address
from skylog.errors import Corrupt, InvalidRequest, Unavailable
from skylog.wire.codec import decode_response, encode_request, message
from skylog.wire.frames import API_VERSIONS

Body: TypeAlias = dict[str, Any]

CLIENT_ID = "skylog-cli"
DEFAULT_PORT = 9092
RESPONSE_BYTES_MAX = 64 * 1024 * 1024


class Client:
    """One connection; each request is of the newest version that both sides speak.

    Parameters
    ----------
    bootstrap
        ``HOST:PORT``, or several with commas between; the first that answers is used.
    timeout_s
        For connecting and for each answer.
    """

    def __init__(self, bootstrap: str, timeout_s: float = 10.0) -> None:
        self._bootstrap = bootstrap
        self._timeout_s = timeout_s
        self._socket: socket.socket | None = None
        self._correlation_id = 0
        self._versions: dict[int, tuple[int, int]] = {}

    def __enter__(self) -> Client:
        self._socket = self._connect()
        answer = self._exchange(API_VERSIONS, 0, {})
        self._versions = {
            api["api_key"]: (api["min_version"], api["max_version"]) for api in answer["api_keys"]
        }
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._socket is not None:
            self._socket.close()

    def request(self, api_key: int, body: Body) -> Body:
        """Ask and return the answer.

        Raises
        ------
        Unavailable
            The connection broke or no answer came in time.
        InvalidRequest
            The broker does not serve this request in a version known here.
        """
        return self._exchange(api_key, self._version(api_key), body)

    def _version(self, api_key: int) -> int:
        ours = message(api_key, "request")
        since, until = self._versions.get(api_key, (0, -1))
        version = min(ours.until, until)
        if version < max(ours.since, since):
            found = f"{since} to {until}" if until >= 0 else "none"
            raise InvalidRequest(
                f"{self._bootstrap}: {ours.name}: "
                f"expected a version of {ours.since} to {ours.until}, found {found}"
            )
        return version

    def _connect(self) -> socket.socket:
        failures = []
        for text in self._bootstrap.split(","):
            host, port = parse_address(text.strip(), "--bootstrap", "127.0.0.1", DEFAULT_PORT)
            try:
                return socket.create_connection((host, port), self._timeout_s)
            except OSError as error:
                failures.append(f"{format_address(host, port)}: {error.strerror or error}")
        raise Unavailable(
            f"no broker answers at {'; '.join(failures)}. "
            "Start one with `skylog serve`, or name another by --bootstrap"
        )

    def _exchange(self, api_key: int, version: int, body: Body) -> Body:
        self._correlation_id += 1
        try:
            self._stream.sendall(encode_request(api_key, version, self._correlation_id, body, CLIENT_ID))
            frame = self._receive(self._frame_size())
        except OSError as error:
            raise Unavailable(f"{self._bootstrap}: {error.strerror or error}") from error
        correlation_id, answer = decode_response(api_key, version, frame)
        if correlation_id != self._correlation_id:
            raise Corrupt(
                f"{self._bootstrap}: expected the answer to request {self._correlation_id}, "
                f"found that to {correlation_id}"
            )
        return answer

    @property
    def _stream(self) -> socket.socket:
        assert self._socket is not None, "a client is used in a with block"
        return self._socket

    def _frame_size(self) -> int:
        size = int(unpack(">i", self._receive(4))[0])
        if not 4 <= size <= RESPONSE_BYTES_MAX:
            raise Corrupt(
                f"{self._bootstrap}: expected an answer of 4 to {RESPONSE_BYTES_MAX} bytes, found {size}; "
                "is this a Kafka listener?"
            )
        return size

    def _receive(self, size: int) -> bytes:
        received = bytearray()
        while len(received) < size:
            piece = self._stream.recv(min(size - len(received), 1 << 20))
            if not piece:
                raise Unavailable(
                    f"{self._bootstrap}: the connection was closed before the answer; "
                    "is this a Kafka listener?"
                )
            received += piece
        return bytes(received)
