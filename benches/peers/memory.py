"""Guest memory, touched beforehand: on a virtual machine the first touch of a page costs many later ones."""

from __future__ import annotations

import mmap
import shutil
import sys
import time
from pathlib import Path

from peers.children import Child, Failed

GIB = 1 << 30
_KEPT_EVERY_BYTES = 512 * 1024
"""A page is kept of each, so that no free block grows so large that it goes back to the host."""

_ROOM_GIB = 3
"""What others on the machine keep."""


def available_gib() -> float:
    """Return what programs could still take."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable")) * 1024 / GIB


def require(gib: float, tmpfs: Path) -> None:
    """Raise `Failed` where a run that needs so much at once would not have it."""
    free = shutil.disk_usage(tmpfs).free / GIB
    for what, found in (("memory", available_gib()), (f"room in {tmpfs}", free)):
        if found < gib:
            raise Failed(f"{what}: expected at least {gib:.0f} GiB free, found {found:.1f}; lower --scale")


def touch(gib: float, log: Path) -> Child:
    """Touch memory in a process that then keeps a small part of it until it is stopped."""
    size = max(0, int(min(gib, available_gib() - _ROOM_GIB) * GIB))
    child = Child([sys.executable, "-m", "peers.memory", str(size)], log, None)
    child.wait_for("touched", 300)
    return child


def _hold(size: int) -> None:
    if size:
        room = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        room.madvise(mmap.MADV_NOHUGEPAGE)
        for place in range(0, size, mmap.PAGESIZE):
            room[place] = 1
        for place in range(0, size - _KEPT_EVERY_BYTES, _KEPT_EVERY_BYTES):
            room.madvise(mmap.MADV_DONTNEED, place + mmap.PAGESIZE, _KEPT_EVERY_BYTES - mmap.PAGESIZE)
    print("touched", flush=True)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    _hold(int(sys.argv[1]))
