"""Bytes that are no frames, frames that are no requests, requests that break off."""

from __future__ import annotations

import contextlib
import struct

import pytest
from kafka.protocol.metadata import ApiVersionsRequest

from clients.batches import build_batch
from clients.hostile.victim import MIB, Victim, encode_request, exactly
from clients.raw import Connection, fetch_request, frame, metadata_request, produce_request
from clients.seeds import seeded

UNKNOWN_VERSION = 35


def test_random_bytes_close_the_connection(victim: Victim) -> None:
    random = seeded("random bytes")
    with victim.logs_something():
        for size in (1, 3, 4, 5, 16, 100, 1000, 70_000):
            for _ in range(5):
                victim.must_close(random.randbytes(size), end=True)


@pytest.mark.parametrize("length", [-1, -(2**31), 2**31 - 1, 101 * MIB, 100 * MIB + 1])
def test_absurd_lengths_close_the_connection_before_any_byte_follows(victim: Victim, length: int) -> None:
    with victim.logs_something():
        victim.must_close(struct.pack(">i", length))


@pytest.mark.parametrize("length", [0, 1, 7])
def test_frames_too_short_for_a_header_close_the_connection(victim: Victim, length: int) -> None:
    with victim.logs_something():
        victim.must_close(struct.pack(">i", length) + bytes(length))


def test_a_frame_of_101_mebibytes_is_not_taken(victim: Victim) -> None:
    with victim.logs_something(), victim.connect() as peer:
        peer.sendall(struct.pack(">i", 101 * MIB))
        with contextlib.suppress(ConnectionError):
            for _ in range(101):
                peer.sendall(bytes(MIB))
            raise AssertionError("the broker read all of it")


@pytest.mark.parametrize("key", [-1, 4, 56, 999, 32767])
def test_requests_that_are_not_served_close_the_connection(victim: Victim, key: int) -> None:
    with victim.logs_something():
        victim.must_close(encode_request(key, 0, b"\x00" * 20))


@pytest.mark.parametrize(("key", "version"), [(0, 2), (0, 99), (1, 3), (1, -1), (3, 99), (11, 77)])
def test_versions_that_are_not_served_close_the_connection(victim: Victim, key: int, version: int) -> None:
    with victim.logs_something():
        victim.must_close(encode_request(key, version, b"\x00" * 20))


def test_an_unknown_version_of_api_versions_is_answered_in_version_0(victim: Victim) -> None:
    with victim.connect() as peer:
        peer.sendall(encode_request(18, 127, b"\x00" + b"\xff" * 30))
        size, number, code, count = struct.unpack(">iihi", exactly(peer, 14))
        rows = dict(struct.unpack(">hhh", exactly(peer, 6))[::2] for _ in range(count))
        assert (number, code) == (7, UNKNOWN_VERSION)
        assert size == 10 + 6 * count
        assert rows[18] >= 4


def _whole_requests(victim: Victim) -> dict[str, bytes]:
    batch = build_batch([b"one", b"two"])
    return {
        "produce": frame(produce_request({(victim.topic, 0): batch})),
        "produce v3": frame(produce_request({(victim.topic, 0): batch}, version=3)),
        "fetch": frame(fetch_request(victim.topic, 0, 0)),
        "fetch v4": frame(fetch_request(victim.topic, 0, 0, version=4)),
        "metadata": frame(metadata_request([victim.topic])),
        "api versions": frame(ApiVersionsRequest[3](client_software_name="raw", client_software_version="1")),
    }


@pytest.mark.parametrize("kind", ["produce", "produce v3", "fetch", "fetch v4", "metadata", "api versions"])
def test_truncated_requests_are_never_taken_for_whole_ones(victim: Victim, kind: str) -> None:
    """Cut at every byte, the length mended: closed, or answered with an error, never accepted."""
    whole = _whole_requests(victim)[kind][4:]
    with Connection(victim.bootstrap) as connection:
        before = connection.end_offset(victim.topic, 0)
        for size in range(8, len(whole)):
            victim.poke(struct.pack(">i", size) + whole[:size])
        assert connection.end_offset(victim.topic, 0) == before


@pytest.mark.parametrize("kind", ["produce", "produce v3", "fetch", "fetch v4", "metadata", "api versions"])
def test_mutated_requests_harm_nobody(victim: Victim, kind: str) -> None:
    random = seeded(f"mutated {kind}")
    whole = _whole_requests(victim)[kind]
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(random.choice((1, 1, 2, 8))):
            data[random.randrange(8, len(data))] = random.choice(
                (0, 1, 0x7F, 0x80, 0xFF, random.randrange(256))
            )
        victim.poke(bytes(data))


@pytest.mark.parametrize("count", [2**31 - 1, 2**24, -2, -(2**31)])
def test_absurd_counts_take_no_memory(victim: Victim, count: int) -> None:
    bodies = {
        "metadata v1": encode_request(3, 1, struct.pack(">i", count)),
        "produce v3 topics": encode_request(0, 3, struct.pack(">hhii", -1, -1, 1000, count)),
        "produce v3 records": encode_request(
            0, 3, struct.pack(">hhiih1sii", -1, -1, 1000, 1, 1, b"t", 1, 0) + struct.pack(">i", count)
        ),
        "fetch v4 topics": encode_request(1, 4, struct.pack(">iiiibi", -1, 100, 1, MIB, 0, count)),
        "create topics v2": encode_request(19, 2, struct.pack(">i", count)),
        "join group v2": encode_request(
            11, 2, struct.pack(">h1siih0sh8si", 1, b"g", 10_000, 10_000, 0, b"", 8, b"consumer", count)
        ),
    }
    with victim.memory_stays_bounded():
        for data in bodies.values():
            victim.poke(data)
