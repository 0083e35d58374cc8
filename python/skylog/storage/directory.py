"""Objects as files of a directory: the blocking half of ``file:``.

A key is its path below the root. An object comes into being by a rename, so a reader or a listing sees all of
it or nothing, whatever dies when::

    root/.temporary/4711-3      being written, flocked by its writer
    root/segments/7/1763…       an object

No key begins with a dot, hence nothing in ``.temporary`` is ever an object.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import itertools
import os
from collections.abc import Iterator

from skylog.errors import InvalidRequest, NotFound
from skylog.storage.base import Buffer, ObjectInfo, check_range, check_range_end
from skylog.storage.keys import check_key
from skylog.storage.writing import write_all

_TEMPORARY = ".temporary"
_SERIAL = itertools.count()
"""Shared by all directories of a process, so that two of the same root do not meet in a name."""


class ObjectDirectory:
    """Files below `root`; every method blocks and may raise `OSError`; safe to call from several threads."""

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)
        self._temporary = os.path.join(self.root, _TEMPORARY)
        self._durable: set[str] = set()

    def prepare(self) -> None:
        """Create what is missing, prove that files can be written, remove what dead writers left."""
        self._make_durable(self._temporary)
        descriptor, path = self._create_temporary()
        os.unlink(path)
        os.close(descriptor)
        for name in os.listdir(self._temporary):
            _remove_if_dead(os.path.join(self._temporary, name))

    def write(self, key: str, data: Buffer) -> None:
        """Make `data` the object `key`, durably: write, fsync, rename, fsync of the directory."""
        path = self._path(key)
        directory = os.path.dirname(path)
        try:
            self._make_durable(directory)
            self._make_durable(self._temporary)
            self._write_and_rename(path, data)
        except FileNotFoundError:
            self._durable.clear()  # something was removed from outside: the next attempt creates it again
            raise
        except (IsADirectoryError, NotADirectoryError) as error:
            raise InvalidRequest(
                f"object key {key}: it is a directory of other keys, or in an object"
            ) from error
        _sync_directory(directory)

    def read(self, key: str, position: int = 0, size: int | None = None) -> bytes:
        """Return the whole object, or `size` bytes from `position`."""
        path = self._path(key)
        if size is not None:
            check_range(key, position, size)
        with self._opened(key, path) as descriptor:
            object_size = os.fstat(descriptor).st_size
            if size is None:
                return _read_all(descriptor, 0, object_size)
            check_range_end(key, position, size, object_size)
            return _read_all(descriptor, position, size)

    def remove(self, keys: list[str]) -> None:
        """Remove objects; one that is not there is no error.

        Not synced: an object that comes back after a power cut is an orphan, which the next sweep finds.
        """
        for path in [self._path(key) for key in keys]:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
                os.unlink(path)

    def walk(self, prefix: str = "", start_after: str = "") -> Iterator[ObjectInfo]:
        """Yield objects in order of keys; memory is that of one directory's names per level."""
        return self._walk("", prefix, start_after)

    def _path(self, key: str) -> str:
        # check_key admits no absolute name and no part that starts with a dot: the path stays below the root.
        return os.path.join(self.root, check_key(key))

    def _walk(self, above: str, prefix: str, start_after: str) -> Iterator[ObjectInfo]:
        for key, entry in self._entries(above):
            if key.endswith("/"):
                behind = start_after < key or start_after.startswith(key)
                if behind and (key.startswith(prefix) or prefix.startswith(key)):
                    yield from self._walk(key, prefix, start_after)
            elif key > start_after and key.startswith(prefix):
                with contextlib.suppress(FileNotFoundError):
                    found = entry.stat()
                    yield ObjectInfo(key, found.st_size, found.st_mtime_ns // 1_000_000)

    def _entries(self, above: str) -> list[tuple[str, os.DirEntry[str]]]:
        """Return what lies in one directory, by key; a directory's ends with a slash, as its keys have."""
        found = []
        with contextlib.suppress(FileNotFoundError), os.scandir(os.path.join(self.root, above)) as entries:
            for entry in entries:
                with contextlib.suppress(InvalidRequest):
                    key = check_key(above + entry.name)
                    found.append((key + "/" if entry.is_dir() else key, entry))
        return sorted(found, key=lambda pair: pair[0])

    def _create_temporary(self) -> tuple[int, str]:
        while True:
            path = os.path.join(self._temporary, f"{os.getpid()}-{next(_SERIAL)}")
            try:
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            except FileExistsError:
                continue  # left by another process that had our id
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if os.fstat(descriptor).st_nlink:
                return descriptor, path
            os.close(descriptor)  # taken for a leftover before it was locked

    def _make_durable(self, directory: str) -> None:
        """Create `directory`; each new name is synced into the directory above it."""
        if directory in self._durable:
            return
        above = os.path.dirname(directory)
        if not os.path.isdir(directory) and above != directory:
            self._make_durable(above)
            with contextlib.suppress(FileExistsError):
                os.mkdir(directory)
            _sync_directory(above)
        if not os.path.isdir(directory):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), directory)
        self._durable.add(directory)

    def _write_and_rename(self, path: str, data: Buffer) -> None:
        descriptor, temporary = self._create_temporary()
        try:
            write_all(descriptor, data)
            os.fsync(descriptor)
            # Still locked, or another store that opens just now would take the file for a leftover.
            os.rename(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def _opened(self, key: str, path: str) -> Iterator[int]:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFound(f"file://{self.root} has no object {key}") from error
        try:
            if os.path.isdir(path):
                raise NotFound(f"file://{self.root} has no object {key}, it is a directory of other keys")
            yield descriptor
        finally:
            os.close(descriptor)


def _remove_if_dead(path: str) -> None:
    """Remove a temporary file unless its writer lives: the kernel drops a lock with its process."""
    with contextlib.suppress(FileNotFoundError, BlockingIOError):
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(path)
        finally:
            os.close(descriptor)


def _sync_directory(directory: str) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_all(descriptor: int, position: int, size: int) -> bytes:
    data = os.pread(descriptor, size, position)
    if len(data) == size:
        return data
    # A single read stops at 2 GiB, and a network file system may stop anywhere.
    pieces = [data]
    while pieces[-1]:
        position, size = position + len(pieces[-1]), size - len(pieces[-1])
        pieces.append(os.pread(descriptor, size, position))
    return b"".join(pieces)
