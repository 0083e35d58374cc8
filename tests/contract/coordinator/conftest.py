"""Every `Coordinator` gets the whole suite. A new one joins by adding itself to `COORDINATORS`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from skylog.clock import SystemEntropy
from skylog.coordinator.base import Coordinator
from skylog.coordinator.open import open_coordinator

from .room import ManualClock, Room


def _memory(path: Path, clock: ManualClock) -> Coordinator:
    return open_coordinator("sqlite::memory:", clock, SystemEntropy())


def _file(path: Path, clock: ManualClock) -> Coordinator:
    return open_coordinator(f"sqlite://{path}/below/coordinator.db", clock, SystemEntropy())


COORDINATORS: dict[str, Callable[[Path, ManualClock], Coordinator]] = {
    "sqlite memory": _memory,
    "sqlite file": _file,
}
DURABLE = {"sqlite file": _file}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=COORDINATORS.values(), ids=COORDINATORS.keys())
async def room(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Room]:
    room = Room(lambda: request.param(tmp_path, clock), clock)
    await room.start()
    yield room
    await room.coordinator.close()


@pytest.fixture(params=DURABLE.values(), ids=DURABLE.keys())
async def durable(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Room]:
    room = Room(lambda: request.param(tmp_path, clock), clock)
    await room.start()
    yield room
    await room.coordinator.close()
