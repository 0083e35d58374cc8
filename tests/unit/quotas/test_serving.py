"""Limited clients against the stages that serve them, in virtual time."""

from __future__ import annotations

import asyncio
import itertools
import struct
from collections.abc import Callable
from typing import Any

import pytest

from clients.batches import build_batch
from fetching import Reading, fetch_payload, session_payload
from producing import Line, answered, line, produce_payload
from skylog.config import QuotasConfig, ServerConfig
from skylog.core import Scratch
from skylog.quotas.entities import build_entity
from skylog.quotas.table import QuotaTable
from skylog.quotas.throttle import ClientThrottle
from skylog.server.connection import Connection
from skylog.server.dispatch import Dispatcher
from skylog.wire import codec
from skylog.wire.exchange import Body, Request
from virtual import VirtualClock, in_virtual_time

MIB = 1 << 20
PRODUCE, FETCH, METADATA, CREATE_TOPICS = 0, 1, 3, 19


def limits(config: QuotasConfig | None = None, **quotas: float) -> ClientThrottle:
    """Return the throttle of a broker that limits the client `app` alone."""
    table = QuotaTable()
    table.put(build_entity({"client-id": "app"}), quotas)
    return ClientThrottle(table, config or QuotasConfig(), VirtualClock())


def of_client(payload: bytes, client_id: str) -> bytes:
    """Put a client id into a request that has none."""
    head, rest = payload[:8], payload[10:]
    name = client_id.encode()
    return head + struct.pack(">h", len(name)) + name + rest


def batch(size: int) -> bytes:
    """Return a batch of one record of about this size."""
    return build_batch([bytes(size)])


class Client(asyncio.Transport):
    """A connection that is written to whenever the broker reads; counts what it is answered."""

    def __init__(self, built: Line, dispatcher: Dispatcher, client_id: str = "app") -> None:
        super().__init__({"peername": ("192.0.2.7", 4711)})
        self.client_id = client_id
        self.is_read = True
        self.answers: list[bytes] = []
        self.has_answer = asyncio.Event()
        self.connection = Connection(ServerConfig(), Scratch(), dispatcher, built.gate, set())
        self.connection.connection_made(self)

    def pause_reading(self) -> None:
        self.is_read = False

    def resume_reading(self) -> None:
        self.is_read = True

    def abort(self) -> None:
        raise AssertionError("nothing was to be closed")

    def write(self, data: Any) -> None:
        self.answers.append(bytes(data))
        self.has_answer.set()

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(list_of_data))

    def send(self, payload: bytes) -> None:
        stream = of_client(payload, self.client_id)
        stream = struct.pack(">i", len(stream)) + stream
        while stream:
            room = self.connection.get_buffer(-1)
            size = min(len(room), len(stream))
            room[:size] = stream[:size]
            self.connection.buffer_updated(size)
            stream = stream[size:]

    async def ask(self, payload: bytes) -> bytes:
        """Send, and return the answer once it is there."""
        self.has_answer.clear()
        self.send(payload)
        await self.has_answer.wait()
        return self.answers[-1]

    async def keep_sending(self, payload: Callable[[], bytes], seconds: float) -> None:
        """Have one request in flight as often as the broker reads."""
        end = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end:
            if self.is_read:
                await self.ask(payload())
            await asyncio.sleep(0.001)  # noqa: TID251 - virtual time


def dispatcher(built: Line, reading: Reading | None = None) -> Dispatcher:
    raw: dict[int, Any] = {PRODUCE: built.handler}
    if reading is not None:
        raw[FETCH] = reading.handler
    return Dispatcher(raw, {}, built.throttle)


