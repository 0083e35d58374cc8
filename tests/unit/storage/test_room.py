"""The bound on bytes that are on their way."""

from __future__ import annotations

import asyncio

from skylog.storage.room import Room
from unit.storage.loading import turn


class Loads:
    """Holds of a room that end when told to."""

    def __init__(self, bytes_max: int) -> None:
        self.room = Room(bytes_max)
        self.running: list[str] = []
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, size: int, stream: str = "x") -> None:
        self._ends[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(self._hold(name, size, stream))

    async def _hold(self, name: str, size: int, stream: str) -> None:
        async with self.room.hold(size, stream):
            self.running.append(name)
            await self._ends[name].wait()
            self.running.remove(name)

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await turn(5)

    async def cancel(self, name: str) -> None:
        self._tasks[name].cancel()
        await asyncio.gather(self._tasks[name], return_exceptions=True)
        await turn(3)


async def test_so_many_bytes_and_no_more() -> None:
    loads = Loads(100)
    for number in range(5):
        loads.start(str(number), 40)
    await turn(3)
    assert (loads.running, loads.room.taken) == (["0", "1"], 80)
    await loads.end("0")
    assert loads.running == ["1", "2"]
    for name in "1234":
        await loads.end(name)
    assert (loads.room.taken, loads.room.taken_max) == (0, 80)


async def test_what_is_larger_than_all_of_it_gets_in_alone_and_is_not_overtaken() -> None:
    loads = Loads(100)
    loads.start("small", 10)
    loads.start("large", 500)
    loads.start("late", 10)
    await turn(3)
    assert loads.running == ["small"]
    await loads.end("small")
    assert loads.running == ["large"]
    await loads.end("large")
    assert loads.running == ["late"]
    await loads.end("late")


async def test_streams_get_room_in_turn() -> None:
    loads = Loads(10)
    loads.start("first", 10)
    for number in range(3):
        loads.start(f"a{number}", 10, "a")
    loads.start("b0", 10, "b")
    await turn(3)
    order = []
    for _ in range(5):
        (running,) = loads.running
        order.append(running)
        await loads.end(running)
    assert order == ["first", "a0", "b0", "a1", "a2"]


async def test_who_leaves_gives_way_to_those_behind() -> None:
    loads = Loads(100)
    loads.start("first", 60)
    loads.start("large", 90, "a")
    loads.start("small", 10, "b")
    await turn(3)
    await loads.cancel("large")
    assert loads.running == ["first", "small"]
    await loads.cancel("first")
    await loads.end("small")
    assert loads.room.taken == 0


async def test_room_that_was_given_to_one_who_leaves_is_not_lost() -> None:
    loads = Loads(10)
    loads.start("first", 10)
    loads.start("second", 10)
    loads.start("third", 10)
    await turn(3)
    loads._ends["first"].set()
    await turn()
    await loads.cancel("second")
    assert loads.running == ["third"]
    await loads.end("third")
    assert loads.room.taken == 0
