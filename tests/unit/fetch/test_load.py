"""What comes damaged from the store is read again once; what is damaged there is an error."""

from __future__ import annotations

import logging

import pytest

from sealing import Batch, Log, seal
from skylog.clock import SystemClock
from skylog.config import FetchConfig
from skylog.errors import Corrupt
from skylog.fetch.load import segment_loader
from skylog.storage.memory import MemoryStore

KEY = "segments/0/1"
DATA = bytes(seal([Batch(Log(bytes(16)), records=9)]).data)
DAMAGED = DATA[:-1] + bytes([DATA[-1] ^ 1])


class Noisy(MemoryStore):
    """A store whose first answers come damaged."""

    def __init__(self, damaged: int) -> None:
        super().__init__(SystemClock())
        self.gets = 0
        self._damaged = damaged

    async def get(self, key: str) -> bytes:
        self.gets += 1
        data = await super().get(key)
        return DAMAGED if self.gets <= self._damaged else data


async def test_a_segment_that_was_damaged_on_its_way_is_read_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = Noisy(damaged=1)
    await store.put(KEY, DATA)
    with caplog.at_level(logging.WARNING, "skylog.fetch"):
        assert await segment_loader(FetchConfig(), store)(KEY) == DATA
    assert store.gets == 2
    assert KEY in caplog.text
    assert "position" in caplog.text


async def test_a_segment_that_is_damaged_is_corrupt_after_two_gets() -> None:
    store = Noisy(damaged=2)
    await store.put(KEY, DATA)
    with pytest.raises(Corrupt, match="position"):
        await segment_loader(FetchConfig(), store)(KEY)
    assert store.gets == 2
