"""Which blocks stay."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from skylog.storage.blocks import Block
from skylog.storage.eviction import Sections

BLOCKS = 32
"""What the cache holds: 256 MiB of 8 MiB each, in small."""
LAG = 10
"""Blocks between the newest and what the slowest consumer at the tail reads."""
READS = 8
"""Fetches that a sequential reader makes of one block."""


def block() -> Block:
    return Block(bytes(10), 0, is_verified=True)


def put(sections: Sections, key: str, *, is_cold: bool = False) -> list[str]:
    return [name[0] for name, _ in sections.put((key, 0), block(), is_cold=is_cold)]


def workload() -> Iterator[tuple[str, int, bool]]:
    """A block written, read by three consumers at the tail, while a scan reads 8 old ones, each 8 times."""
    for number in range(500):
        yield "write", number, False
        for lag in (0, 2, LAG):
            if number >= lag:
                yield "read", number - lag, False
        for old in range(8):
            yield from [("read", -1 - 8 * number - old, True)] * READS


def tail_hit_rate(sections: Sections | None) -> float:
    """Return the hit rate of the tail, in one queue by least recent use where there are no sections."""
    one_queue: OrderedDict[int, None] = OrderedDict()
    hits = reads = 0
    for what, number, is_cold in workload():
        if sections is not None:
            found = sections.get((str(number), 0)) is not None
            if not found:
                put(sections, str(number), is_cold=is_cold)
        else:
            found = number in one_queue
            one_queue[number] = None
            one_queue.move_to_end(number)
            if len(one_queue) > BLOCKS:
                one_queue.popitem(last=False)
        if what == "read" and not is_cold:
            reads += 1
            hits += found
    return hits / reads


def test_a_scan_does_not_flush_the_tail() -> None:
    assert tail_hit_rate(Sections(10 * BLOCKS, 5 * BLOCKS)) == 1.0
    assert tail_hit_rate(None) < 0.7, "a single queue would do as well"


def test_what_the_scan_reads_again_is_there_for_it() -> None:
    sections = Sections(10 * BLOCKS, 5 * BLOCKS)
    misses = 0
    for what, number, is_cold in workload():
        if sections.get((str(number), 0)) is None:
            put(sections, str(number), is_cold=is_cold)
            misses += what == "read"
    assert misses == 500 * 8


def test_old_blocks_take_what_the_tail_leaves_free_and_give_it_back() -> None:
    sections = Sections(100, 30)
    for number in range(10):
        assert put(sections, f"old{number}", is_cold=True) == []
    assert put(sections, "new0") == ["old0"]
    for number in range(1, 7):
        put(sections, f"new{number}")
    assert (sections.tail.size, sections.cold.size) == (70, 30)
    assert put(sections, "new7") == ["new0"]
    assert put(sections, "old10", is_cold=True) == ["old7"]


def test_the_tail_gives_up_no_more_than_its_share() -> None:
    sections = Sections(100, 30)
    for number in range(10):
        put(sections, f"new{number}")
    gone = [put(sections, f"old{number}", is_cold=True) for number in range(5)]
    assert gone == [["new0"], ["new1"], ["new2"], ["old0"], ["old1"]]


def test_an_old_block_larger_than_its_share_is_not_held() -> None:
    sections = Sections(100, 5)
    assert put(sections, "old", is_cold=True) == []
    assert len(sections) == 0


def test_a_block_is_held_once_whoever_reads_it() -> None:
    sections = Sections(100, 50)
    put(sections, "a")
    put(sections, "a", is_cold=True)
    assert (len(sections), sections.size, sections.tail.size) == (1, 10, 0)
    assert sections.pop(("a", 0)) is not None
    assert (len(sections), sections.size) == (0, 0)


def test_tiny_blocks_are_counted_too() -> None:
    """A cache of 256 MiB once held 895,000 blocks of 300 bytes, and took 597 MiB."""
    sections = Sections(1_600 * 2_000, 1_600 * 1_000)
    gone = [key for number in range(2_500) for key in put(sections, f"tail {number}")]
    assert gone == [f"tail {number}" for number in range(500)]
    for number in range(1_500):
        gone = put(sections, f"old {number}", is_cold=True)
        assert gone == ([f"tail {500 + number}"] if number < 1_000 else [f"old {number - 1_000}"])
    assert (len(sections.tail.blocks), len(sections.cold.blocks)) == (1_000, 1_000)
    assert sections.size == 20_000
