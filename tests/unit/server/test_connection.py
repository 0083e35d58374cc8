"""Order, pipelining and back-pressure of one connection, with a transport that only notes what it is told."""

from __future__ import annotations

import asyncio
import struct

import pytest

from skylog.config import ServerConfig
from skylog.core import Frame, Scratch
from skylog.server.connection import Connection, Slot
from skylog.wire.exchange import Gate
from skylog.wire.throttling import NO_THROTTLE, NoThrottle, Throttle
from virtual import in_virtual_time

PRODUCE, FETCH, METADATA = 0, 1, 3


class NotingTransport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.7", 4711)})
        self.written = b""
        self.reading = True
        self.aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def pause_reading(self) -> None:
        assert self.reading, "paused twice"
        self.reading = False

    def resume_reading(self) -> None:
        assert not self.reading, "resumed twice"
        self.reading = True

    def abort(self) -> None:
        self.aborted = True

    def close(self) -> None:
        self.aborted = True


async def turn() -> None:
    """Let the loop do what is due."""
    await asyncio.sleep(0)  # noqa: TID251


class Requests:
    """A starter that keeps what it is given until the test answers it."""

    def __init__(self) -> None:
        self.started: list[tuple[int, Slot]] = []

    def start(self, frame: Frame, reply: Slot) -> None:
        self.started.append((frame.correlation_id, reply))

    @property
    def ids(self) -> list[int]:
        return [correlation_id for correlation_id, _ in self.started]

    async def answer(self, correlation_id: int) -> None:
        slot = next(slot for number, slot in self.started if number == correlation_id)
        slot.send([b"<%d>" % correlation_id])
        await turn()


def frame(api_key: int, correlation_id: int, body: bytes = b"") -> bytes:
    payload = struct.pack(">hhih", api_key, 9, correlation_id, -1) + body
    return struct.pack(">i", len(payload)) + payload


class Wire:
    """A connection with both of its ends in the hands of the test."""

    def __init__(
        self,
        config: ServerConfig,
        gate: Gate,
        requests: Requests | None = None,
        throttle: Throttle = NO_THROTTLE,
    ) -> None:
        self.requests = requests or Requests()
        self.transport = NotingTransport()
        self.all: set[Connection] = set()
        self.connection = Connection(config, Scratch(), self.requests, gate, self.all, throttle=throttle)
        self.connection.connection_made(self.transport)

    def receive(self, data: bytes) -> None:
        while data and not self.transport.aborted:
            room = self.connection.get_buffer(-1)
            size = min(len(room), len(data))
            room[:size] = data[:size]
            self.connection.buffer_updated(size)
            data = data[size:]


@pytest.fixture
async def gate() -> Gate:
    return Gate(1000)


@pytest.fixture
async def wire(gate: Gate) -> Wire:
    return Wire(ServerConfig(inflight_requests_max=4), gate)


async def test_produce_requests_run_at_once_and_answers_keep_the_order_of_requests(wire: Wire) -> None:
    wire.receive(b"".join(frame(PRODUCE, n) for n in (1, 2, 3)))
    assert wire.requests.ids == [1, 2, 3]
    await wire.requests.answer(3)
    await wire.requests.answer(2)
    assert wire.transport.written == b""
    await wire.requests.answer(1)
    assert wire.transport.written == b"<1><2><3>"


async def test_other_requests_start_when_all_before_them_are_answered(wire: Wire) -> None:
    wire.receive(frame(PRODUCE, 1) + frame(FETCH, 2) + frame(METADATA, 3) + frame(PRODUCE, 4))
    assert wire.requests.ids == [1]
    for done, started in [(1, [1, 2]), (2, [1, 2, 3]), (3, [1, 2, 3, 4])]:
        await wire.requests.answer(done)
        assert wire.requests.ids == started


async def test_a_connection_with_waiting_requests_is_not_read(wire: Wire) -> None:
    wire.receive(frame(FETCH, 1) + frame(FETCH, 2))
    assert not wire.transport.reading
    await wire.requests.answer(1)
    assert wire.transport.reading


async def test_unanswered_produce_requests_are_bounded(wire: Wire) -> None:
    wire.receive(b"".join(frame(PRODUCE, n) for n in range(6)))
    assert wire.requests.ids == [0, 1, 2, 3]
    assert not wire.transport.reading
    await wire.requests.answer(0)
    assert wire.requests.ids == [0, 1, 2, 3, 4]


