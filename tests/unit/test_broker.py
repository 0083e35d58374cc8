"""The life of a broker: a start that fails leaves nothing, a drain leaves nothing and loses nothing."""

from __future__ import annotations

import asyncio
import struct
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from fetching import fetch_payload
from producing import LOG, NotingReply, frame, produce_payload
from sealing import Batch
from skylog.broker import Broker
from skylog.clock import SystemClock, wait_until
from skylog.config import Config, ProduceConfig, ServerConfig
from skylog.core import LogPositions
from skylog.errors import Conflict, InvalidConfig, Unavailable
from skylog.model import NewTopic
from skylog.storage.metered import StoreUsage
from virtual import VirtualClock, in_virtual_time

HOUR_MS = 3_600_000
QUICK = ServerConfig(port=0, drain_ms_max=200)


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, payload: bytes) -> None:
        self.writer.write(struct.pack(">i", len(payload)) + payload)

    async def receive(self) -> bytes:
        """Return the next answer, or nothing when the broker closed the connection."""
        try:
            (size,) = struct.unpack(">i", await self.reader.readexactly(4))
            return await self.reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""


@asynccontextmanager
async def client(broker: Broker) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", broker.port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


@asynccontextmanager
async def broker_of(config: Config) -> AsyncIterator[Broker]:
    """A started broker with one topic, drained at the end if the test has not done so."""
    broker = Broker(config)
    await broker.start()
    try:
        await broker.coordinator.create_topics([NewTopic(LOG.topic_id, LOG.topic, 1)])
        await broker._parts.catalog.load()
        yield broker
    finally:
        await broker.drain()


async def end_offset(config: Config) -> int:
    """Start a broker once more and ask for the end of the log."""
    broker = Broker(config)
    await broker.start()
    try:
        located = await broker.coordinator.find_extents(LogPositions([(LOG.topic_id, 0, 0, 1)]), 1)
        ((_, end),) = located.bounds()
        return end
    finally:
        await broker.drain()


async def wait_for(condition: Callable[[], object]) -> None:
    assert await wait_until(lambda: bool(condition()), SystemClock(), 10)


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("skylog")}


def in_directory(path: Path, server: ServerConfig = QUICK, **produce: object) -> Config:
    return Config.in_directory(path, server=server, produce=ProduceConfig(**produce))


async def test_a_broker_that_cannot_listen_leaves_its_data_to_others(tmp_path: Path) -> None:
    config = in_directory(tmp_path)
    async with broker_of(Config(server=QUICK)) as other:
        taken = replace(config, server=ServerConfig(port=other.port))
        before = threads()
        with pytest.raises(InvalidConfig, match="in use"):
            await Broker(taken).start()
        assert threads() <= before
    async with broker_of(config):
        pass


async def test_a_second_broker_on_the_same_data_is_refused_and_leaves_the_first_alone(tmp_path: Path) -> None:
    config = in_directory(tmp_path)
    async with broker_of(config) as first:
        before = threads()
        with pytest.raises(Conflict, match="another broker"):
            await Broker(config).start()
        assert threads() <= before
        async with client(first) as peer:
            peer.send(produce_payload(Batch(LOG).build()))
            assert await peer.receive()


@pytest.mark.parametrize("failing", ["list_topics", "list_groups", "register_broker"])
async def test_a_start_that_fails_half_way_leaves_no_thread_and_no_lock(tmp_path: Path, failing: str) -> None:
    config = in_directory(tmp_path)
    before = threads()
    broker = Broker(config)

    async def fail(*_: object) -> None:
        raise Unavailable("no answer")

    setattr(broker.coordinator, failing, fail)
    tasks = asyncio.all_tasks()
    with pytest.raises(Unavailable):
        await broker.start()
    assert threads() <= before
    assert asyncio.all_tasks() == tasks
    await broker.drain()
    async with broker_of(config):
        pass


