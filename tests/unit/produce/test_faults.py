"""Idempotent producers against a store and a coordinator that fail at random: exactly once, in order."""

from __future__ import annotations

import asyncio
import random  # noqa: TID251 - seeded

import pytest

from producing import LOG, Line, NotingReply, line
from sealing import Batch
from skylog.core import LogPositions
from skylog.errors import Unavailable
from skylog.wire.codes import ErrorCode
from virtual import in_virtual_time

PRODUCERS, BATCHES, IN_FLIGHT = 3, 40, 5
RETRIABLE = {
    ErrorCode.KAFKA_STORAGE_ERROR,
    ErrorCode.REQUEST_TIMED_OUT,
    ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
}


class Trouble:
    """What goes wrong, drawn from a seed."""

    def __init__(self, built: Line, seed: int) -> None:
        self._built = built
        self._random = random.Random(seed)
        self.failures = 0

    def stir(self) -> None:
        """Decide how the next PUT and the next commit end."""
        draw = self._random.random
        self._built.puts_take(draw() * 300)
        if draw() < 0.04:
            self._built.store.fail_next("put", self._random.randrange(1, 4), applied=draw() < 0.5)
            self.failures += 1
        if draw() < 0.06 and not self._built.coordinator.failures:
            self._built.coordinator.failures.append(Unavailable("no answer"))
            self._built.coordinator.commits_although_it_fails = draw() < 0.5
            self.failures += 1

    async def pause(self) -> None:
        await asyncio.sleep(self._random.random() * 0.05)  # noqa: TID251 - virtual time


async def run_producer(built: Line, trouble: Trouble, producer_id: int) -> list[int]:
    """Send all batches, several in flight; after a failure all from there on again. Return their offsets."""
    offsets: list[int] = []
    while len(offsets) < BATCHES:
        # Until the log knows a producer it takes any sequence number, so the first batch goes alone.
        window = IN_FLIGHT if offsets else 1
        replies: list[NotingReply] = []
        for sequence in range(len(offsets), min(len(offsets) + window, BATCHES)):
            trouble.stir()
            batch = Batch(LOG, producer_id=producer_id, epoch=0, sequence=sequence)
            replies.append(built.produce(batch))
            await trouble.pause()
        await asyncio.gather(*(reply.done.wait() for reply in replies))
        for code, offset in [reply.outcome for reply in replies]:
            if code != ErrorCode.NONE:
                assert code in RETRIABLE
                break
            offsets.append(offset)
    return offsets


@pytest.mark.parametrize("seed", range(30))
@in_virtual_time
async def test_every_batch_is_there_once_and_in_order_whatever_failed(seed: int) -> None:
    async with line(attempts_max=2, uploads_max=3) as built:
        trouble = Trouble(built, seed)
        logs = await asyncio.gather(*(run_producer(built, trouble, number) for number in range(PRODUCERS)))
        assert all(offsets == sorted(offsets) for offsets in logs)
        assert sorted(offset for offsets in logs for offset in offsets) == list(range(PRODUCERS * BATCHES))
        located = await built.coordinator.find_extents(LogPositions([(LOG.topic_id, 0, 0, 1)]), 1)
        assert located.bounds() == [(0, PRODUCERS * BATCHES)]
        assert trouble.failures > 5
