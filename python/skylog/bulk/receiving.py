"""Receive memory: small answers through a scratch, large ones straight into memory of their own size."""

from __future__ import annotations

from struct import unpack_from
from typing import Final

import numpy as np

from skylog.errors import Corrupt

SCRATCH_BYTES: Final = 64 * 1024
_STEP_BYTES: Final = 1024 * 1024


class BufferPool:
    """Receive memory that is used again: the first touch of fresh memory costs more than the copy into it.

    Parameters
    ----------
    bytes_max : int
        What it keeps at most; whatever is given back beyond that is let go.
    """

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._free: list[memoryview] = []

    def __repr__(self) -> str:
        return f"<BufferPool {len(self._free)} buffers, {self._bytes}/{self._bytes_max} bytes>"

    def take(self, size: int) -> memoryview:
        """Return writable memory of `size` bytes; what it holds is undefined."""
        for place, buffer in enumerate(self._free):
            # Memory much larger than the answer would stay bound to it for as long as the answer is held.
            if size <= len(buffer) <= 4 * size + _STEP_BYTES:
                del self._free[place]
                self._bytes -= len(buffer)
                return buffer[:size]
        # NumPy neither clears large memory nor maps it in small pages.
        return np.empty(-(-size // _STEP_BYTES) * _STEP_BYTES, np.uint8).data[:size]

    def give(self, memory: memoryview) -> None:
        """Take back what `take` returned; nobody may look at it any more."""
        whole = memoryview(memory.obj)
        if isinstance(memory.obj, np.ndarray) and self._bytes + len(whole) <= self._bytes_max:
            self._free.append(whole)
            self._bytes += len(whole)


class FrameReceiver:
    """Cuts what one connection receives into frames.

    Parameters
    ----------
    frame_bytes_max : int
        A longer frame is `Corrupt`. A length alone touches no memory.
    pool : BufferPool
        Where memory of large frames comes from.
    """

    def __init__(self, frame_bytes_max: int, pool: BufferPool) -> None:
        self._frame_bytes_max = frame_bytes_max
        self._pool = pool
        self._scratch = memoryview(bytearray(SCRATCH_BYTES))
        self._filled = 0
        self._large: memoryview | None = None
        self._large_filled = 0

    def get_buffer(self) -> memoryview:
        """Return room for the next receive."""
        if self._large is not None:
            return self._large[self._large_filled :]
        return self._scratch[self._filled :]

    def received(self, size: int) -> list[memoryview]:
        """Take `size` received bytes; return the frames that are whole now, without their lengths.

        Raises
        ------
        Corrupt
            A length that no answer has; the connection is beyond use then.
        """
        if self._large is None:
            self._filled += size
            return self._cut()
        self._large_filled += size
        if self._large_filled < len(self._large):
            return []
        frame, self._large = self._large, None
        return [frame]

    def _cut(self) -> list[memoryview]:
        frames: list[memoryview] = []
        position = 0
        while self._filled - position >= 4:
            size = self._frame_size(position)
            end = position + 4 + size
            if end > self._filled:
                break
            frames.append(memoryview(bytes(self._scratch[position + 4 : end])))
            position = end
        self._keep(position)
        return frames

    def _keep(self, position: int) -> None:
        """Move what begins at `position` to where the rest of it goes."""
        left = self._filled - position
        rest = bytes(self._scratch[position : self._filled])
        self._filled = left
        if left >= 4 and 4 + (size := self._frame_size(position)) > SCRATCH_BYTES:
            self._large = self._pool.take(size)
            self._large[: left - 4] = rest[4:]
            self._large_filled, self._filled = left - 4, 0
        elif position:
            self._scratch[:left] = rest

    def _frame_size(self, position: int) -> int:
        size = int(unpack_from(">i", self._scratch, position)[0])
        if not 4 <= size <= self._frame_bytes_max:
            raise Corrupt(
                f"expected an answer of 4 to {self._frame_bytes_max} bytes, found {size}; "
                "is this a Kafka listener, and does it want TLS (ssl=…)?"
            )
        return size
