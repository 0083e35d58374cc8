"""Blocks of objects in memory, each loaded once however many ask for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from skylog.errors import Unavailable
from skylog.storage.base import Buffer
from skylog.storage.blocks import (
    TAIL,
    WHOLE,
    Block,
    BlockName,
    Layout,
    Part,
    Reader,
    Window,
    join,
    runs,
)
from skylog.storage.eviction import Sections
from skylog.storage.keys import created_ms
from skylog.storage.room import Room

if TYPE_CHECKING:
    from skylog.config import FetchConfig
    from skylog.storage.disk import DiskTier

Loader: TypeAlias = Callable[[Window, Reader], Awaitable[Block]]
"""Fetches a part of an object: 1 GET. What it raises reaches all who wait and is not remembered."""


@dataclass(slots=True)
class CacheStats:
    """Counts since the start. `misses` are calls that had to wait; `loads` what the store was asked for."""

    hits: int = 0
    misses: int = 0
    loads: int = 0
    loaded_bytes: int = 0
    disk_hits: int = 0
    evictions: int = 0
    evicted_bytes: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class CacheLimits:
    """How much the cache may hold.

    Parameters
    ----------
    bytes_max
        Budget of what is held. A block larger than all of it is passed on and not kept.
    cold_bytes
        Of it, what old data may take from the tail.
    block_bytes
        Objects up to this size are one block; larger ones are read in blocks that start at its multiples.
    loads_bytes_max
        Bytes under way at once at the tail, and again as many behind it; on top of the budget.
    """

    bytes_max: int
    cold_bytes: int
    block_bytes: int
    loads_bytes_max: int

    @classmethod
    def of(cls, config: FetchConfig) -> CacheLimits:
        """Return what the configuration says."""
        return cls(
            config.cache_bytes_max, config.cache_cold_bytes, config.cache_block_bytes, config.loads_bytes_max
        )


class _Load:
    """One run of blocks on its way."""

    __slots__ = ("task", "waiters")

    def __init__(self, task: asyncio.Task[dict[int, Block]]) -> None:
        self.task = task
        self.waiters = 0


class BlockCache:
    """Objects never change, so nothing that is held grows stale."""

    def __init__(self, loader: Loader, limits: CacheLimits, disk: DiskTier | None = None) -> None:
        self.stats = CacheStats()
        self.limits = limits
        self.disk = disk
        self.tail_room = Room(limits.loads_bytes_max)
        self.cold_room = Room(limits.loads_bytes_max)
        self.tail_start_ms = 0
        """Segments created until then had to leave: who wants them still is behind the tail."""
        self._loader = loader
        self._sections = Sections(limits.bytes_max, limits.cold_bytes)
        self._loads: dict[BlockName, _Load] = {}

    def __repr__(self) -> str:
        held = f"{len(self)} blocks, {self.size} of {self.limits.bytes_max} bytes"
        return f"BlockCache({held}, {self.stats})"

    def __len__(self) -> int:
        return len(self._sections)

    @property
    def size(self) -> int:
        """Bytes held."""
        return self._sections.size

    def load_bytes(self, window: Window) -> int:
        """Return what is read for a window if nothing of it is at hand."""
        layout = self._layout(window)
        return layout.window(layout.indices(window.position, window.size)).size

    def holds(self, window: Window) -> bool:
        """Tell whether a window is at hand; counts as nothing."""
        if (window.key, WHOLE) in self._sections:
            return True
        return all((window.key, index) in self._sections for index in self._indices(window))

    def peek(self, window: tuple[str, int, int, int]) -> Part | None:
        """Return a window that is at hand; counts as a hit, and as nothing where something is missing."""
        key, object_size, position, size = window
        if object_size <= self.limits.block_bytes:
            block = self._sections.get((key, 0))
            if block is None:
                return None
            self.stats.hits += 1
            return block.data, 0, block.is_verified
        return self._peek_blocks(Window(key, object_size, position, size))

    async def get(self, window: Window, reader: Reader = TAIL) -> Part:
        """Return at least a window, loading what nobody loads yet: a GET for each run of missing blocks.

        A caller that is cancelled leaves the load to the others and to the cache, unless it was read ahead
        and nobody else waits for it. Raises what the loader raises; `Unavailable` when the cache is closed
        meanwhile.
        """
        part = self.peek(window)
        if part is not None:
            return part
        self.stats.misses += 1
        blocks = self._at_hand(window)
        loads = self._loads_of(window, blocks, reader)
        for load in loads:
            load.waiters += 1
        try:
            for load in loads:
                blocks.update(await self._wait(window.key, load))
        finally:
            self._leave(loads, reader)
        return join([blocks[index] for index in self._indices(window)])

    def put(self, key: str, data: Buffer) -> None:
        """Hold an object that was just written, as it is, and let old blocks go for it."""
        index = 0 if len(data) <= self.limits.block_bytes else WHOLE
        self._hold((key, index), Block(data, 0, is_verified=True), is_cold=False)

    def drop(self, window: Window) -> None:
        """Forget the blocks of a window: they were found wrong."""
        for index in (WHOLE, *self._indices(window)):
            if self._sections.pop((window.key, index)) is not None:
                self.stats.dropped += 1
            if self.disk is not None:
                self.disk.drop((window.key, index))

    async def close(self) -> None:
        """Stop what is being loaded and forget all."""
        tasks = {load.task for load in self._loads.values()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._sections.clear()
        if self.disk is not None:
            await self.disk.close()

    def _layout(self, window: Window) -> Layout:
        return Layout(window.key, window.object_size, self.limits.block_bytes)

    def _indices(self, window: Window) -> range:
        return self._layout(window).indices(window.position, window.size)

    def _peek_blocks(self, window: Window) -> Part | None:
        whole = self._sections.get((window.key, WHOLE))
        if whole is not None:
            self.stats.hits += 1
            return join([whole])
        blocks = self._at_hand(window)
        if len(blocks) < len(self._indices(window)):
            return None
        self.stats.hits += 1
        return join(list(blocks.values()))

    def _at_hand(self, window: Window) -> dict[int, Block]:
        found = ((index, self._sections.get((window.key, index))) for index in self._indices(window))
        return {index: block for index, block in found if block is not None}

    def _loads_of(self, window: Window, blocks: dict[int, Block], reader: Reader) -> list[_Load]:
        """Return the loads of all blocks not at hand, each once, in order; what nobody loads is started."""
        layout = self._layout(window)
        lacking = [index for index in self._indices(window) if index not in blocks]
        missing = [index for index in lacking if (window.key, index) not in self._loads]
        on_disk = {index for index in missing if self.disk and (window.key, index) in self.disk}
        for run in runs(index for index in missing if index not in on_disk):
            self._start(layout, run, reader)
        for index in on_disk:
            self._start(layout, range(index, index + 1), reader)
        return list(dict.fromkeys(self._loads[window.key, index] for index in lacking))

    def _start(self, layout: Layout, run: range, reader: Reader) -> None:
        load = _Load(asyncio.create_task(self._load(layout, run, reader), name=f"load {layout.key}"))
        names = [(layout.key, index) for index in run]
        for name in names:
            self._loads[name] = load
        load.task.add_done_callback(lambda _: self._finish(names, load, is_cold=reader.is_cold))

    async def _load(self, layout: Layout, run: range, reader: Reader) -> dict[int, Block]:
        window = layout.window(run)
        room = self.cold_room if reader.is_cold else self.tail_room
        async with room.hold(window.size, reader.stream):
            block = await self._load_from_disk((layout.key, run.start), window) if len(run) == 1 else None
            if block is None:
                self.stats.loads += 1
                block = await self._loader(window, reader)
                self.stats.loaded_bytes += block.size
        return layout.split(run, block)

    async def _load_from_disk(self, name: BlockName, window: Window) -> Block | None:
        block = None if self.disk is None else await self.disk.get(name, window)
        self.stats.disk_hits += block is not None
        return block

    def _finish(self, names: list[BlockName], load: _Load, *, is_cold: bool) -> None:
        self._forget(names, load)
        if load.task.cancelled() or load.task.exception() is not None:
            return
        blocks = load.task.result()
        for name in names:
            if blocks[name[1]].is_kept:
                self._hold(name, blocks[name[1]], is_cold=is_cold)

    def _hold(self, name: BlockName, block: Block, *, is_cold: bool) -> None:
        for gone, old in self._sections.put(name, block, is_cold=is_cold):
            self.stats.evictions += 1
            self.stats.evicted_bytes += old.size
            self.tail_start_ms = max(self.tail_start_ms, created_ms(gone[0]) or 0)
            if self.disk is not None:
                self.disk.put(gone, old)

    async def _wait(self, key: str, load: _Load) -> dict[int, Block]:
        try:
            return await asyncio.shield(load.task)
        except asyncio.CancelledError:
            if load.task.cancelled():
                raise Unavailable(f"{key}: the cache was closed") from None
            raise

    def _leave(self, loads: list[_Load], reader: Reader) -> None:
        for load in loads:
            load.waiters -= 1
            if reader.is_ahead and not load.waiters and not load.task.done():
                # Out of the table at once: whoever asks now must not wait for a load that ends.
                self._forget([name for name, other in self._loads.items() if other is load], load)
                load.task.cancel()

    def _forget(self, names: Iterable[BlockName], load: _Load) -> None:
        for name in names:
            if self._loads.get(name) is load:
                del self._loads[name]