@in_virtual_time
async def test_a_producer_gets_its_rate_and_others_are_not_disturbed() -> None:
    size = len(produce_payload(batch(65_000))) + 3
    async with line(throttle=limits(producer_byte_rate=MIB), put_rate_per_second=1000.0) as built:
        served = dispatcher(built)
        limited, other = Client(built, served), Client(built, served, "other")
        payload = produce_payload(batch(65_000))
        sending = asyncio.create_task(limited.keep_sending(lambda: payload, 40))
        start = asyncio.get_running_loop().time()
        await other.ask(payload)
        for _ in range(300):
            await other.ask(payload)
        assert asyncio.get_running_loop().time() - start < 10, "300 requests, none of which had to wait"
        await sending
        assert len(limited.answers) * size == pytest.approx(40 * MIB, rel=0.2)


@in_virtual_time
async def test_a_producer_s_answer_says_how_long_it_is_not_read_and_does_not_wait_itself() -> None:
    async with line(throttle=limits(producer_byte_rate=1000)) as built:
        client = Client(built, dispatcher(built))
        start = asyncio.get_running_loop().time()
        answer = await client.ask(produce_payload(batch(30_000)))
        (throttle_ms,) = struct.unpack(">i", answer[-4:])
        assert throttle_ms == pytest.approx(20_000, rel=0.02)
        assert asyncio.get_running_loop().time() - start < 1
        assert not client.is_read
        await asyncio.sleep(throttle_ms / 1000 - 1)  # noqa: TID251 - virtual time
        assert not client.is_read
        await asyncio.sleep(1.1)  # noqa: TID251 - virtual time
        assert client.is_read


@in_virtual_time
async def test_pipelined_requests_behind_one_that_is_throttled_wait_too() -> None:
    async with line(throttle=limits(producer_byte_rate=1000)) as built:
        client = Client(built, dispatcher(built))
        for _ in range(3):
            client.send(produce_payload(batch(12_000)))
        await asyncio.sleep(1)  # noqa: TID251 - virtual time
        assert len(client.answers) == 1
        await asyncio.sleep(60)  # noqa: TID251 - virtual time
        assert len(client.answers) == 3


@in_virtual_time
async def test_a_request_of_which_nothing_is_taken_and_one_without_an_answer_count_too() -> None:
    async with line(throttle=limits(producer_byte_rate=1000)) as built:
        broken = bytearray(batch(15_000))
        broken[17] ^= 1
        client = Client(built, dispatcher(built))
        answer = await client.ask(produce_payload(bytes(broken)))
        assert struct.unpack(">i", answer[-4:])[0] > 0
        silent = Client(built, dispatcher(built))
        silent.send(produce_payload(batch(15_000), acks=0))
        assert not silent.is_read
        await asyncio.sleep(1)  # noqa: TID251 - virtual time
        assert silent.answers == []


@in_virtual_time
async def test_a_consumer_gets_its_rate_and_loses_nothing() -> None:
    async with line(throttle=limits(consumer_byte_rate=MIB), put_rate_per_second=1000.0) as built:
        reading = Reading(built)
        replies = [built.produce(batch(100_000)) for _ in range(100)]
        await answered(replies)
        client, taken, offsets = Client(built, dispatcher(built, reading)), 0, itertools.cycle(range(100))
        end = asyncio.get_running_loop().time() + 40
        throttled = 0
        while asyncio.get_running_loop().time() < end:
            if client.is_read:
                answer = await client.ask(fetch_payload(next(offsets), 0, 1, 110_000))
                (throttle_ms,) = struct.unpack_from(">i", answer, 8)
                assert (len(answer) < 100) == bool(throttle_ms), "with a throttle there is nothing else"
                throttled += bool(throttle_ms)
                taken += len(answer)
            await asyncio.sleep(0.001)  # noqa: TID251 - virtual time
        assert throttled
        assert taken == pytest.approx(40 * MIB, rel=0.2)


