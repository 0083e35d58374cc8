"""The broker that is maltreated, and how."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Iterator

from clients.raw import Connection, metadata_request
from clients.served import ServedBroker
from clients.topics import create_topic
from clients.waiting import wait_until

MIB = 1 << 20
GROWTH_MAX = 150 * MIB
"""What any one attack may add to the broker's resident memory."""
WAIT_SECONDS = 20


class Victim:
    """A broker that attacks are aimed at; of a foreign one neither memory nor log can be seen."""

    def __init__(self, bootstrap: str, broker: ServedBroker | None) -> None:
        self.bootstrap = bootstrap
        self.topic = create_topic(bootstrap, "hostile", partitions=2)
        self._broker = broker

    def connect(self) -> socket.socket:
        """Return a bare connection."""
        host, port = self.bootstrap.rsplit(":", 1)
        return socket.create_connection((host, int(port)), timeout=WAIT_SECONDS)

    def answers(self) -> bool:
        """Ask something harmless over a new connection."""
        with Connection(self.bootstrap) as connection:
            return connection.ask(metadata_request([self.topic])).topics[0].error_code == 0

    def must_close(self, data: bytes, *, end: bool = False) -> None:
        """Send `data` (and perhaps end our side): the broker has to close without an answer."""
        with self.connect() as peer:
            with contextlib.suppress(OSError):
                peer.sendall(data)
                if end:
                    peer.shutdown(socket.SHUT_WR)
            assert drained(peer) == b""

    def poke(self, data: bytes) -> None:
        """Send `data`, end our side, and wait until the broker has ended its own, whatever it answers."""
        with self.connect() as peer, contextlib.suppress(OSError):
            peer.sendall(data)
            peer.shutdown(socket.SHUT_WR)
            drained(peer)

    @contextlib.contextmanager
    def logs_something(self) -> Iterator[None]:
        """Check that the broker writes a log line about what happens in the block."""
        broker = self._broker
        before = len(broker.log()) if broker else 0
        yield
        if broker is not None:
            wait_until(lambda: broker.log()[before:].strip() != "", "a log line about the bad client", 10)

    @contextlib.contextmanager
    def memory_stays_bounded(self) -> Iterator[None]:
        """Check resident memory after the block."""
        before = self._resident_bytes()
        yield
        assert self._resident_bytes() - before < GROWTH_MAX

    def _resident_bytes(self) -> int:
        return self._broker.resident_bytes() if self._broker else 0


def drained(peer: socket.socket) -> bytes:
    """Return all that comes until the peer ends the connection."""
    received = bytearray()
    with contextlib.suppress(ConnectionError):
        while piece := peer.recv(65536):
            received += piece
    return bytes(received)


def exactly(peer: socket.socket, size: int) -> bytes:
    """Return the next `size` bytes."""
    data = b""
    while len(data) < size:
        piece = peer.recv(size - len(data))
        assert piece, f"closed after {len(data)} of {size} bytes"
        data += piece
    return data


def encode_request(key: int, version: int, body: bytes) -> bytes:
    """Return a framed request with a header of version 1 and any body; its correlation id is 7."""
    head = struct.pack(">hhih3s", key, version, 7, 3, b"raw")
    return struct.pack(">i", len(head) + len(body)) + head + body
