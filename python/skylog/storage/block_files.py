"""A block as a file that says itself what it holds: the blocking half of the disk tier.

A file is named after a digest of its block's name::

    magic 8 · version u32 · size of the key u32 · block number i64 · position i64 · size i64 · flags u32 ·
    CRC-32C of key and data u32 · CRC-32C of the bytes before u32 · key · data

All little-endian. Nothing is synced: a crash leaves a whole file, none, or one whose checksum does not hold.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import itertools
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from skylog.core import crc32c
from skylog.storage.blocks import Block, BlockName

MAGIC = b"SKYBLK\r\n"
VERSION = 1
FLAG_VERIFIED = 1
SUFFIX = ".block"
TEMPORARY_SUFFIX = ".writing"
LOCK = "lock"
KEY_BYTES_MAX = 1024

_HEAD = struct.Struct("<8sIIqqqII")
_CRC = struct.Struct("<I")
HEAD_BYTES = _HEAD.size + _CRC.size
_SERIAL = itertools.count()


@dataclass(frozen=True, slots=True)
class BlockFile:
    """Where a block lies, and the bytes of its file."""

    path: str
    size: int


def file_bytes(name: BlockName, block: Block) -> int:
    """Return the size of a block's file."""
    return HEAD_BYTES + len(name[0].encode()) + block.size


def file_path(directory: str, name: BlockName) -> str:
    """Return where a block's file belongs."""
    digest = hashlib.blake2b(f"{name[1]} {name[0]}".encode(), digest_size=20).hexdigest()
    return os.path.join(directory, digest + SUFFIX)


def take_directory(directory: str) -> int:
    """Create the directory if it is missing and return its lock. `BlockingIOError` if another has it."""
    os.makedirs(directory, exist_ok=True)
    descriptor = os.open(os.path.join(directory, LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def adopt(directory: str) -> Iterator[tuple[BlockName, BlockFile]]:
    """Yield the blocks that an earlier owner left, the oldest first; remove what is half written."""
    with os.scandir(directory) as entries:
        files = [entry for entry in entries if entry.name.endswith((SUFFIX, TEMPORARY_SUFFIX))]
        found = sorted(files, key=lambda entry: entry.stat().st_mtime_ns)
    for entry in found:
        file = BlockFile(entry.path, entry.stat().st_size)
        name = _read_name(file)
        if name is not None and file_path(directory, name) == file.path:
            yield name, file
        else:
            remove(file.path)


def write(path: str, name: BlockName, block: Block) -> None:
    """Write a block's file in one step: nobody sees a part of it."""
    key = name[0].encode()
    crc = crc32c(memoryview(block.data), crc32c(key))
    flags = FLAG_VERIFIED if block.is_verified else 0
    head = _HEAD.pack(MAGIC, VERSION, len(key), name[1], block.position, block.size, flags, crc)
    temporary = f"{path}.{next(_SERIAL)}{TEMPORARY_SUFFIX}"
    try:
        with open(temporary, "xb", buffering=0) as file:
            for piece in (head + _CRC.pack(crc32c(head)) + key, memoryview(block.data)):
                _write_all(file.fileno(), memoryview(piece))
        os.rename(temporary, path)
    except BaseException:
        remove(temporary)
        raise


def read(path: str, name: BlockName) -> Block | None:
    """Return the block in a file, None if any byte of it is not as it was written."""
    with open(path, "rb", buffering=0) as file:
        head = _read_head(file.read(HEAD_BYTES))
        if head is None or head[2] != len(name[0].encode()) or head[3] != name[1]:
            return None
        _, _, key_bytes, _, position, size, flags, crc = head
        key = file.read(key_bytes)
        data = _read_all(file.fileno(), size)
        if key != name[0].encode() or len(data) != size or crc32c(data, crc32c(key)) != crc or file.read(1):
            return None
    return Block(data, position, is_verified=bool(flags & FLAG_VERIFIED))


def remove(path: str) -> None:
    """Remove a file if it is there."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _read_name(file: BlockFile) -> BlockName | None:
    """Return what a file's head says it holds, None if head and size are not those of a whole file."""
    with open(file.path, "rb", buffering=0) as opened:
        head = _read_head(opened.read(HEAD_BYTES))
        if head is None or file.size != HEAD_BYTES + head[2] + head[5]:
            return None
        try:
            return opened.read(head[2]).decode(), head[3]
        except UnicodeDecodeError:
            return None


def _read_head(head: bytes) -> tuple[bytes, int, int, int, int, int, int, int] | None:
    if len(head) != HEAD_BYTES or _CRC.unpack_from(head, _HEAD.size)[0] != crc32c(head[: _HEAD.size]):
        return None
    magic, version, key_bytes, *rest = _HEAD.unpack_from(head)
    if magic != MAGIC or version != VERSION or key_bytes > KEY_BYTES_MAX:
        return None
    index, position, size, flags, crc = rest
    return magic, version, key_bytes, index, position, size, flags, crc


def _write_all(descriptor: int, data: memoryview) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _read_all(descriptor: int, size: int) -> bytes:
    data = os.read(descriptor, size)
    pieces = [data]
    while data and (size := size - len(data)):
        data = os.read(descriptor, size)
        pieces.append(data)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
