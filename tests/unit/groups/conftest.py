"""A place for each test, on a coordinator of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from skylog.clock import SystemClock
from skylog.config import GroupsConfig
from skylog.coordinator.base import Coordinator
from skylog.coordinator.open import open_coordinator

from .place import Place

NewPlace = Callable[..., Place]


@pytest.fixture
async def coordinator() -> AsyncIterator[Coordinator]:
    coordinator = open_coordinator("sqlite::memory:", SystemClock())
    await coordinator.open()
    yield coordinator
    await coordinator.close()


@pytest.fixture
async def place(coordinator: Coordinator) -> AsyncIterator[Place]:
    place = Place(coordinator, GroupsConfig(initial_rebalance_delay_ms=0))
    await place.room.open()
    yield place
    place.faults.release()
    await place.room.close()
