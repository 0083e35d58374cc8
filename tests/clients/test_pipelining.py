"""Many requests in flight on one connection, and many connections that share the broker."""

from __future__ import annotations

import asyncio
import struct
from itertools import pairwise

from clients.batches import build_batch
from clients.conftest import NewTopic, Serve
from clients.raw import Connection, fetch_request, frame, metadata_request, produce_request
from clients.waiting import monotonic

PUT_MS = 300


def test_requests_in_flight_are_answered_in_order_and_get_offsets_in_order(
    bootstrap: str, new_topic: NewTopic
) -> None:
    topic = new_topic()
    with Connection(bootstrap) as connection:
        sent = connection.send_all([_produce(topic, b"%d" % n) for n in range(200)])
        answers = [connection.receive() for _ in sent]
    assert [number for number, _ in answers] == sent
    offsets = [answer.responses[0].partition_responses[0].base_offset for _, answer in answers]
    assert offsets == list(range(200))


def test_answers_of_different_kinds_keep_the_order_of_their_requests(
    bootstrap: str, new_topic: NewTopic
) -> None:
    topic = new_topic()
    requests = []
    for n in range(20):
        requests += [
            _produce(topic, b"%d" % n),
            metadata_request([topic]),
            fetch_request(topic, 0, 0, wait_ms=50),
            _produce(topic, b"again %d" % n),
            metadata_request(None),
        ]
    with Connection(bootstrap) as connection:
        sent = connection.send_all(requests)
        answers = [connection.receive() for _ in sent]
        assert connection.end_offset(topic, 0) == 40
    assert [number for number, _ in answers] == sent
    assert {answer.responses[0].partition_responses[0].error_code for _, answer in answers[::5]} == {0}


def test_a_fetch_that_waits_holds_up_later_answers_of_its_connection_only(
    bootstrap: str, new_topic: NewTopic
) -> None:
    topic = new_topic()
    with Connection(bootstrap) as waiting, Connection(bootstrap) as other:
        sent = waiting.send_all([fetch_request(topic, 0, 0, wait_ms=20_000), metadata_request([topic])])
        assert other.ask(metadata_request([topic])).topics[0].error_code == 0
        started = monotonic()
        other.ask(_produce(topic, b"wakes"))
        answers = [waiting.receive() for _ in sent]
    assert [number for number, _ in answers] == sent
    assert answers[0][1].responses[0].partitions[0].records
    assert monotonic() - started < 10, "the commit did not wake the fetch"


def test_produce_without_acknowledgement_gets_no_answer(bootstrap: str, new_topic: NewTopic) -> None:
    topic = new_topic()
    unanswered = produce_request({(topic, 0): build_batch([b"quiet"])}, acks=0)
    with Connection(bootstrap) as connection:
        sent = connection.send_all([unanswered, _produce(topic, b"answered")])
        number, answer = connection.receive()
        assert number == sent[1]
        assert answer.responses[0].partition_responses[0].base_offset == 1
        assert connection.end_offset(topic, 0) == 2


def test_requests_of_one_connection_share_the_store_s_delay(serve: Serve) -> None:
    """Ten requests one after the other would take ten PUTs' time; in flight together they take about two."""
    broker = serve("--store", f"memory:?put_ms={PUT_MS}")
    with Connection(broker.bootstrap) as connection:
        connection.ask(metadata_request(["slow"], create=True))
        assert _first_success(connection, "slow")
        started = monotonic()
        sent = connection.send_all([_produce("slow", b"%d" % n) for n in range(10)])
        answers = [connection.receive()[1].responses[0].partition_responses[0] for _ in sent]
        taken_ms = 1000 * (monotonic() - started)
    assert [answer.error_code for answer in answers] == [0] * 10
    assert all(first.base_offset < second.base_offset for first, second in pairwise(answers))
    assert PUT_MS <= taken_ms < 5 * PUT_MS


def test_a_hundred_connections_get_their_share(bootstrap: str, new_topic: NewTopic) -> None:
    """All keep eight requests in flight; when 20,000 are answered nobody is far behind the mean."""
    topic = new_topic(partitions=10)
    race = Race(connections=100, answers=20_000)
    asyncio.run(race.run(bootstrap, [frame(_produce(topic, b"x" * 1024, n % 10)) for n in range(10)]))
    mean = sum(race.counts) / len(race.counts)
    assert min(race.counts) > mean / 5, sorted(race.counts)


class Race:
    """Connections that each keep eight requests in flight until all of them together got their answers."""

    def __init__(self, *, connections: int, answers: int) -> None:
        self.counts = [0] * connections
        self._left = answers
        self._done = asyncio.Event()

    async def run(self, bootstrap: str, requests: list[bytes]) -> None:
        """Send; requests are shared out over the connections."""
        runners = [
            asyncio.create_task(self._flood(bootstrap, requests[place % len(requests)], place))
            for place in range(len(self.counts))
        ]
        try:
            await asyncio.wait_for(self._done.wait(), 60)
        finally:
            for runner in runners:
                runner.cancel()
            results = await asyncio.gather(*runners, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results), results

    async def _flood(self, bootstrap: str, request: bytes, place: int) -> None:
        host, port = bootstrap.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            writer.write(request * 8)
            while True:
                size = struct.unpack(">i", await reader.readexactly(4))[0]
                await reader.readexactly(size)
                self._count(place)
                writer.write(request)
        finally:
            writer.transport.abort()

    def _count(self, place: int) -> None:
        self.counts[place] += 1
        self._left -= 1
        if self._left <= 0:
            self._done.set()


def _produce(topic: str, value: bytes, partition: int = 0) -> object:
    return produce_request({(topic, partition): build_batch([value])})


def _first_success(connection: Connection, topic: str) -> bool:
    return any(connection.produce(topic, 0, build_batch([b"first"])).error_code == 0 for _ in range(20))
