"""Prebuilt frames over one connection, and their answers."""

from __future__ import annotations

import socket
import struct


def connect(port: int) -> socket.socket:
    """Open a connection to a broker on this machine."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def read_exactly(connection: socket.socket, room: memoryview) -> None:
    """Fill `room` from the socket."""
    filled = 0
    while filled < len(room):
        size = connection.recv_into(room[filled:])
        if not size:
            raise SystemExit("the broker closed the connection")
        filled += size


def read_frame(connection: socket.socket, scratch: memoryview) -> memoryview:
    """Read one response."""
    read_exactly(connection, scratch[:4])
    size = struct.unpack(">i", scratch[:4])[0]
    read_exactly(connection, scratch[:size])
    return scratch[:size]


def pump(connection: socket.socket, frame: bytes, count: int, inflight: int) -> None:
    """Send a frame `count` times with at most `inflight` unanswered."""
    scratch = memoryview(bytearray(1 << 16))
    sent = answered = 0
    while answered < count:
        while sent < count and sent - answered < inflight:
            connection.sendall(frame)
            sent += 1
        read_frame(connection, scratch)
        answered += 1