async def test_producers_wait_while_the_gate_is_shut_and_others_do_not(wire: Wire, gate: Gate) -> None:
    gate.take(1000)
    other = Wire(ServerConfig(), gate)
    wire.receive(frame(PRODUCE, 1))
    other.receive(frame(METADATA, 1))
    assert wire.requests.ids == []
    assert other.requests.ids == [1]
    assert not wire.transport.reading
    gate.give(1)
    await turn()
    assert wire.requests.ids == [1]
    assert wire.transport.reading


async def test_a_client_that_does_not_read_its_answers_is_not_served_further(wire: Wire) -> None:
    wire.receive(frame(FETCH, 1))
    wire.connection.pause_writing()
    assert not wire.transport.reading
    wire.receive(frame(FETCH, 2))
    await wire.requests.answer(1)
    assert wire.requests.ids == [1]
    wire.connection.resume_writing()
    assert wire.requests.ids == [1, 2]


async def test_nothing_starts_while_a_request_is_held(wire: Wire) -> None:
    wire.receive(frame(PRODUCE, 1))
    wire.requests.started[0][1].hold()
    wire.receive(frame(PRODUCE, 2))
    assert wire.requests.ids == [1]
    wire.requests.started[0][1].release()
    assert wire.requests.ids == [1, 2]


@in_virtual_time
async def test_a_muted_client_is_not_listened_to_until_its_time_is_up() -> None:
    wire = Wire(ServerConfig(), Gate(1000))
    wire.receive(frame(PRODUCE, 1) + frame(PRODUCE, 2))
    wire.requests.started[0][1].mute(5000)
    assert not wire.transport.reading
    wire.receive(frame(PRODUCE, 3))
    await wire.requests.answer(1)
    await wire.requests.answer(2)
    assert wire.transport.written == b"<1><2>", "what is in flight is answered at once"
    await asyncio.sleep(4.9)  # noqa: TID251 - virtual time
    assert (wire.requests.ids, wire.transport.reading) == ([1, 2], False)
    await asyncio.sleep(0.2)  # noqa: TID251 - virtual time
    assert (wire.requests.ids, wire.transport.reading) == ([1, 2, 3], True)


@in_virtual_time
async def test_of_two_throttles_the_later_end_counts() -> None:
    wire = Wire(ServerConfig(), Gate(1000))
    for milliseconds in (3000, 1000, 5000, 2000):
        wire.connection.mute(milliseconds / 1000)
    await asyncio.sleep(4.9)  # noqa: TID251 - virtual time
    assert not wire.transport.reading
    await asyncio.sleep(0.2)  # noqa: TID251 - virtual time
    assert wire.transport.reading


@in_virtual_time
async def test_a_lost_connection_leaves_no_timer_of_its_throttle() -> None:
    wire = Wire(ServerConfig(), Gate(1000))
    wire.connection.mute(1e6)
    wire.connection.connection_lost(None)
    scheduled = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
    assert all(timer.cancelled() for timer in scheduled)


@in_virtual_time
async def test_a_connection_too_many_from_one_address_is_closed_after_a_while() -> None:
    class OneEach(NoThrottle):
        def connected(self, host: str, /) -> int:
            assert host == "192.0.2.7"
            return 700

    wire = Wire(ServerConfig(), Gate(1000), throttle=OneEach())
    wire.receive(frame(METADATA, 1))
    assert (wire.requests.ids, wire.transport.reading, wire.transport.aborted) == ([], False, False)
    await asyncio.sleep(0.75)  # noqa: TID251 - virtual time
    assert (wire.requests.ids, wire.transport.aborted) == ([], True)


async def test_after_a_share_of_the_turn_others_come_first(gate: Gate) -> None:
    wire = Wire(ServerConfig(turn_bytes_max=100), gate)
    wire.receive(frame(PRODUCE, 1, bytes(200)))
    assert wire.requests.ids == [1]
    assert not wire.transport.reading
    await turn()
    assert wire.transport.reading


@pytest.mark.parametrize("size", [-1, 0, 9, 2**31 - 1])
async def test_a_frame_of_impossible_size_closes_the_connection(wire: Wire, size: int) -> None:
    wire.receive(struct.pack(">i", size) + bytes(16))
    assert wire.transport.aborted
    assert wire.requests.ids == []


