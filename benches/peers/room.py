"""The brokers of a run: those that need to be warm stay, the others are new for each load."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import NewTopic, OffsetSpec

from peers.brokers import Broker, Seat
from peers.children import Failed
from peers.generators import Generator
from peers.generators.job import Job, Shape, Told
from peers.payload import payload
from peers.targets import Target

GIB = 1 << 30
MIB = 1 << 20
_WARM_UP = ((1, MIB), (64, 16 * 1024))
_WARM_UP_GIB = 1.25
"""Of each of `_WARM_UP`: a JVM's compiler needs more than 2 GiB until it is done. Less where
so little is measured that it is no more than a look."""

_ADMIN_S = 60


@dataclass
class Room:
    """Brokers, topics and logs of generators.

    Attributes
    ----------
    scale : float
        Times the data of each load.
    say : callable
        Told what is being done.
    targets : sequence of Target
        All of the run.
    capacities : dict of str to float
        MiB/s by target, as far as they were found.
    """

    seat: Seat
    scale: float
    say: Callable[[str], None]
    targets: Sequence[Target] = ()
    capacities: dict[str, float] = field(default_factory=dict)
    _kept: dict[str, Broker] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @contextmanager
    def ready(self, target: Target, settings: str = "") -> Iterator[Broker]:
        """Give a broker to put load on: warm if it needs that, else new. `Failed` says what it wrote."""
        with ExitStack() as stack:
            if target.kind.long_lived:
                broker = self._warm(target)
            else:
                broker = stack.enter_context(self.new(target, settings))
                broker.start()
            with explained(broker):
                yield broker

    @contextmanager
    def new(self, target: Target, settings: str = "") -> Iterator[Broker]:
        """Give a broker that was not started; nothing of it stays."""
        broker = target.make(self.seat, f"{next(self._numbers)}", settings)
        try:
            yield broker
        finally:
            broker.remove()

    def close(self) -> None:
        """End all brokers and remove what they wrote."""
        for broker in self._kept.values():
            broker.remove()
        self._kept.clear()
        for directory in (self.seat.work, self.seat.memory):
            shutil.rmtree(directory, ignore_errors=True)

    @contextmanager
    def topic(self, broker: Broker, partitions: int) -> Iterator[str]:
        """Create a topic, and free what it took."""
        name = f"load-{next(self._numbers)}"
        create_topic(broker, name, partitions)
        try:
            yield name
        finally:
            if broker.alive:
                broker.forget(name)

    def job(self, broker: Broker, topic: str, shape: Shape) -> Job:
        """Return what a generator should do."""
        path = payload(self.seat.work, shape.record_bytes)
        count = max(1, int(shape.gib * GIB / shape.record_bytes))
        partitions, size = shape.partitions, shape.record_bytes
        sizes = (partitions, str(path), size, shape.batch_bytes, shape.compression, count)
        return Job(broker.bootstrap, topic, *sizes)

    def generate(self, generator: str, way: str, job: Job, seconds: float) -> Told:
        """Let a generator do its job to the end. Raises `Failed`."""
        worker = Generator(generator, self.seat)
        child = worker.start(way, job, self.log(generator))
        try:
            return worker.finish(way, child, seconds)
        finally:
            child.stop(0)

    def log(self, name: str) -> Path:
        """Return a file for what a process writes."""
        return self.seat.work / "logs" / f"{name}-{next(self._numbers)}.log"

    def _warm(self, target: Target) -> Broker:
        broker = self._kept.pop(target.name, None)
        if broker is not None and not broker.alive:
            broker.remove()
            broker = None
        if broker is None:
            self.say(f"{target.title}: start and warm-up")
            broker = target.make(self.seat, "kept")
            try:
                broker.start()
                self._load(broker)
            except BaseException:
                broker.remove()
                raise
        self._kept[target.name] = broker
        return broker

    def _load(self, broker: Broker) -> None:
        """Write and read until the compiler has seen it often."""
        gib = _WARM_UP_GIB * min(1.0, 2 * self.scale)
        with explained(broker):
            for partitions, batch_bytes in _WARM_UP:
                with self.topic(broker, partitions) as topic:
                    job = self.job(broker, topic, Shape(partitions, batch_bytes, 1024, "none", gib))
                    self.generate("frames", "produce", job, 120)
                    self.generate("frames", "fetch", job, 120)


@contextmanager
def explained(broker: Broker) -> Iterator[None]:
    """Add to what fails whether the broker still runs, and what it wrote last."""
    try:
        yield
    except Exception as error:
        if broker.child is None:
            raise
        state = "runs" if broker.alive else "ended"
        raise Failed(f"{error}; the broker {state}; its log: {broker.child.told()}") from error


def create_topic(broker: Broker, name: str, partitions: int) -> None:
    """Create a topic and wait until each partition has a leader that answers. Raises `Failed`."""
    broker.admin.create_topics([NewTopic(name, partitions, 1)])[name].result(_ADMIN_S)
    deadline = time.perf_counter() + _ADMIN_S
    while True:
        try:
            written(broker, name, partitions)
        except KafkaException as error:
            if time.perf_counter() > deadline:
                raise Failed(f"topic {name} was not ready within {_ADMIN_S} s: {error}") from error
            time.sleep(0.02)
        else:
            return


def written(broker: Broker, topic: str, partitions: int) -> int:
    """Return how many records a topic holds, by the broker's own word."""
    wanted = {TopicPartition(topic, partition): OffsetSpec.latest() for partition in range(partitions)}
    return sum(found.result(_ADMIN_S).offset for found in broker.admin.list_offsets(wanted).values())


def require(what: str, expected: int, found: int) -> None:
    """Raise `Failed` where a count is not what it must be."""
    if expected != found:
        raise Failed(f"{what}: expected {expected:,}, found {found:,}")