async def test_a_drain_stores_and_answers_what_was_taken(tmp_path: Path) -> None:
    config = in_directory(tmp_path, put_rate_per_second=0.001, put_burst=1, linger_ms_max=HOUR_MS)
    config = replace(config, server=ServerConfig(port=0))
    before, tasks = threads(), asyncio.all_tasks()
    async with broker_of(config) as broker, client(broker) as peer:
        peer.send(produce_payload(Batch(LOG).build()))
        assert await peer.receive()
        for _ in range(3):
            peer.send(produce_payload(Batch(LOG).build()))
        pipeline = broker._parts.pipeline
        await wait_for(lambda: pipeline._open and pipeline._open[0].builder.requests == 3)
        await broker.drain()
        for _ in range(3):
            assert await peer.receive()
        assert await peer.receive() == b""
    assert asyncio.all_tasks() == tasks
    assert threads() <= before
    assert await end_offset(config) == 4


async def test_a_drain_stores_what_clients_left_without_waiting_for_an_answer(tmp_path: Path) -> None:
    config = in_directory(tmp_path, put_rate_per_second=0.001, put_burst=1, linger_ms_max=HOUR_MS)
    config = replace(config, server=ServerConfig(port=0))
    async with broker_of(config) as broker:
        async with client(broker) as peer:
            peer.send(produce_payload(Batch(LOG).build()))
            assert await peer.receive()
            peer.send(produce_payload(Batch(LOG).build(), acks=0))
            pipeline = broker._parts.pipeline
            await wait_for(lambda: pipeline._open)
        await wait_for(lambda: not broker._parts.listener.connections)
    assert await end_offset(config) == 2


async def test_a_store_that_hangs_does_not_keep_the_broker_from_ending() -> None:
    config = Config(store=f"memory:?put_ms={HOUR_MS}", server=QUICK)
    tasks = asyncio.all_tasks()
    async with broker_of(config) as broker, client(broker) as peer:
        peer.send(produce_payload(Batch(LOG).build()))
        await wait_for(lambda: broker.store.usage.puts)
        await broker.drain()
        assert await peer.receive() == b"", "what is not stored is not acknowledged"
    assert asyncio.all_tasks() == tasks


@in_virtual_time
async def test_a_broker_that_nobody_uses_asks_nothing_of_its_store() -> None:
    """But for the sweep, once an hour."""
    clock = VirtualClock()
    broker = Broker(Config(server=QUICK), clock=clock)
    await broker.start()
    await clock.sleep(3_590)
    assert broker.store.usage == StoreUsage()
    await broker.drain()


async def test_long_polls_and_waiting_members_are_answered_by_a_drain() -> None:
    config = Config(server=ServerConfig(port=0))
    async with broker_of(config) as broker, client(broker) as reader, client(broker) as member:
        reader.send(fetch_payload(0, wait_ms=HOUR_MS, min_bytes=1))
        member.send(join_payload())
        parts = broker._parts
        await wait_for(lambda: len(parts.parking) and parts.groups._waiting)
        await broker.drain()
        assert await reader.receive()
        assert await member.receive()


async def test_a_member_that_asked_in_the_same_turn_of_the_loop_is_sent_away_too() -> None:
    async with broker_of(Config(server=QUICK)) as broker:
        reply = NotingReply(0, [])
        broker._parts.dispatcher.start(frame(join_payload()), reply)
        await broker.drain()
        assert reply.answer, reply.closed


async def test_a_client_that_reads_nothing_does_not_keep_the_broker_from_ending() -> None:
    tasks = asyncio.all_tasks()
    async with broker_of(Config(server=QUICK)) as broker, client(broker) as peer:
        for _ in range(2):
            peer.send(produce_payload(Batch(LOG, records=90_000).build()))
            assert await peer.receive()
        peer.writer.transport.pause_reading()
        for _ in range(100):
            peer.send(fetch_payload(0, wait_ms=0, min_bytes=1))
        (connection,) = broker._parts.listener._connections
        await wait_for(lambda: connection._pauses & 2)
        await broker.drain()
    assert asyncio.all_tasks() == tasks


async def test_drained_twice_is_drained_once() -> None:
    async with broker_of(Config(server=QUICK)) as broker:
        await broker.drain()
        await broker.drain()


def join_payload() -> bytes:
    """Return a JoinGroup v0 request."""
    return b"".join(
        (
            struct.pack(">hhih", 11, 0, 1, -1),
            struct.pack(">h", 5) + b"group",
            struct.pack(">ih", 60_000, 0),
            struct.pack(">h", 8) + b"consumer",
            struct.pack(">ih", 1, 5) + b"range" + struct.pack(">i", 0),
        )
    )