@in_virtual_time
async def test_a_throttled_fetch_keeps_its_session() -> None:
    async with line(throttle=limits(consumer_byte_rate=1000)) as built:
        reading = Reading(built)
        await answered([built.produce(batch(50_000))])
        client = Client(built, dispatcher(built, reading))
        answer = await client.ask(session_payload(0, 0))
        assert len(answer) > 50_000
        (opened,) = struct.unpack_from(">i", answer, 14)
        answer = await client.ask(session_payload(opened, 1, offsets=()))
        throttle_ms, code, session_id, topics = struct.unpack_from(">ihii", answer, 8)
        assert throttle_ms > 30_000
        assert (code, session_id, topics) == (0, opened, 0)
        await asyncio.sleep(throttle_ms / 1000 + 1)  # noqa: TID251 - virtual time
        answer = await client.ask(session_payload(opened, 2, offsets=()))
        assert struct.unpack_from(">ihii", answer, 8) == (0, 0, opened, 1), "it goes on, with all its news"


class Busy:
    """A handler that takes time of the loop, and time in which it only waits."""

    def __init__(self, busy_seconds: float = 0.0, idle_seconds: float = 0.0) -> None:
        self._busy_seconds = busy_seconds
        self._idle_seconds = idle_seconds

    async def __call__(self, request: Request) -> Body:
        loop: Any = asyncio.get_running_loop()
        loop.seconds += self._busy_seconds / 2
        await asyncio.sleep(self._idle_seconds)  # noqa: TID251 - virtual time
        loop.seconds += self._busy_seconds / 2
        for topic in request.body.get("topics") or []:
            request.mutations.take(topic.get("num_partitions", 0))
        return {}


def request_payload(api_key: int, version: int, body: Body) -> bytes:
    return codec.encode_request(api_key, version, 1, body)[4:]


@in_virtual_time
async def test_time_of_the_loop_is_counted_and_time_of_waiting_is_not() -> None:
    async with line(throttle=limits(request_percentage=1)) as built:
        for busy, idle, expected in ((0.0, 60.0, 0), (0.3, 0.0, 1000)):
            served = Dispatcher({}, {METADATA: Busy(busy, idle)}, built.throttle)
            client = Client(built, served)
            answer = await client.ask(request_payload(METADATA, 8, {"topics": []}))
            _, body = codec.decode_response(METADATA, 8, answer[4:])
            assert (body["throttle_time_ms"], client.is_read) == (expected, not expected)


@in_virtual_time
async def test_versions_without_a_throttle_in_their_answer_are_muted_all_the_same() -> None:
    async with line(throttle=limits(request_percentage=1)) as built:
        client = Client(built, Dispatcher({}, {METADATA: Busy(0.3)}, built.throttle))
        answer = await client.ask(request_payload(METADATA, 1, {"topics": []}))
        codec.decode_response(METADATA, 1, answer[4:])
        assert not client.is_read


@in_virtual_time
async def test_changes_of_topics_are_paid_by_the_client_and_their_throttle_is_in_the_answer() -> None:
    async with line(throttle=limits(controller_mutation_rate=1)) as built:
        client = Client(built, Dispatcher({}, {CREATE_TOPICS: Busy()}, built.throttle))
        topic = {"name": "t", "num_partitions": 15, "replication_factor": 1, "assignments": [], "configs": []}
        asked = {"topics": [topic], "timeout_ms": 1, "validate_only": False}
        answer = await client.ask(request_payload(CREATE_TOPICS, 5, asked))
        _, body = codec.decode_response(CREATE_TOPICS, 5, answer[4:])
        assert body["throttle_time_ms"] == 4000
        assert not client.is_read


@in_virtual_time
async def test_of_several_throttles_the_largest_counts() -> None:
    throttle = limits(controller_mutation_rate=1, request_percentage=1)
    async with line(throttle=throttle) as built:
        client = Client(built, Dispatcher({}, {CREATE_TOPICS: Busy(5.0)}, built.throttle))
        topic = {"name": "t", "num_partitions": 11, "replication_factor": 1, "assignments": [], "configs": []}
        asked = {"topics": [topic], "timeout_ms": 1, "validate_only": False}
        answer = await client.ask(request_payload(CREATE_TOPICS, 5, asked))
        assert codec.decode_response(CREATE_TOPICS, 5, answer[4:])[1]["throttle_time_ms"] == 1000
