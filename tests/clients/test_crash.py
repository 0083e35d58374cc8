"""kill -9 at random moments under load: nothing acknowledged is lost, nothing doubled, order kept."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from random import Random  # noqa: TID251
from threading import Event

import pytest

from clients.audit import LogAudit, audit_objects
from clients.conftest import Serve
from clients.load import Load, load
from clients.seeds import seeded
from clients.served import ServedBroker
from clients.topics import create_topic
from clients.waiting import now_ms

PRODUCERS = 3
PARTITIONS = 4
QUICK_ROUNDS = 5
SOAK_ROUNDS = int(os.environ.get("SKYLOG_CRASH_ROUNDS", "50"))
UPLOADS_MAX = 8


class Crashes:
    """A broker on its own directory that is killed again and again under load."""

    def __init__(self, broker: ServedBroker, scratch: Path, random: Random) -> None:
        self.orphans = 0
        self._broker = broker
        self._scratch = scratch
        self._random = random
        self._since_ms = now_ms()
        self._epoch = 1
        self._topic = create_topic(broker.bootstrap, "crash", partitions=PARTITIONS)
        self._log = LogAudit(broker.bootstrap, self._topic, PARTITIONS)

    def run(self, rounds: int) -> None:
        """Crash so many times, auditing after each; then read everything once more from the start."""
        with load(
            self._broker.bootstrap, self._topic, producers=PRODUCERS, partitions=PARTITIONS
        ) as producers:
            for _ in range(rounds):
                self._round(producers)
            producers.go_on(100)
            producers.stop()
            self._check_all(producers)
        assert self._broker.stop() == 0
        self._audit_objects()

    def _round(self, producers: Load) -> None:
        producers.go_on(self._random.randrange(1, 2000))
        # Some moment in the life of a segment: being filled, written, committed or answered.
        Event().wait(self._random.uniform(0, 0.03))
        self._broker.kill()
        acknowledged = producers.acknowledged
        self._audit_objects()
        self._broker.start()
        self._epoch += 1
        self._log.read_on()
        self._log.check(acknowledged)

    def _check_all(self, producers: Load) -> None:
        self._log.read_on()
        self._log.check(producers.acknowledged)
        again = LogAudit(self._broker.bootstrap, self._topic, PARTITIONS)
        again.read_on()
        assert again.records == self._log.records, "records moved"
        assert sum(map(len, again.records)) == len(producers.acknowledged)

    def _audit_objects(self) -> None:
        self.orphans = asyncio.run(
            audit_objects(
                self._broker.data,
                self._scratch,
                since_ms=self._since_ms,
                until_ms=now_ms(),
                epochs=self._epoch,
            )
        )
        assert self.orphans <= UPLOADS_MAX * self._epoch


def test_five_crashes_under_load(serve: Serve, tmp_path: Path) -> None:
    Crashes(serve(), tmp_path / "scratch", seeded("crashes")).run(QUICK_ROUNDS)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("put_ms", [0, 40], ids=["fast-store", "slow-store"])
def test_many_crashes_under_load(put_ms: int, serve: Serve, tmp_path: Path) -> None:
    """With a slow store most crashes hit segments on their way to it."""
    store = f"file://{tmp_path}/broker0/data/objects?put_ms={put_ms}"
    crashes = Crashes(serve("--store", store), tmp_path / "scratch", seeded("crashes"))
    crashes.run(SOAK_ROUNDS)
    print(f"{SOAK_ROUNDS} crashes, {crashes.orphans} objects left for a sweep")


def test_a_write_that_never_ended_leaves_no_file_behind(serve: Serve) -> None:
    """What a killed broker was writing goes away at the next start."""
    broker = serve()
    broker.kill()
    left = broker.data / "objects" / ".temporary" / "left-behind"
    left.write_bytes(b"half a segment")
    broker.start()
    assert not left.exists()