async def test_a_lost_connection_tells_who_works_on_its_answers(wire: Wire) -> None:
    lost = []
    wire.receive(frame(FETCH, 1))
    wire.requests.started[0][1].on_lost(lambda: lost.append(1))
    wire.connection.connection_lost(None)
    assert lost == [1]
    assert not wire.all
    await wire.requests.answer(1)
    assert wire.transport.written == b""


async def test_an_answer_of_no_buffers_writes_nothing_but_keeps_its_place(wire: Wire) -> None:
    wire.receive(frame(PRODUCE, 1) + frame(PRODUCE, 2))
    await wire.requests.answer(2)
    wire.requests.started[0][1].send([])
    await turn()
    assert wire.transport.written == b"<2>"


async def test_too_many_connections_are_refused(gate: Gate) -> None:
    config = ServerConfig(connections_max=1)
    first = Wire(config, gate)
    second = Connection(config, Scratch(), Requests(), gate, first.all)
    transport = NotingTransport()
    second.connection_made(transport)
    assert transport.aborted
    assert not first.transport.aborted


async def test_draining_answers_what_is_in_flight_and_starts_nothing_else(wire: Wire) -> None:
    wire.receive(frame(FETCH, 1) + frame(FETCH, 2))
    wire.connection.drain()
    assert not wire.connection.idle
    await wire.requests.answer(1)
    assert wire.transport.written == b"<1>"
    assert wire.requests.ids == [1]
    assert wire.connection.idle


async def test_a_request_that_cannot_even_be_started_ends_its_connection_and_no_other(gate: Gate) -> None:
    """The request behind an answer starts on the stack of whoever gives that answer."""

    class Failing(Requests):
        def start(self, frame: Frame, reply: Slot) -> None:
            super().start(frame, reply)
            if frame.correlation_id == 13:
                raise RuntimeError("not in any table")

    wire = Wire(ServerConfig(), gate, Failing())
    wire.receive(frame(FETCH, 1) + frame(METADATA, 13) + frame(METADATA, 14))
    await wire.requests.answer(1)
    assert wire.transport.written == b"<1>"
    assert wire.transport.aborted
    assert wire.requests.ids == [1, 13]


async def test_a_connection_lost_at_the_gate_is_forgotten_by_it(gate: Gate) -> None:
    gate.take(1000)
    wires = [Wire(ServerConfig(), gate) for _ in range(3)]
    for wire in wires:
        wire.receive(frame(PRODUCE, 1))
    for wire in wires[:2]:
        wire.connection.connection_lost(None)
    assert "1 waiting" in repr(gate)


async def test_what_arrives_while_the_broker_goes_down_does_not_hold_it_up(wire: Wire) -> None:
    wire.connection.drain()
    wire.receive(frame(FETCH, 1))
    assert wire.requests.ids == []
    assert wire.connection.idle


async def test_a_connection_on_which_nothing_moves_is_closed_at_the_second_look(wire: Wire) -> None:
    wire.receive(frame(METADATA, 1))
    for _ in range(3):
        wire.connection.close_if_idle()
    assert not wire.transport.aborted, "it waits for its answer"
    await wire.requests.answer(1)
    wire.receive(frame(METADATA, 2)[:7])
    wire.connection.close_if_idle()
    assert not wire.transport.aborted
    wire.connection.close_if_idle()
    assert wire.transport.aborted


async def test_a_client_that_never_reads_its_answers_counts_as_idle(wire: Wire) -> None:
    wire.receive(frame(FETCH, 1))
    wire.connection.pause_writing()
    await wire.requests.answer(1)
    wire.connection.close_if_idle()
    wire.connection.resume_writing()
    wire.connection.close_if_idle()
    assert not wire.transport.aborted, "it read something"
    wire.connection.pause_writing()
    wire.connection.close_if_idle()
    assert wire.transport.aborted


async def test_a_connection_tells_whether_it_is_about_to_send_more(wire: Wire, gate: Gate) -> None:
    wire.receive(b"".join(frame(PRODUCE, n) for n in (1, 2, 3)))
    assert gate.rhythm.awaited
    for answered in (1, 2, 3):
        await wire.requests.answer(answered)
    wire.receive(frame(PRODUCE, 4))
    assert not gate.rhythm.awaited
    wire.connection.connection_lost(None)
    assert gate.rhythm.awaited
