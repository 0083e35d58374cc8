"""Connections that do nothing, or half of it."""

from __future__ import annotations

import contextlib
import resource
import socket
import struct

import pytest

from clients.batches import build_batch
from clients.conftest import FOREIGN
from clients.hostile.victim import MIB, Victim
from clients.raw import Connection, fetch_request, frame, produce_request


@pytest.mark.skipif(bool(FOREIGN), reason="Apache Kafka reserves what is announced and runs out of memory")
def test_announced_but_missing_bytes_take_no_memory(victim: Victim) -> None:
    """300 connections that each announce 90 MiB and send 100 bytes."""
    with contextlib.ExitStack() as stack, victim.memory_stays_bounded():
        for _ in range(300):
            peer = stack.enter_context(victim.connect())
            peer.sendall(struct.pack(">ihhi", 90 * MIB, 0, 9, 1) + bytes(90))
        assert victim.answers()


def test_half_open_connections_hold_nobody_up(victim: Victim) -> None:
    """Clients that stop in the middle of a frame, or stop reading, or end their side."""
    whole = frame(produce_request({(victim.topic, 0): build_batch([b"x" * 1000])}))
    with contextlib.ExitStack() as stack:
        for size in range(1, len(whole), 20):
            stack.enter_context(victim.connect()).sendall(whole[:size])
        for _ in range(20):
            peer = stack.enter_context(victim.connect())
            peer.sendall(whole)
            peer.shutdown(socket.SHUT_WR)
        assert victim.answers()


def test_a_client_that_never_reads_its_answers_is_not_buffered_without_limit(victim: Victim) -> None:
    with Connection(victim.bootstrap) as connection:
        for _ in range(20):
            batch = build_batch([b"x" * 900_000])
            assert connection.produce(victim.topic, 0, batch).error_code == 0
    request = frame(fetch_request(victim.topic, 0, 0))
    with victim.connect() as peer, victim.memory_stays_bounded():
        peer.settimeout(3)
        with contextlib.suppress(TimeoutError, ConnectionError):
            # Each asks for some 18 MiB: 2,000 of them would be 35 GiB of answers.
            for _ in range(2000):
                peer.sendall(request)
        assert victim.answers()


def test_two_thousand_idle_connections(victim: Victim) -> None:
    _allow_open_files(5000)
    with contextlib.ExitStack() as stack, victim.memory_stays_bounded():
        for _ in range(2000):
            stack.enter_context(victim.connect())
        assert victim.answers()


def _allow_open_files(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        pytest.skip(f"only {hard} open files are allowed")
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
