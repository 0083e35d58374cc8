"""Framing: whatever the pieces in which a stream arrives, the frames are the same."""

import struct

import pytest

from skylog.core import Frame, FrameReader, Scratch
from skylog.errors import InvalidRequest

SCRATCH = 65536


def request(body: bytes = b"", client_id: bytes | None = b"me", key: int = 18, version: int = 3) -> bytes:
    header = struct.pack(">hhi", key, version, 7)
    name = b"\xff\xff" if client_id is None else struct.pack(">h", len(client_id)) + client_id
    return header + name + body


def prefixed(frame: bytes) -> bytes:
    return struct.pack(">i", len(frame)) + frame


def reader(frame_bytes_max: int = 100 << 20) -> FrameReader:
    return FrameReader(Scratch(SCRATCH), frame_bytes_max)


def feed(reader: FrameReader, stream: bytes, step: int = 1 << 30) -> list[Frame]:
    """Deliver a stream as a socket would: at most `step` bytes at once, never more than there is room."""
    frames, position = [], 0
    while position < len(stream):
        room = reader.get_buffer()
        assert len(room) > 0
        assert not room.readonly
        size = min(step, len(room), len(stream) - position)
        room[:size] = stream[position : position + size]
        frames += reader.buffer_updated(size)
        position += size
    return frames


def test_header_fields() -> None:
    (frame,) = feed(reader(), prefixed(request(b"body", b"caf\xc3\xa9", key=3, version=12)))
    assert (frame.api_key, frame.api_version, frame.correlation_id) == (3, 12, 7)
    assert frame.client_id == "café"
    assert bytes(frame)[frame.body_position :] == b"body"
    assert len(frame) == len(bytes(frame)) == 19


def test_null_and_broken_client_ids() -> None:
    nameless, broken = feed(
        reader(), prefixed(request(client_id=None)) + prefixed(request(client_id=b"\xff"))
    )
    assert nameless.client_id is None
    assert nameless.body_position == 10
    assert broken.client_id == "\N{REPLACEMENT CHARACTER}"


def test_a_frame_can_be_read_as_a_buffer_but_not_written() -> None:
    (frame,) = feed(reader(), prefixed(request(b"x" * 100_000)))
    view = memoryview(frame)
    assert view.readonly
    assert bytes(view[-3:]) == b"xxx"
    del frame
    assert view[0] == 0  # the view keeps the memory


@pytest.mark.parametrize("step", [1, 3, 1000, 65535, 65536, 1 << 20])
def test_pieces_make_no_difference(step: int) -> None:
    sizes = [0, 1, 4096, 16384, 65536 - 16, 65536, 70_000, 200_000, 5, 0] if step > 3 else [0, 1, 5, 20_000]
    requests = [request(bytes([index]) * size) for index, size in enumerate(sizes)]
    frames = feed(reader(), b"".join(map(prefixed, requests)), step)
    assert [bytes(frame) for frame in frames] == requests


def test_readers_share_a_scratch_without_mixing() -> None:
    scratch = Scratch(SCRATCH)
    one, two = FrameReader(scratch, 1 << 20), FrameReader(scratch, 1 << 20)
    first, second = prefixed(request(b"1" * 5000)), prefixed(request(b"2" * 5000))
    frames = feed(one, first[:3000]) + feed(two, second[:2]) + feed(one, first[3000:]) + feed(two, second[2:])
    assert [bytes(frame) for frame in frames] == [first[4:], second[4:]]


def test_a_large_frame_is_received_in_its_own_memory() -> None:
    subject, body = reader(), bytes(range(256)) * 4096
    stream = prefixed(request(body))
    feed(subject, stream[:1000])
    room = subject.get_buffer()
    assert len(room) == len(stream) - 1000
    room[:] = stream[1000:]
    (frame,) = subject.buffer_updated(len(room))
    assert bytes(frame) == stream[4:]


def test_large_buffers_come_back_but_never_while_someone_holds_them() -> None:
    subject = reader()
    for turn in range(4):
        frames = feed(subject, b"".join(prefixed(request(bytes([turn, k]) * 100_000)) for k in range(3)))
        held = [memoryview(frame) for frame in frames]
        del frames
        (other,) = feed(subject, prefixed(request(b"\xee" * 200_000)))
        assert [view[-2:].tolist() for view in held] == [[turn, k] for k in range(3)]
        assert bytes(other)[-1] == 0xEE


def test_pending_counts_what_is_held() -> None:
    subject, stream = reader(), prefixed(request(b"x" * 300_000))
    assert subject.pending == 0
    for step in (2, 1, 10, 100_000):
        before = subject.pending
        feed(subject, stream[before : before + step])
        assert subject.pending == before + step
    feed(subject, stream[subject.pending :])
    assert subject.pending == 0


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (struct.pack(">i", -1), "positive length"),
        (struct.pack(">i", 9) + bytes(9), "at least a header"),
        (struct.pack(">i", 1025), "limit of 1024"),
        (struct.pack(">i", 2**31 - 1), "limit of 1024"),
        (prefixed(struct.pack(">hhih", 18, 0, 1, 5)), "client_id"),
        (prefixed(struct.pack(">hhih", 18, 0, 1, -2)), "client_id"),
    ],
)
def test_malformed_frames(stream: bytes, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        feed(reader(frame_bytes_max=1024), stream)


def test_more_bytes_than_room_is_the_callers_fault() -> None:
    with pytest.raises(ValueError, match="more than the buffer"):
        reader().buffer_updated(SCRATCH + 1)
    subject = reader()
    feed(subject, prefixed(request(b"x" * 100_000))[:1000])
    with pytest.raises(ValueError, match="more than the buffer"):
        subject.buffer_updated(len(subject.get_buffer()) + 1)


def test_a_claimed_length_costs_no_memory() -> None:
    scratch = Scratch(SCRATCH)
    before = resident_bytes()
    readers = [FrameReader(scratch, 100 << 20) for _ in range(200)]
    for each in readers:
        feed(each, struct.pack(">i", 90 << 20) + bytes(100))
    assert resident_bytes() - before < 20 << 20


def resident_bytes() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
