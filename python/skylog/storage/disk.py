"""The disk tier: blocks that memory gave up, in files of one directory, up to a budget.

It only ever saves GETs. A file that is lost, half written or changed is found by its checksum when it is
read, and removed; the store is asked as if it had never been there.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from skylog.errors import InvalidConfig
from skylog.storage.block_files import (
    BlockFile,
    adopt,
    file_bytes,
    file_path,
    read,
    remove,
    take_directory,
    write,
)
from skylog.storage.blocks import Block, BlockName, Window

log = logging.getLogger("skylog.storage")

T = TypeVar("T")

WRITES_MAX = 8
"""Blocks being written or waiting for it, which stay in memory until then; more are let go."""
THREADS = 4


@dataclass(slots=True)
class DiskStats:
    """Counts since the start; `refused` blocks came faster than they could be written."""

    writes: int = 0
    reads: int = 0
    corrupt: int = 0
    evictions: int = 0
    refused: int = 0
    failures: int = 0


class DiskTier:
    """Blocks as files; the least recently used give way. All of a process, and its only owner, use one.

    Parameters
    ----------
    directory
        Created if it is missing. Files that are not the tier's are left alone.
    bytes_max
        Budget of all files together, those being written included.
    """

    def __init__(self, directory: str, bytes_max: int) -> None:
        self.stats = DiskStats()
        self.bytes_max = bytes_max
        self._directory = os.path.abspath(directory)
        self._files: OrderedDict[BlockName, BlockFile] = OrderedDict()
        self._size = 0
        self._writes: dict[BlockName, asyncio.Future[None]] = {}
        self._unwanted: set[BlockName] = set()
        self._pool = ThreadPoolExecutor(THREADS, "skylog-disk-cache")
        self._lock = -1

    def __repr__(self) -> str:
        held = f"{len(self)} blocks, {self._size} of {self.bytes_max} bytes"
        return f"DiskTier({self._directory}, {held}, {self.stats})"

    def __contains__(self, name: BlockName) -> bool:
        return name in self._files

    def __len__(self) -> int:
        return len(self._files)

    @property
    def size(self) -> int:
        """Bytes of all files, those being written included."""
        return self._size

    async def open(self) -> None:
        """Take the directory and what an earlier process left in it. Raises `InvalidConfig`."""
        try:
            self._lock = await self._run(lambda: take_directory(self._directory))
            found = await self._run(lambda: list(adopt(self._directory)))
        except BlockingIOError as error:
            reason = "another process uses it; give each broker a directory of its own"
            raise InvalidConfig(f"fetch.disk_cache_dir {self._directory}: {reason}") from error
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise InvalidConfig(f"fetch.disk_cache_dir {self._directory}: {reason}") from error
        self._files.update(found)
        self._size = sum(file.size for file in self._files.values())
        await self._make_room()

    def put(self, name: BlockName, block: Block) -> None:
        """Begin to write a block; nothing happens if it is there, too large, or too many wait."""
        size = file_bytes(name, block)
        if self._lock < 0 or name in self._files or name in self._writes or size > self.bytes_max:
            return
        if len(self._writes) >= WRITES_MAX:
            self.stats.refused += 1
            return
        file = BlockFile(file_path(self._directory, name), size)
        self._size += size
        self._writes[name] = asyncio.create_task(self._write(name, file, block), name=f"write {file.path}")

    async def get(self, name: BlockName, window: Window) -> Block | None:
        """Return a block if it is there as it was written; a file that is not is removed."""
        file = self._files.get(name)
        if file is None:
            return None
        self._files.move_to_end(name)
        self.stats.reads += 1
        try:
            block = await self._run(lambda: read(file.path, name))
        except FileNotFoundError:
            self.drop(name)
            return None
        except OSError as error:
            self._fail(f"cannot read {file.path}", error)
            return None
        if block is not None and (block.position, block.size) == (window.position, window.size):
            return block
        if name in self._files:  # else it was evicted meanwhile
            self.stats.corrupt += 1
            log.warning("%s is not as it was written (block %d of %s); removed", file.path, name[1], name[0])
            self.drop(name)
        return None

    def drop(self, name: BlockName) -> None:
        """Forget a block and remove its file."""
        if name in self._writes:
            self._unwanted.add(name)
        file = self._files.pop(name, None)
        if file is not None:
            self._size -= file.size
            self._pool.submit(remove, file.path)

    async def settle(self) -> None:
        """Wait until all that was put is written."""
        while self._writes:
            await asyncio.gather(*self._writes.values(), return_exceptions=True)

    async def close(self) -> None:
        """Let writes finish; the files stay for the next start."""
        await self.settle()
        await asyncio.to_thread(self._pool.shutdown)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    async def _write(self, name: BlockName, file: BlockFile, block: Block) -> None:
        written = False
        try:
            await self._make_room()
            await self._run(lambda: write(file.path, name, block))
            written = True
        except OSError as error:
            self._fail(f"cannot write {file.path}", error)
        finally:
            del self._writes[name]
            if written:
                self.stats.writes += 1
                self._files[name] = file
            else:
                self._size -= file.size
        if name in self._unwanted:
            self._unwanted.discard(name)
            self.drop(name)

    async def _make_room(self) -> None:
        """Remove the least recently used until the budget holds; what is being written counts already."""
        gone = []
        while self._files and self._size > self.bytes_max:
            _, file = self._files.popitem(last=False)
            self._size -= file.size
            self.stats.evictions += 1
            gone.append(file.path)
        if gone:
            await self._run(lambda: _remove_all(gone))

    def _fail(self, what: str, error: OSError) -> None:
        self.stats.failures += 1
        log.warning("disk cache: %s: %s", what, error)

    async def _run(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)


def _remove_all(paths: list[str]) -> None:
    for path in paths:
        remove(path)
