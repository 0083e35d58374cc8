"""Blocks: objects cut at multiples of one size, and the parts of objects that are asked for."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from skylog.storage.base import Buffer

Part: TypeAlias = tuple[Buffer, int, bool]
"""A read-only buffer, its first byte's position in the object, whether its checksums are known to hold."""

BlockName: TypeAlias = tuple[str, int]
"""An object's key and the number of a block in it."""

WHOLE = -1
"""The number under which an object of several blocks is held in one piece, as it was written."""


class Window(NamedTuple):
    """A part of an object, and how large that object is."""

    key: str
    object_size: int
    position: int
    size: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the object is left out."""
        return self.size == self.object_size


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom something is read.

    Parameters
    ----------
    stream
        Who; cold readers take turns.
    is_cold
        Whether it lies behind the tail: read by the cold lane, and never held in the tail's place.
    is_ahead
        Whether nobody has asked for it yet.
    """

    stream: Hashable = None
    is_cold: bool = False
    is_ahead: bool = False


TAIL = Reader()


@dataclass(frozen=True, slots=True)
class Block:
    """Bytes of an object from a block's start on.

    Parameters
    ----------
    is_verified
        Whether the checksums of all batches in it are known to hold.
    is_kept
        Whether it may be held; not what was found corrupt.
    """

    data: Buffer
    position: int
    is_verified: bool
    is_kept: bool = True

    @property
    def size(self) -> int:
        """Bytes of it."""
        return len(self.data)


@dataclass(frozen=True, slots=True)
class Layout:
    """The blocks of one object."""

    key: str
    object_size: int
    block_bytes: int

    @property
    def is_single(self) -> bool:
        """Whether one block holds all of it."""
        return self.object_size <= self.block_bytes

    def indices(self, position: int, size: int) -> range:
        """Return the numbers of the blocks that a part touches."""
        return range(position // self.block_bytes, -(-(position + size) // self.block_bytes))

    def window(self, run: range) -> Window:
        """Return what blocks of adjacent numbers hold together."""
        position = run.start * self.block_bytes
        end = min(run.stop * self.block_bytes, self.object_size)
        return Window(self.key, self.object_size, position, end - position)

    def split(self, run: range, loaded: Block) -> dict[int, Block]:
        """Cut what was loaded at once into its blocks.

        Several are copied out of it: as views they would keep each other in memory beyond their eviction.
        """
        if len(run) == 1:
            return {run.start: loaded}
        return {index: self._cut(index, loaded) for index in run}

    def _cut(self, index: int, loaded: Block) -> Block:
        window = self.window(range(index, index + 1))
        start = window.position - loaded.position
        data = bytes(memoryview(loaded.data)[start : start + window.size])
        return Block(data, window.position, loaded.is_verified, loaded.is_kept)


def runs(indices: Iterable[int]) -> Iterator[range]:
    """Join adjacent numbers, which come in order."""
    start = stop = -1
    for index in indices:
        if index != stop:
            if stop > start:
                yield range(start, stop)
            start = index
        stop = index + 1
    if stop > start:
        yield range(start, stop)


def join(blocks: list[Block]) -> Part:
    """Return blocks that follow each other as one part; several are copied together."""
    first = blocks[0]
    is_verified = all(block.is_verified for block in blocks)
    data = first.data if len(blocks) == 1 else b"".join(block.data for block in blocks)
    return data, first.position, is_verified
