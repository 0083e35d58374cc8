"""``file:///dir``: objects as files, durable when `put` returns; for one machine or a shared file system."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from skylog.errors import InvalidConfig, SkylogError, Unavailable
from skylog.storage.base import Buffer, ObjectInfo
from skylog.storage.directory import ObjectDirectory

T = TypeVar("T")

WRITES_MAX = 8
READS_MAX = 8
LIST_PAGE = 1000

_REMEDIES = {
    errno.ENOSPC: "free some space or move the data elsewhere (--data, --store)",
    errno.EDQUOT: "raise the quota or move the data elsewhere (--data, --store)",
    errno.EACCES: "make it writable for this user or choose another directory (--data, --store)",
    errno.EPERM: "make it writable for this user or choose another directory (--data, --store)",
    errno.EROFS: "choose a directory on a writable file system (--data, --store)",
    errno.ENOTDIR: "choose a directory (--data, --store)",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "raise the system's limit of open files (fs.file-max)",
}


class LocalStore:
    """An `ObjectStore` below a directory.

    Blocking calls run in two bounded pools, so that reads do not queue behind fsyncs. A put costs one fsync
    of the file and one of its directory; it survives kill -9 and power loss once it returned, and leaves at
    most a temporary file otherwise, which the next `open` removes.

    Parameters
    ----------
    path
        The directory; created with its parents if it is missing.
    """

    def __init__(self, path: str) -> None:
        self._directory = ObjectDirectory(path)
        self._writers = ThreadPoolExecutor(WRITES_MAX, "skylog-store-write")
        self._readers = ThreadPoolExecutor(READS_MAX, "skylog-store-read")

    @property
    def url(self) -> str:
        """The store's address."""
        return f"file://{self._directory.root}"

    @property
    def puts_per_second(self) -> float:
        """As many small files a second as a directory takes for long."""
        return 25.0

    @property
    def puts_awaited_per_second(self) -> float:
        """About as many as a disk syncs."""
        return 250.0

    async def open(self) -> None:
        """Create the directory and prove that it can be written. Raises `InvalidConfig`."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._writers, self._directory.prepare)
        except OSError as error:
            raise InvalidConfig(self._describe("cannot be used", error)) from error

    async def put(self, key: str, data: Buffer) -> None:
        """Store `data` durably: 2 fsyncs."""
        await self._run(self._writers, f"put of {key}", lambda: self._directory.write(key, data))

    async def get(self, key: str) -> bytes:
        """Return the whole object. Raises `NotFound`."""
        return await self._run(self._readers, f"get of {key}", lambda: self._directory.read(key))

    async def get_range(self, key: str, position: int, size: int) -> bytes:
        """Return `size` bytes from `position`. Raises `NotFound`; `InvalidRequest` past the end."""
        return await self._run(
            self._readers, f"get of {key}", lambda: self._directory.read(key, position, size)
        )

    async def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; one that is not there is no error."""
        names = list(keys)
        await self._run(
            self._writers, f"delete of {len(names)} objects", lambda: self._directory.remove(names)
        )

    async def list(self, prefix: str = "", start_after: str = "") -> AsyncIterator[ObjectInfo]:
        """Yield the objects below `prefix` in order of keys, after `start_after`."""
        objects = self._directory.walk(prefix, start_after)
        while page := await self._run(self._readers, f"list of {prefix!r}", lambda: _take_page(objects)):
            for found in page:
                yield found

    async def close(self) -> None:
        """Let what is under way finish and release the threads."""
        for pool in (self._writers, self._readers):
            await asyncio.to_thread(pool.shutdown)

    async def _run(self, pool: ThreadPoolExecutor, what: str, call: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, call)
        except SkylogError:
            raise
        except OSError as error:
            raise Unavailable(self._describe(f"{what} failed", error)) from error

    def _describe(self, what: str, error: OSError) -> str:
        remedy = _REMEDIES.get(error.errno or 0)
        reason = os.strerror(error.errno) if error.errno else str(error)
        where = f" ({error.filename})" if error.filename else ""
        return f"{self.url}: {what}: {reason}{where}" + (f"; {remedy}" if remedy else "")


def _take_page(objects: Iterator[ObjectInfo]) -> list[ObjectInfo]:
    return list(islice(objects, LIST_PAGE))
