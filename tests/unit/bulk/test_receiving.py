"""Frames out of received bytes, however they are cut."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylog.bulk.receiving import SCRATCH_BYTES, BufferPool, FrameReceiver
from skylog.errors import Corrupt

MIB = 1 << 20


def _receive(receiver: FrameReceiver, data: bytes, steps: list[int]) -> list[bytes]:
    frames: list[bytes] = []
    position, step = 0, 0
    while position < len(data):
        room = receiver.get_buffer()
        size = min(len(room), len(data) - position, steps[step % len(steps)])
        room[:size] = data[position : position + size]
        frames += [bytes(frame) for frame in receiver.received(size)]
        position, step = position + size, step + 1
    return frames


def _content(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


@given(
    st.lists(
        st.sampled_from([4, 5, 100, SCRATCH_BYTES - 4, SCRATCH_BYTES - 3, 3 * SCRATCH_BYTES]), max_size=6
    ),
    st.lists(st.sampled_from([1, 3, 4, 1000, 40_000, MIB]), min_size=1, max_size=4).filter(
        lambda s: max(s) > 99
    ),
)
def test_frames_come_out_as_they_were_sent(sizes: list[int], steps: list[int]) -> None:
    contents = [_content(size) for size in sizes]
    data = b"".join(struct.pack(">i", len(content)) + content for content in contents)
    assert _receive(FrameReceiver(MIB, BufferPool(MIB)), data, steps) == contents


@pytest.mark.parametrize("size", [-1, 0, 3, MIB + 1, 2**31 - 1])
def test_a_length_that_no_answer_has_is_corrupt(size: int) -> None:
    receiver = FrameReceiver(MIB, BufferPool(MIB))
    with pytest.raises(Corrupt, match=f"found {size}"):
        _receive(receiver, struct.pack(">i", size) + b"HTTP/1.1", [100])


def test_memory_that_was_given_back_is_used_again() -> None:
    pool = BufferPool(8 * MIB)
    first = pool.take(2 * MIB)
    first[:3] = b"abc"
    pool.give(first)
    assert bytes(pool.take(2 * MIB - 5)[:3]) == b"abc"


def test_the_pool_keeps_no_more_than_it_may() -> None:
    pool = BufferPool(2 * MIB)
    for memory in [pool.take(2 * MIB), pool.take(2 * MIB)]:
        pool.give(memory)
    assert repr(pool) == f"<BufferPool 1 buffers, {2 * MIB}/{2 * MIB} bytes>"


def test_a_small_answer_takes_no_large_memory() -> None:
    pool = BufferPool(64 * MIB)
    pool.give(pool.take(32 * MIB))
    assert len(memoryview(pool.take(MIB).obj)) == MIB


def test_frames_from_the_scratch_are_no_business_of_the_pool() -> None:
    pool = BufferPool(MIB)
    pool.give(memoryview(b"small"))
    assert repr(pool) == f"<BufferPool 0 buffers, 0/{MIB} bytes>"
