"""Blocks as files: what a crash, a full budget or a flipped bit leaves of them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from skylog.errors import InvalidConfig
from skylog.storage.blocks import Block, Reader, Window
from skylog.storage.cache import BlockCache, CacheLimits
from skylog.storage.disk import WRITES_MAX, DiskTier
from unit.storage.loading import BLOCK, Noting, content, window

KEY = "segments/7/1763899999123-1-42-7d0c0000000000000000000000000000"
SIZE = 10_000


def block(size: int = SIZE, *, is_verified: bool = True) -> Block:
    return Block(os.urandom(size), 0, is_verified)


def whole(key: str = KEY, size: int = SIZE) -> Window:
    return Window(key, size, 0, size)


@asynccontextmanager
async def tier(path: Path, bytes_max: int = 1 << 20) -> AsyncIterator[DiskTier]:
    opened = DiskTier(str(path), bytes_max)
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()


async def put(opened: DiskTier, *blocks: Block) -> None:
    for number, written in enumerate(blocks):
        opened.put((f"{KEY}{number}", 0), written)
        await opened.settle()


def files(path: Path) -> list[Path]:
    return sorted(path.glob("*.block"))


async def test_what_is_put_is_read_also_by_the_next_process(tmp_path: Path) -> None:
    written, checked = block(), block(is_verified=False)
    async with tier(tmp_path / "new" / "dir") as opened:
        await put(opened, written, checked)
        assert await opened.get((KEY + "0", 0), whole()) == written
    async with tier(tmp_path / "new" / "dir") as opened:
        assert (len(opened), opened.size) == (
            2,
            sum(file.stat().st_size for file in files(tmp_path / "new/dir")),
        )
        assert await opened.get((KEY + "0", 0), whole()) == written
        assert await opened.get((KEY + "1", 0), whole()) == checked
        assert await opened.get((KEY + "1", 1), whole()) is None


@pytest.mark.parametrize("place", [0, 9, 20, 30, 47, 51, 70, 60 + SIZE])
@pytest.mark.parametrize("restarted", [False, True])
async def test_a_flipped_bit_anywhere_is_found_and_the_file_removed(
    tmp_path: Path, place: int, restarted: bool
) -> None:
    async with tier(tmp_path) as opened:
        await put(opened, block())
        (file,) = files(tmp_path)
        if not restarted:
            _flip(file, place)
            assert await opened.get((KEY + "0", 0), whole()) is None
            assert (opened.stats.corrupt, len(opened), opened.size) == (1, 0, 0)
    if restarted:
        _flip(file, place)
        async with tier(tmp_path) as opened:
            assert await opened.get((KEY + "0", 0), whole()) is None
            assert len(opened) == 0
    assert files(tmp_path) == []


def _flip(file: Path, place: int) -> None:
    data = bytearray(file.read_bytes())
    data[place] ^= 0x10
    file.write_bytes(data)


async def test_what_a_crash_leaves_is_removed_or_taken_over(tmp_path: Path) -> None:
    async with tier(tmp_path) as opened:
        await put(opened, block(), block(), block())
    kept, cut, empty = files(tmp_path)
    os.truncate(cut, cut.stat().st_size - 1)
    os.truncate(empty, 0)
    (tmp_path / "half.block.7.writing").write_bytes(b"half a block")
    (tmp_path / "foreign.block").write_bytes(kept.read_bytes())
    (tmp_path / "README").write_bytes(b"not ours")
    async with tier(tmp_path) as opened:
        assert len(opened) == 1
    assert set(os.listdir(tmp_path)) == {kept.name, "README", "lock"}


async def test_the_budget_holds_and_the_least_recently_used_goes(tmp_path: Path) -> None:
    async with tier(tmp_path, 3 * (SIZE + 200)) as opened:
        await put(opened, block(), block(), block())
        await opened.get((KEY + "0", 0), whole())
        opened.put((KEY + "3", 0), block())
        await opened.settle()
        assert [(f"{KEY}{number}", 0) in opened for number in range(4)] == [True, False, True, True]
        assert opened.stats.evictions == 1
        assert sum(file.stat().st_size for file in files(tmp_path)) == opened.size <= opened.bytes_max
    async with tier(tmp_path, SIZE + 200) as opened:
        assert len(opened) == len(files(tmp_path)) == 1


async def test_what_is_too_large_or_too_much_at_once_is_let_go(tmp_path: Path) -> None:
    async with tier(tmp_path) as opened:
        opened.put((KEY, 0), block(2 << 20))
        for number in range(WRITES_MAX + 3):
            opened.put((KEY, number), block())
        await opened.settle()
        assert (len(opened), opened.stats.refused) == (WRITES_MAX, 3)


async def test_what_is_dropped_while_it_is_written_does_not_come_back(tmp_path: Path) -> None:
    async with tier(tmp_path) as opened:
        opened.put((KEY, 0), block())
        opened.drop((KEY, 0))
        await opened.settle()
        assert (len(opened), opened.size) == (0, 0)
    assert files(tmp_path) == []


async def test_a_file_removed_from_outside_is_a_miss(tmp_path: Path) -> None:
    async with tier(tmp_path) as opened:
        await put(opened, block())
        files(tmp_path)[0].unlink()
        assert await opened.get((KEY + "0", 0), whole()) is None
        assert (len(opened), opened.size, opened.stats.corrupt) == (0, 0, 0)


async def test_a_directory_that_is_gone_costs_the_block_and_nothing_else(tmp_path: Path) -> None:
    directory = tmp_path / "cache"
    async with tier(directory) as opened:
        for file in directory.iterdir():
            file.unlink()
        directory.rmdir()
        await put(opened, block())
        assert (len(opened), opened.size, opened.stats.failures) == (0, 0, 1)


async def test_two_processes_do_not_share_a_directory(tmp_path: Path) -> None:
    async with tier(tmp_path):
        with pytest.raises(InvalidConfig, match="a directory of its own"):
            await DiskTier(str(tmp_path), 1000).open()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InvalidConfig, match="disk_cache_dir"):
        await DiskTier(str(tmp_path / "file"), 1000).open()


async def test_what_memory_gave_up_comes_back_from_disk_without_a_get(tmp_path: Path) -> None:
    loader = Noting()
    async with tier(tmp_path) as opened:
        cache = BlockCache(loader, CacheLimits(20, 20, BLOCK, 1000), opened)
        for key in "abcd":
            await cache.get(window(key), Reader(is_cold=True))
        await opened.settle()
        assert (cache.stats.evictions, len(opened)) == (2, 2)
        for key in "ab":
            assert await cache.get(window(key), Reader(is_cold=True)) == (content(window(key)), 0, True)
        assert [asked[0] for asked in loader.asked] == list("abcd")
        assert (cache.stats.disk_hits, cache.stats.loads) == (2, 4)


async def test_a_block_that_is_wrong_on_disk_is_read_from_the_store(tmp_path: Path) -> None:
    loader = Noting()
    async with tier(tmp_path) as opened:
        cache = BlockCache(loader, CacheLimits(10, 10, BLOCK, 1000), opened)
        await cache.get(window("a"))
        await cache.get(window("b"))
        await opened.settle()
        _flip(files(tmp_path)[0], 60)
        callers = await asyncio.gather(*(cache.get(window("a")) for _ in range(3)))
        assert callers == [(content(window("a")), 0, True)] * 3
        assert [asked[0] for asked in loader.asked] == list("aba")


async def test_large_objects_come_from_disk_and_store_in_their_parts(tmp_path: Path) -> None:
    loader = Noting()
    async with tier(tmp_path) as opened:
        cache = BlockCache(loader, CacheLimits(BLOCK, BLOCK, BLOCK, 1000), opened)
        await cache.get(Window("a", 1000, 300, 100), Reader(is_cold=True))
        await cache.get(window("b"), Reader(is_cold=True))
        await opened.settle()
        data, position, _ = await cache.get(Window("a", 1000, 250, 300), Reader(is_cold=True))
        assert (data, position) == (content(Window("a", 1000, 200, 400)), 200)
        assert loader.asked == [("a", 300, 100), ("b", 0, 10), ("a", 200, 100), ("a", 400, 200)]
