"""Loads for the cache's tests: answered when told to, or at once."""

from __future__ import annotations

import asyncio

from skylog.storage.blocks import Block, Reader, Window

BLOCK = 100
"""Bytes of a block in these tests."""


def window(key: str, size: int = 10) -> Window:
    """Return all of a small object."""
    return Window(key, size, 0, size)


def content(wanted: Window) -> bytes:
    """Return what the objects of these tests hold: every position another number, as far as bytes go."""
    return bytes((len(wanted.key) + place) % 251 for place in range(wanted.position, sum(wanted[2:])))


class Loader:
    """Answers when told to, and writes down what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Window] = []
        self.waiting: dict[tuple[str, int], asyncio.Future[bytes]] = {}
        self.cancelled: list[str] = []

    async def __call__(self, wanted: Window, _: Reader) -> Block:
        self.asked.append(wanted)
        answer = self.waiting[wanted.key, wanted.position] = asyncio.get_running_loop().create_future()
        try:
            return Block(await answer, wanted.position, is_verified=True)
        except asyncio.CancelledError:
            self.cancelled.append(wanted.key)
            raise

    @property
    def keys(self) -> list[str]:
        """The objects that were asked for, in order."""
        return [wanted.key for wanted in self.asked]

    def answer(self, key: str, position: int = 0) -> None:
        """Give what was asked for."""
        (wanted,) = (asked for asked in self.asked if (asked.key, asked.position) == (key, position))
        self.waiting[key, position].set_result(content(wanted))

    async def asked_for(self, count: int) -> None:
        """Let the loop turn until `count` loads were started."""
        for _ in range(100):
            if len(self.asked) >= count:
                return
            await turn()
        raise AssertionError(f"expected {count} loads, found {self.asked}")


class Noting:
    """Answers at once, and writes down what it was asked."""

    def __init__(self, *, is_verified: bool = True) -> None:
        self.asked: list[tuple[str, int, int]] = []
        self.is_verified = is_verified

    async def __call__(self, wanted: Window, _: Reader) -> Block:
        self.asked.append((wanted.key, wanted.position, wanted.size))
        return Block(content(wanted), wanted.position, self.is_verified)


async def turn(count: int = 1) -> None:
    """Let everything happen that needs no time."""
    for _ in range(count):
        await asyncio.sleep(0)  # noqa: TID251
