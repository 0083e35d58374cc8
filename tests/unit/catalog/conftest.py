"""A room for each test, on a coordinator of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from catalog.room import Room
from skylog.clock import SystemClock
from skylog.config import Config
from skylog.coordinator.base import Coordinator
from skylog.coordinator.open import open_coordinator

NewRoom = Callable[..., Awaitable[Room]]


@pytest.fixture
async def coordinator() -> AsyncIterator[Coordinator]:
    coordinator = open_coordinator("sqlite::memory:", SystemClock())
    await coordinator.open()
    yield coordinator
    await coordinator.close()


@pytest.fixture
async def new_room(coordinator: Coordinator) -> AsyncIterator[NewRoom]:
    """Make rooms of brokers on the same coordinator; sections of the configuration by name."""
    rooms: list[Room] = []

    async def make(**sections: object) -> Room:
        room = Room(Config(**sections), coordinator, len(rooms))  # type: ignore[arg-type]
        await room.catalog.load()
        rooms.append(room)
        return room

    yield make
    for room in rooms:
        room.faults.release()
        await room.catalog.close()


@pytest.fixture
async def room(new_room: NewRoom) -> Room:
    return await new_room()
