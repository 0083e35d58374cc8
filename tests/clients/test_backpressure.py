"""A producer that is faster than the store is slowed down; the broker's memory has a bound."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path

from clients.batches import build_batch
from clients.conftest import Serve
from clients.drivers import GROUP_DRIVERS
from clients.drivers.base import Record
from clients.raw import Connection, frame, metadata_request, produce_request
from clients.served import ServedBroker
from clients.topics import create_topic

MIB = 1 << 20
BUFFER, CACHE, SEGMENT = 32 * MIB, 32 * MIB, 4 * MIB
RESIDENT_MAX = BUFFER + CACHE + 150 * MIB
CONNECTIONS = 6
SOCKETS = CONNECTIONS * 12 * MIB
"""What the kernel may hold for them on both sides."""
REQUESTS = 70
"""Of each connection; all of them together are far more than the broker may hold."""
VALUE = b"\xa5" * 900_000


class Flood:
    """Connections that write as fast as they are let, and what was seen of the broker meanwhile."""

    def __init__(self, broker: ServedBroker, topic: str) -> None:
        self.resident_max = 0
        self.unanswered_max = 0
        self.answered = 0
        self.errors: set[int] = set()
        self._broker = broker
        self._request = frame(produce_request({(topic, 0): build_batch([VALUE])}, version=3))
        self._sent = 0

    async def run(self) -> None:
        """Send everything and wait for all answers."""
        async with asyncio.timeout(90), asyncio.TaskGroup() as tasks:
            for _ in range(CONNECTIONS):
                tasks.create_task(self._connection())

    async def _connection(self) -> None:
        host, port = self._broker.bootstrap.split(":")
        reader, writer = await asyncio.open_connection(host, int(port), limit=MIB)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._write(writer))
            tasks.create_task(self._read(reader))
        writer.close()

    async def _write(self, writer: asyncio.StreamWriter) -> None:
        for _ in range(REQUESTS):
            writer.write(self._request)
            await writer.drain()
            self._sent += 1
            self._look()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        for _ in range(REQUESTS):
            size = struct.unpack(">i", await reader.readexactly(4))[0]
            answer = await reader.readexactly(size)
            # The end of the answer: error code, base offset, log append time, throttle time.
            self.errors.add(struct.unpack_from(">h", answer, size - 22)[0])
            self.answered += 1
            self._look()

    def _look(self) -> None:
        self.resident_max = max(self.resident_max, self._broker.resident_bytes())
        self.unanswered_max = max(self.unanswered_max, (self._sent - self.answered) * len(self._request))


def _slow_broker(serve: Serve, tmp_path: Path) -> ServedBroker:
    return serve(
        "--store",
        f"file://{tmp_path}/slow?put_ms=500",
        produce={"buffer_bytes_max": BUFFER, "segment_bytes_target": SEGMENT},
        fetch={"cache_bytes_max": CACHE},
    )


def test_memory_is_bounded_while_producers_outrun_the_store(serve: Serve, tmp_path: Path) -> None:
    broker = _slow_broker(serve, tmp_path)
    flood = Flood(broker, create_topic(broker.bootstrap, "flooded"))
    asyncio.run(flood.run())
    assert flood.answered == CONNECTIONS * REQUESTS
    assert flood.errors == {0}
    assert flood.unanswered_max > BUFFER / 2, "the producers were not faster than the store"
    assert flood.unanswered_max < BUFFER + SOCKETS, "the producers were not slowed down"
    assert flood.resident_max < RESIDENT_MAX


def test_those_who_only_ask_or_read_are_answered_during_a_flood(serve: Serve, tmp_path: Path) -> None:
    broker = _slow_broker(serve, tmp_path)
    calm = create_topic(broker.bootstrap, "calm")
    confluent = GROUP_DRIVERS["confluent"]
    confluent.produce(broker.bootstrap, calm, [Record(None, b"%d" % n) for n in range(100)])
    flood = Flood(broker, create_topic(broker.bootstrap, "flooded"))

    async def ask_meanwhile() -> int:
        running = asyncio.create_task(flood.run())
        rounds = 0
        while not running.done():
            await asyncio.to_thread(_ask_and_read, broker, calm)
            rounds += 1
        await running
        return rounds

    assert asyncio.run(ask_meanwhile()) >= 3


def _ask_and_read(broker: ServedBroker, topic: str) -> None:
    with Connection(broker.bootstrap) as connection:
        connection.socket.settimeout(5)
        assert connection.ask(metadata_request([topic])).topics[0].error_code == 0
        assert connection.fetch(topic, 0, 0)
