"""Where batches are read from: objects with a buffer, and files piece by piece."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any, BinaryIO, Final

from skylog.errors import Corrupt

PIECE_BYTES: Final = 4 << 20


def bytes_view(source: Any) -> memoryview:
    """Return the bytes of anything with a contiguous buffer, in place.

    Raises
    ------
    TypeError
        For all else.
    """
    try:
        view = memoryview(source)
    except TypeError:
        raise TypeError(f"expected a bytes-like object, not {type(source).__name__}") from None
    return view if view.format == "B" and view.ndim == 1 and view.c_contiguous else view.cast("B")


def has_buffer(source: Any) -> bool:
    """Say whether `source` is bytes-like."""
    try:
        memoryview(source).release()
    except TypeError:
        return False
    return True


def is_file(source: Any) -> bool:
    """Say whether `source` is a path or a file object."""
    return isinstance(source, str | os.PathLike) or hasattr(source, "readinto")


def cut_batch(position: int, needed: int, size: int) -> Corrupt:
    """Return the error for a batch at `position` that takes `needed` bytes, where all bytes end at `size`."""
    return Corrupt(f"batch at position {position}: expected {needed} more bytes, found {size - position}")


class FilePieces:
    """A file, read into one buffer that is used again and again.

    Parameters
    ----------
    source
        A path, or a file object with `readinto`, which stays open.
    batch_bytes_max
        The buffer grows up to this for a batch that does not fit into it.
    """

    def __init__(self, source: str | os.PathLike[str] | BinaryIO, batch_bytes_max: int) -> None:
        self._owned = isinstance(source, str | os.PathLike)
        self._file: Any = open(source, "rb", buffering=0) if self._owned else source  # type: ignore[arg-type] # noqa: SIM115
        self._batch_bytes_max = batch_bytes_max
        self._buffer = bytearray(PIECE_BYTES)
        self._filled = 0
        self.start = 0
        """Where the buffer's first byte stands, counted from where reading began."""
        self.needed = 0
        """Size of the batch that the buffer begins with."""

    def __enter__(self) -> FilePieces:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._owned:
            self._file.close()

    @property
    def left(self) -> int:
        """Bytes that were read but not used."""
        return self._filled

    def next(self) -> memoryview:
        """Fill the buffer and return what is in it; empty when the file has no more bytes."""
        before, view = self._filled, memoryview(self._buffer)
        while self._filled < len(view):
            size = self._file.readinto(view[self._filled :])
            if not size:
                break
            self._filled += size
        return view[: self._filled if self._filled > before else 0]

    def keep(self, position: int, needed: int) -> None:
        """Forget the bytes before `position`, where a batch of `needed` bytes begins if any does.

        Raises
        ------
        Corrupt
            For a batch that is too large.
        """
        rest = self._buffer[position : self._filled]
        self.start += position
        if needed > self._batch_bytes_max:
            limit = self._batch_bytes_max
            raise Corrupt(f"batch at position {self.start}: expected at most {limit} bytes, found {needed}")
        if needed > len(self._buffer):
            # A length alone does not decide: as much again as was really there.
            self._buffer = bytearray(min(needed, 2 * len(self._buffer)))
        self._buffer[: len(rest)] = rest
        self._filled, self.needed = len(rest), needed
