"""Which blocks stay: those of the tail and those of old data each have their own queue.

A count of uses cannot tell a scan from the tail here: a consumer that walks through old data takes a block of
8 MiB in eight fetches of 1 MiB, so each of its blocks looks as popular as one that eight consumers want. What
tells them apart is age, and whoever reads knows it. So the queue is chosen by age.

In the tail's queue the first in goes first: consumers there only move on, so the oldest block is what the
fewest still want, while by last use it would outlive younger ones because of the slowest consumer. In the
queue of old data, which may be read again from its start, the least recently used goes first.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from skylog.storage.blocks import Block, BlockName

BLOCK_BYTES_MEAN = 1_600
"""A block costs some 400 bytes beside its own. So no more are held than fill the cache at this size each:
what they cost beside stays below a quarter of the cache, also where all segments are tiny."""
BLOCKS_ALWAYS = 1_024
"""So many are held in a cache of any size."""


@dataclass(slots=True)
class Queue:
    """Blocks in the order in which they go."""

    keeps_used: bool
    """Whether use puts a block behind all others."""
    blocks: OrderedDict[BlockName, Block] = field(default_factory=OrderedDict)
    size: int = 0

    def get(self, name: BlockName) -> Block | None:
        """Return a block and count it as used."""
        block = self.blocks.get(name)
        if block is not None and self.keeps_used:
            self.blocks.move_to_end(name)
        return block

    def put(self, name: BlockName, block: Block) -> None:
        """Hold a block as the one that goes last."""
        self.blocks[name] = block
        self.size += block.size

    def pop(self, name: BlockName) -> Block | None:
        """Give a block up."""
        block = self.blocks.pop(name, None)
        self.size -= 0 if block is None else block.size
        return block

    def pop_oldest(self) -> tuple[BlockName, Block]:
        """Give up the block whose turn it is."""
        name, block = self.blocks.popitem(last=False)
        self.size -= block.size
        return name, block


class Sections:
    """Blocks up to `bytes_max`: the tail's, and up to `cold_bytes` of old ones that it has to bear.

    Old blocks may take all that the tail leaves free, and beyond that only each other's place: no scan,
    however long, takes the last `bytes_max - cold_bytes` from the tail.
    """

    def __init__(self, bytes_max: int, cold_bytes: int) -> None:
        self.bytes_max = bytes_max
        self.cold_bytes = cold_bytes
        self.blocks_max = max(BLOCKS_ALWAYS, bytes_max // BLOCK_BYTES_MEAN)
        self.cold_blocks = max(BLOCKS_ALWAYS // 2, cold_bytes // BLOCK_BYTES_MEAN)
        self.tail = Queue(keeps_used=False)
        self.cold = Queue(keeps_used=True)

    def __len__(self) -> int:
        return len(self.tail.blocks) + len(self.cold.blocks)

    def __contains__(self, name: BlockName) -> bool:
        return name in self.tail.blocks or name in self.cold.blocks

    @property
    def size(self) -> int:
        """Bytes held."""
        return self.tail.size + self.cold.size

    def get(self, name: BlockName) -> Block | None:
        """Return a block and count it as used."""
        return self.tail.get(name) or self.cold.get(name)

    def put(self, name: BlockName, block: Block, *, is_cold: bool) -> list[tuple[BlockName, Block]]:
        """Hold a block; return those that had to go for it. One that can never fit is not held."""
        if block.size > (self.cold_bytes if is_cold else self.bytes_max) or not block.size:
            return []
        self.pop(name)
        (self.cold if is_cold else self.tail).put(name, block)
        gone = []
        while self.size > self.bytes_max or len(self) > self.blocks_max:
            gone.append(self._victims().pop_oldest())
        return gone

    def pop(self, name: BlockName) -> Block | None:
        """Give a block up."""
        return self.tail.pop(name) or self.cold.pop(name)

    def clear(self) -> None:
        """Give all blocks up."""
        self.tail, self.cold = Queue(keeps_used=False), Queue(keeps_used=True)

    def _victims(self) -> Queue:
        too_much = self.cold.size > self.cold_bytes or len(self.cold.blocks) > self.cold_blocks
        return self.cold if too_much or not self.tail.blocks else self.tail
