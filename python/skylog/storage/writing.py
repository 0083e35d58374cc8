"""Bytes into a file, past the page cache where that works.

A segment is read from the broker's own cache, hardly ever from its file, so a copy in the page cache is
memory and work for nothing: pages are found, filled and written back later. Direct writes want aligned
memory, which `bytes` is not, so they go through a small buffer per thread that stays in the processor's
cache.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import threading

from skylog.storage.base import Buffer

ALIGNMENT = 4096
"""Of memory, places and sizes; enough for every block device in use."""

CHUNK = 1024 * 1024

DIRECT_BYTES_MIN = 256 * 1024
"""Below this the page cache is as cheap."""


_O_DIRECT: int = getattr(os, "O_DIRECT", 0)
"""Linux has it."""


class _PerThread(threading.local):
    def __init__(self) -> None:
        self.chunk = mmap.mmap(-1, CHUNK)  # anonymous memory begins at a page


_per_thread = _PerThread()


def write_all(descriptor: int, data: Buffer) -> None:
    """Write `data` to an empty file; it is not synced. Blocks; raises `OSError`."""
    with memoryview(data) as view, view.cast("B") as whole:
        direct = _O_DIRECT and len(whole) >= DIRECT_BYTES_MIN
        written = _write_direct(descriptor, whole) if direct else 0
        while written < len(whole):
            written += os.pwrite(descriptor, whole[written:], written)


def _write_direct(descriptor: int, whole: memoryview) -> int:
    """Write the aligned part of `whole` and return its size, or less where the file system will not."""
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | _O_DIRECT)
    except OSError as error:
        if error.errno == errno.EINVAL:
            return 0  # no direct writes here, as on some network and memory file systems
        raise
    try:
        return _write_chunks(descriptor, whole, len(whole) // ALIGNMENT * ALIGNMENT)
    finally:
        fcntl.fcntl(descriptor, fcntl.F_SETFL, flags)


def _write_chunks(descriptor: int, whole: memoryview, end: int) -> int:
    chunk = _per_thread.chunk
    for position in range(0, end, CHUNK):
        size = min(CHUNK, end - position)
        chunk[:size] = whole[position : position + size]
        try:
            with memoryview(chunk) as view:
                written = os.pwrite(descriptor, view[:size], position)
        except OSError as error:
            if error.errno == errno.EINVAL:
                return position  # larger blocks than ours: the page cache takes the rest
            raise
        if written < size:
            return position + written
    return end
