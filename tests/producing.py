"""The produce pipeline over a real coordinator and store, without sockets, in virtual time."""

from __future__ import annotations

import asyncio
import itertools
import struct
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from sealing import Batch, Log, topic_table
from skylog.clock import Entropy, SystemEntropy
from skylog.config import FetchConfig, ProduceConfig, StoreRequestsConfig
from skylog.coordinator.base import Coordinator, SegmentCommit
from skylog.coordinator.open import open_coordinator
from skylog.core import CommitResult, Frame, FrameReader, Scratch, SealedSegment
from skylog.errors import SkylogError
from skylog.fetch.load import segment_loader
from skylog.model import NewTopic
from skylog.produce.budget import PutBudget
from skylog.produce.commit import CommitQueue
from skylog.produce.handler import ProduceHandler
from skylog.produce.pipeline import ProducePipeline
from skylog.produce.upload import Uploader
from skylog.storage.cache import BlockCache, CacheLimits
from skylog.storage.delay import Delayed, Latency
from skylog.storage.memory import MemoryStore
from skylog.storage.stack import wrap_store
from skylog.wire.exchange import Gate
from skylog.wire.throttling import NO_THROTTLE, Throttle
from virtual import VirtualClock

LOG = Log(bytes(range(16)))
BROKER_ID = 7


@dataclass(eq=False)
class Consumer:
    """A connection, as far as handlers see it."""

    farewells: list[Callable[[], object]] = field(default_factory=list)

    def on_gone(self, callback: Callable[[], object]) -> None:
        self.farewells.append(callback)

    def leave(self) -> None:
        """Close it."""
        for callback in self.farewells:
            callback()


@dataclass(eq=False)
class NotingReply:
    """What became of one request."""

    number: int
    order: list[int]
    answer: bytes | None = None
    closed: str | None = None
    held: bool = False
    muted_ms: int = 0
    answered_at: float = 0.0
    lost: Any = None
    done: asyncio.Event = field(default_factory=asyncio.Event)
    client_host: str = "192.0.2.7"
    client: Consumer = field(default_factory=Consumer)

    def send(self, buffers: Sequence[bytes | memoryview]) -> None:
        self.answer = b"".join(buffers)
        self._end()

    def close(self, reason: str) -> None:
        self.closed = reason
        self._end()

    def hold(self) -> None:
        self.held = True

    def release(self) -> None:
        self.held = False

    def mute(self, milliseconds: int) -> None:
        self.muted_ms = milliseconds

    def on_lost(self, callback: Any) -> None:
        self.lost = callback

    def _end(self) -> None:
        assert not self.done.is_set(), "answered twice"
        self.order.append(self.number)
        self.answered_at = asyncio.get_running_loop().time()
        self.done.set()

    @property
    def outcome(self) -> tuple[int, int]:
        """Error code and base offset of the only partition (version 8)."""
        assert self.answer, self.closed
        code, offset = struct.unpack_from(">hq", self.answer, 4 + 4 + 4 + 2 + len(LOG.topic) + 4 + 4)
        return code, offset


def frame(payload: bytes) -> Frame:
    """Return a request as a connection would."""
    reader, frames = FrameReader(Scratch(), 1 << 28), []
    stream = struct.pack(">i", len(payload)) + payload
    while stream:
        room = reader.get_buffer()
        size = min(len(room), len(stream))
        room[:size] = stream[:size]
        frames += reader.buffer_updated(size)
        stream = stream[size:]
    (found,) = frames
    return found


def produce_payload(batch: bytes, *, acks: int = -1) -> bytes:
    """Return a Produce v8 request of one batch for partition 0."""
    topic = LOG.topic.encode()
    return (
        struct.pack(">hhih", 0, 8, 1, -1)
        + struct.pack(">hhi", -1, acks, 30_000)
        + struct.pack(">ih", 1, len(topic))
        + topic
        + struct.pack(">iii", 1, 0, len(batch))
        + batch
    )


class NotingCoordinator:
    """A real coordinator whose commits are counted and can be held back or made to fail."""

    def __init__(self, inner: Coordinator) -> None:
        self.inner = inner
        self.calls: list[list[str]] = []
        self.may_commit = asyncio.Event()
        self.may_commit.set()
        self.failures: list[Exception] = []
        self.commits_although_it_fails = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def commit_segments(self, commits: Sequence[SegmentCommit]) -> list[CommitResult | SkylogError]:
        self.calls.append([commit.key for commit in commits])
        await self.may_commit.wait()
        if self.failures:
            if self.commits_although_it_fails:
                await self.inner.commit_segments(commits)
            raise self.failures.pop(0)
        return await self.inner.commit_segments(commits)


