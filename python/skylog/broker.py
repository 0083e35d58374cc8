"""The composition root: builds every part from a `Config`, starts them, drains and stops them."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass

from skylog.catalog.catalog import Catalog
from skylog.catalog.handlers import handlers as catalog_handlers
from skylog.clock import Clock, Entropy, SystemClock, SystemEntropy, wait_until
from skylog.config import Config
from skylog.coordinator.base import Coordinator
from skylog.coordinator.open import open_coordinator
from skylog.core import FetchSessions, SealedSegment, TopicTable
from skylog.fetch.ahead import ReadAhead
from skylog.fetch.handler import FetchHandler
from skylog.fetch.load import SegmentLoader, segment_loader
from skylog.fetch.offsets import OffsetsHandler
from skylog.fetch.wait import Parking
from skylog.groups.handlers import handlers as groups_handlers
from skylog.groups.room import GroupRoom
from skylog.jobs.loop import Ticker
from skylog.jobs.standard import standard_jobs
from skylog.loop import new_event_loop
from skylog.model import ClusterView, Node
from skylog.openfiles import raise_open_files
from skylog.produce.budget import PutBudget
from skylog.produce.commit import CommitQueue
from skylog.produce.handler import ProduceHandler
from skylog.produce.pipeline import ProducePipeline
from skylog.produce.upload import Uploader
from skylog.quotas.handlers import handlers as quotas_handlers
from skylog.quotas.room import QuotaRoom
from skylog.quotas.table import QuotaTable
from skylog.quotas.throttle import ClientThrottle
from skylog.server import versions
from skylog.server.dispatch import Dispatcher
from skylog.server.listener import Listener
from skylog.storage.cache import BlockCache, CacheLimits
from skylog.storage.disk import DiskTier
from skylog.storage.stack import build_stores
from skylog.wire.exchange import Gate, Handler, RawHandler
from skylog.wire.frames import FETCH, PRODUCE

log = logging.getLogger("skylog")

COLLECTOR_THRESHOLD = 20_000
CLOSE_SECONDS_MAX = 1.0
"""For the last answers on their way to clients that read slowly."""


class Broker:
    """One broker: stateless but for what is on its way.

    Parameters
    ----------
    config
        What to build from.
    clock, entropy
        Where time and randomness come from.
    """

    def __init__(self, config: Config, *, clock: Clock | None = None, entropy: Entropy | None = None) -> None:
        self.config = config
        self.clock = clock or SystemClock()
        self.entropy = entropy or SystemEntropy()
        self.store = build_stores(config.store, config.store_requests, self.clock, self.entropy)
        self.coordinator: Coordinator = open_coordinator(config.coordinator, self.clock, self.entropy)
        self.port = 0
        self._parts: Parts | None = None

    def __repr__(self) -> str:
        return f"<Broker {self.config.server.node_id} on port {self.port}, {self._parts!r}>"

    async def start(self) -> None:
        """Open store and coordinator, load the catalog, listen.

        Raises `InvalidConfig` when something cannot be had; the message says what to do, and nothing of the
        broker is left.
        """
        try:
            await self._start()
        except BaseException:
            await self.drain()
            raise

    async def _start(self) -> None:
        await self.store.open()
        await self.coordinator.open()
        epoch = await self.coordinator.register_broker(self.config.server.node_id)
        self._parts = await assemble(self, epoch)
        self.port = await self._parts.listener.open()
        self._parts.jobs.start()
        log.info("broker %d epoch %d listens on port %d", self.config.server.node_id, epoch, self.port)

    async def drain(self) -> None:
        """Take no more requests, commit and answer what was taken, then stop everything.

        What cannot be stored within `server.drain_ms_max` is not acknowledged; producers try it elsewhere. A
        second call does nothing.
        """
        parts, self._parts = self._parts, None
        try:
            if parts is not None:
                await parts.drain(self.clock, self.config.server.drain_ms_max / 1000)
        finally:
            try:
                await self.coordinator.close()
            finally:
                await self.store.close()

    def view(self) -> ClusterView:
        """Return the cluster as clients may see it now."""
        server = self.config.server
        host = server.advertised_host or _reachable(server.host)
        node = Node(server.node_id, host, server.advertised_port or self.port, server.rack)
        return ClusterView(self.coordinator.cluster_id, (node,), server.node_id)


@dataclass(slots=True)
class Parts:
    """What runs once the broker has started."""

    listener: Listener
    dispatcher: Dispatcher
    pipeline: ProducePipeline
    parking: Parking
    groups: GroupRoom
    catalog: Catalog
    jobs: Ticker
    ahead: ReadAhead
    cache: BlockCache

    async def drain(self, clock: Clock, seconds_max: float) -> None:
        """Let what is in flight finish, also for clients that are gone (acks=0), then stop."""
        self.listener.refuse()
        self.parking.close()
        self.pipeline.flush()
        await clock.sleep(0)  # what was started in this turn of the loop gets to where it waits
        await self.groups.close()
        if not await wait_until(lambda: self.listener.idle and self.pipeline.idle, clock, seconds_max):
            log.warning("not all requests could be answered within %g s", seconds_max)
        await self._stop(clock)

    async def _stop(self, clock: Clock) -> None:
        await self.jobs.close()
        await self.dispatcher.cancel()
        await self.pipeline.close()
        await self.catalog.close()
        await self.listener.close(clock, CLOSE_SECONDS_MAX)
        await self.ahead.close()
        await self.cache.close()


async def assemble(broker: Broker, epoch: int) -> Parts:
    """Build the parts of a broker whose store and coordinator are open."""
    config, clock, entropy = broker.config, broker.clock, broker.entropy
    topics = TopicTable()
    catalog = Catalog(broker.coordinator, topics, config.topics, clock, entropy)
    await catalog.load()
    cache = await build_cache(broker)
    loader = SegmentLoader(config.fetch, cache, clock)
    ahead = ReadAhead(
        config=config.fetch,
        clock=clock,
        coordinator=broker.coordinator,
        cache=cache,
        is_cold=loader.is_cold,
    )
    sessions = FetchSessions(topics, config.fetch.session_slots_max, config.fetch.session_partitions_max)
    parking = Parking(sessions)
    catalog.on_delete(parking.wake_topic)
    gate = Gate(config.produce.buffer_bytes_max)
    pipeline = build_produce(broker, epoch, gate, cache, parking.wake)
    groups = GroupRoom(config.groups, broker.coordinator, catalog, clock, entropy)
    await groups.open()
    limits = QuotaTable()
    throttle = ClientThrottle(limits, config.quotas, clock)
    quotas = QuotaRoom(broker.coordinator, limits)
    await quotas.load()
    raw: dict[int, RawHandler] = {
        PRODUCE: ProduceHandler(config.produce, clock, topics, gate, pipeline, throttle=throttle),
        FETCH: FetchHandler(
            config=config.fetch,
            clock=clock,
            entropy=entropy,
            topics=topics,
            sessions=sessions,
            coordinator=broker.coordinator,
            loader=loader,
            ahead=ahead,
            parking=parking,
            throttle=throttle,
        ),
    }
    handlers: dict[int, Handler] = {
        **versions.handlers(),
        **catalog_handlers(catalog, broker.coordinator, config, broker.view, parking.wake_topic),
        **groups_handlers(groups),
        **quotas_handlers(quotas),
        **OffsetsHandler(catalog, broker.coordinator, loader).handlers(),
    }
    dispatcher = Dispatcher(raw, handlers, throttle)
    listener = Listener(config.server, dispatcher, gate, throttle)
    jobs = Ticker(standard_jobs(broker.coordinator, broker.store.background, clock), clock)
    return Parts(listener, dispatcher, pipeline, parking, groups, catalog, jobs, ahead, cache)


async def build_cache(broker: Broker) -> BlockCache:
    """Build the cache of what is fetched, and open its disk tier if it has one."""
    config = broker.config.fetch
    disk = None
    if config.disk_cache_dir is not None:
        disk = DiskTier(config.disk_cache_dir, config.disk_cache_bytes_max)
        await disk.open()
    load = segment_loader(config, broker.store.tail, broker.store.cold_for)
    return BlockCache(load, CacheLimits.of(config), disk)


def build_produce(
    broker: Broker,
    epoch: int,
    gate: Gate,
    cache: BlockCache,
    on_commit: Callable[[SealedSegment], None],
) -> ProducePipeline:
    """Build the produce pipeline, from the buffer to the commit queue."""
    config, clock, entropy = broker.config.produce, broker.clock, broker.entropy
    node_id = broker.config.server.node_id
    pipeline = ProducePipeline(
        config=config,
        clock=clock,
        entropy=entropy,
        gate=gate,
        budget=PutBudget(
            config.put_rate_per_second or broker.store.puts_per_second,
            config.put_burst,
            config.linger_ms_max / 1000,
            clock.monotonic(),
            rate_awaited=config.put_rate_awaited_per_second
            or config.put_rate_per_second
            or broker.store.puts_awaited_per_second,
        ),
        uploader=Uploader(broker.store.produce, config),
        broker_id=node_id,
        broker_epoch=epoch,
    )
    commits = CommitQueue(
        coordinator=broker.coordinator,
        cache=cache,
        broker_id=node_id,
        broker_epoch=epoch,
        on_commit=on_commit,
        on_answered=pipeline.answered,
    )
    pipeline.attach(commits)
    return pipeline


def run(config: Config, ready: Callable[[Broker], None] | None = None) -> int:
    """Run a broker until SIGTERM or SIGINT, then drain; return the exit code.

    `ready` is called once when the broker listens. The process may open as many files as it is allowed to.
    """
    raise_open_files(config.server.connections_max)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(_serve(config, ready))


async def _serve(config: Config, ready: Callable[[Broker], None] | None) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    broker = Broker(config)
    try:
        await broker.start()
        quieten_collector()
        if ready is not None:
            ready(broker)
        await stop.wait()
    finally:
        await broker.drain()
    return 0


def quieten_collector() -> None:
    """Keep what start-up made out of garbage collection, and collect less often.

    Requests leave next to no cycles: reference counts free them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECTOR_THRESHOLD)


def _reachable(host: str) -> str:
    """Return what clients can connect to when nothing is advertised: a wildcard names this machine."""
    return socket.gethostname() if host in {"", "0.0.0.0", "::"} else host
