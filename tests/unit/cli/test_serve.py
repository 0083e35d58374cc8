"""Signals to `skylog serve`: it drains, once, whenever they come and however many."""

from __future__ import annotations

import re
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator

import pytest

from sealing import Batch, Log

SERVE = [sys.executable, "-m", "skylog", "serve", "--listen", "127.0.0.1:0"]
SLOW = ["--store", "memory:?put_ms=300", "--coordinator", "sqlite::memory:"]
AUTO_CREATE = struct.pack(">hhih", 3, 4, 1, -1) + struct.pack(">ih", 1, 1) + b"t" + b"\1"


@pytest.fixture
def slow_broker() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A broker whose store takes a third of a second, and its port."""
    process = subprocess.Popen([*SERVE, *SLOW], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.search(r"listens on \S+:(\d+)", process.stdout.readline())
        assert found is not None
        yield process, int(found[1])
    finally:
        process.kill()
        process.communicate()


def ask(peer: socket.socket, payload: bytes) -> None:
    peer.sendall(struct.pack(">i", len(payload)) + payload)


def answer(peer: socket.socket) -> bytes:
    (size,) = struct.unpack(">i", peer.recv(4, socket.MSG_WAITALL))
    return peer.recv(size, socket.MSG_WAITALL)


def produce_payload() -> bytes:
    batch = Batch(Log(bytes(16))).build()
    return (
        struct.pack(">hhih", 0, 8, 2, -1)
        + struct.pack(">hhi", -1, -1, 30_000)
        + struct.pack(">ih", 1, 1)
        + b"t"
        + struct.pack(">iii", 1, 0, len(batch))
        + batch
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_requests_under_way_are_answered_although_the_signal_comes_twice(
    slow_broker: tuple[subprocess.Popen[str], int], number: signal.Signals
) -> None:
    process, port = slow_broker
    with socket.create_connection(("127.0.0.1", port), timeout=20) as peer:
        ask(peer, AUTO_CREATE)
        answer(peer)
        ask(peer, produce_payload())
        ask(peer, struct.pack(">hhih", 18, 0, 3, -1))  # waits behind it, so both were read before the signal
        with socket.create_connection(("127.0.0.1", port), timeout=20) as other:
            ask(other, struct.pack(">hhih", 18, 0, 4, -1))
            answer(other)
        process.send_signal(number)
        process.send_signal(number)
        answered = answer(peer)
    assert struct.unpack_from(">ihq", answered, 4 + 4 + 2 + 1 + 4) == (0, 0, 0)
    assert process.wait(20) == 0
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()


def test_a_signal_right_after_the_first_line_ends_it() -> None:
    process = subprocess.Popen(
        [*SERVE, "--memory"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "stopped" in out
    assert "Traceback" not in err