class Line:
    """All stages of producing, put together as the broker does."""

    def __init__(
        self,
        coordinator: Coordinator,
        epoch: int,
        config: ProduceConfig,
        entropy: Entropy,
        fetch_config: FetchConfig | None,
        *,
        attempts_max: int,
        throttle: Throttle,
    ) -> None:
        clock = VirtualClock()
        self.coordinator = NotingCoordinator(coordinator)
        self.store = Delayed(MemoryStore(clock), clock, SystemEntropy())
        requests = StoreRequestsConfig(attempts_max=attempts_max, attempt_ms_max=30_000)
        self.stores = wrap_store(self.store, requests, clock, SystemEntropy())
        self.gate = Gate(config.buffer_bytes_max)
        self.listeners: list[Callable[[SealedSegment], None]] = []
        self.order: list[int] = []
        self._numbers = itertools.count()
        self.fetch_config = fetch_config or FetchConfig()
        load = segment_loader(self.fetch_config, self.store, lambda _: self.store)
        self.cache = BlockCache(load, CacheLimits.of(self.fetch_config))
        rate = config.put_rate_per_second or 4
        awaited = config.put_rate_awaited_per_second or rate
        self.pipeline = ProducePipeline(
            config=config,
            clock=clock,
            entropy=entropy,
            gate=self.gate,
            budget=PutBudget(
                rate, config.put_burst, config.linger_ms_max / 1000, clock.monotonic(), rate_awaited=awaited
            ),
            uploader=Uploader(self.stores.produce, config),
            broker_id=BROKER_ID,
            broker_epoch=epoch,
        )
        commits = CommitQueue(
            coordinator=self.coordinator,
            cache=self.cache,
            broker_id=BROKER_ID,
            broker_epoch=epoch,
            on_commit=self._tell,
            on_answered=self.pipeline.answered,
        )
        self.pipeline.attach(commits)
        self.topics = topic_table({LOG}, log_append_time=False)
        self.throttle = throttle
        self.handler = ProduceHandler(config, clock, self.topics, self.gate, self.pipeline, throttle=throttle)

    def _tell(self, sealed: SealedSegment) -> None:
        for listener in self.listeners:
            listener(sealed)

    def produce(self, batch: Batch | bytes | None = None, *, acks: int = -1) -> NotingReply:
        """Hand in a request of one batch, as a connection does."""
        data = batch if isinstance(batch, bytes) else (batch or Batch(LOG)).build()
        reply = NotingReply(next(self._numbers), self.order)
        self.handler(frame(produce_payload(data, acks=acks)), reply)
        return reply

    async def stored(self) -> list[str]:
        """Return the keys of all objects."""
        return [found.key async for found in self.store.list()]

    def puts_take(self, milliseconds: float) -> None:
        """Let the PUTs that begin from now on take so long."""
        self.store.put_latency = Latency(milliseconds)


@asynccontextmanager
async def line(
    entropy: Entropy | None = None,
    fetch_config: FetchConfig | None = None,
    attempts_max: int = 5,
    throttle: Throttle = NO_THROTTLE,
    **settings: Any,
) -> AsyncIterator[Line]:
    """Build a line; at the end nothing may be left in it."""
    clock = VirtualClock()
    coordinator = open_coordinator("sqlite::memory:", clock, SystemEntropy())
    await coordinator.open()
    try:
        epoch = await coordinator.register_broker(BROKER_ID)
        await coordinator.create_topics([NewTopic(LOG.topic_id, LOG.topic, 1)])
        config = replace(ProduceConfig(), **settings)
        built = Line(
            coordinator,
            epoch,
            config,
            entropy or SystemEntropy(),
            fetch_config,
            attempts_max=attempts_max,
            throttle=throttle,
        )
        yield built
        assert built.gate.bytes_held == 0, built.pipeline
        assert built.pipeline.idle
    finally:
        await coordinator.close()


async def turns(count: int = 3) -> None:
    """Let everything happen that needs no time."""
    for _ in range(count):
        await asyncio.sleep(0)  # noqa: TID251


async def answered(replies: Sequence[NotingReply]) -> None:
    """Wait until all have their answers and nobody works on them any more."""
    await asyncio.gather(*(reply.done.wait() for reply in replies))
    await turns()
