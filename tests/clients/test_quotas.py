"""Quotas on the wire and on real clients.

What is asked over the shared broker holds for Apache Kafka too (SKYLOG_TEST_BOOTSTRAP).
"""

from __future__ import annotations

import socket
from threading import Thread

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from kafka.protocol.admin import CreateTopicsRequest

from clients.batches import build_batch
from clients.conftest import NewTopic, Serve
from clients.drivers import GROUP_DRIVERS
from clients.drivers.base import Record
from clients.quotas import (
    DEFAULT,
    EXACT,
    SPECIFIED,
    alter_request,
    describe_request,
    limited,
    set_quotas,
    shown,
)
from clients.raw import ClosedError, Connection, fetch_request, produce_request
from clients.seeds import unique
from clients.topics import create_topic
from clients.waiting import monotonic, wait_until

MIB = 1 << 20
SECONDS = 4.5
"""How long the real clients are at it."""
OK, UNSUPPORTED_VERSION, INVALID_REQUEST, THROTTLED = 0, 35, 42, 89
RATE = {"producer_byte_rate": 1000.0}
ONE_SECOND = {"window_num": 2}
"""Windows in which somebody quiet may take one second's worth at once."""

ALTERATIONS = {
    "a user": ({"user": "u"}, RATE, OK),
    "a user and a client": ({"user": "u", "client-id": "c"}, RATE, OK),
    "defaults": ({"user": None, "client-id": None}, RATE, OK),
    "an address": ({"ip": "192.0.2.1"}, {"connection_creation_rate": 5.0}, OK),
    "every address": ({"ip": None}, {"connection_creation_rate": 5000.0}, OK),
    "half a percent": ({"user": "u"}, {"request_percentage": 0.5}, OK),
    "nearly an integer": ({"user": "u"}, {"producer_byte_rate": 1000.0000001}, OK),
    "a key that does not exist, removed": ({"user": "u"}, {"nope": None}, OK),
    "nothing": ({"user": "u"}, {}, OK),
    "nobody": ({}, RATE, INVALID_REQUEST),
    "an empty user": ({"user": ""}, RATE, INVALID_REQUEST),
    "an empty client": ({"client-id": ""}, RATE, INVALID_REQUEST),
    "an unknown type": ({"group": "g"}, RATE, INVALID_REQUEST),
    "an address and a user": ({"ip": None, "user": "u"}, {"connection_creation_rate": 5.0}, INVALID_REQUEST),
    "no address": ({"ip": "1.2.3.400x!"}, {"connection_creation_rate": 5.0}, INVALID_REQUEST),
    "an unknown key": ({"user": "u"}, {"nope": 1.0}, INVALID_REQUEST),
    "a key of addresses": ({"user": "u"}, {"connection_creation_rate": 5.0}, INVALID_REQUEST),
    "a key of clients": ({"ip": None}, RATE, INVALID_REQUEST),
    "0": ({"user": "u"}, {"producer_byte_rate": 0.0}, INVALID_REQUEST),
    "-1": ({"user": "u"}, {"request_percentage": -1.0}, INVALID_REQUEST),
    "half a byte": ({"user": "u"}, {"producer_byte_rate": 1.5}, INVALID_REQUEST),
    "half a connection": ({"ip": None}, {"connection_creation_rate": 0.5}, INVALID_REQUEST),
    "beyond 64 bits": ({"user": "u"}, {"consumer_byte_rate": 9.3e18}, INVALID_REQUEST),
    "beyond 32 bits": ({"ip": None}, {"connection_creation_rate": 3e9}, INVALID_REQUEST),
}

FILTERS = {
    "an empty type": ([("", SPECIFIED, None)], INVALID_REQUEST),
    "an unknown type": ([("group", 9, None)], UNSUPPORTED_VERSION),
    "a type twice": ([("user", SPECIFIED, None), ("user", EXACT, "u")], INVALID_REQUEST),
    "an unknown match": ([("user", 3, None)], INVALID_REQUEST),
    "a name that is missing": ([("user", EXACT, None)], INVALID_REQUEST),
    "a default with a name": ([("user", DEFAULT, "u")], INVALID_REQUEST),
    "any with a name": ([("user", SPECIFIED, "")], INVALID_REQUEST),
    "an address and a client": ([("ip", DEFAULT, None), ("client-id", DEFAULT, None)], INVALID_REQUEST),
}


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize(("names", "quotas", "code"), ALTERATIONS.values(), ids=ALTERATIONS)
def test_what_is_set_gets_kafkas_codes(
    bootstrap: str, names: dict[str, str | None], quotas: dict[str, float | None], code: int, version: int
) -> None:
    with Connection(bootstrap) as connection:
        request = alter_request([(names, quotas)], version=version, validate_only=True)
        (row,) = connection.ask(request).entries
        assert row.error_code == code, row
        assert {part.entity_type: part.entity_name for part in row.entity} == names
        assert (row.error_message is None) == (code == OK)


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize(("components", "code"), FILTERS.values(), ids=FILTERS)
def test_filters_get_kafkas_codes(
    bootstrap: str, components: list[tuple[str, int, str | None]], code: int, version: int
) -> None:
    with Connection(bootstrap) as connection:
        answer = connection.ask(describe_request(components, version=version))
        assert (answer.error_code, answer.entries) == (code, None)
        assert answer.error_message


@pytest.mark.parametrize("version", [0, 1])
def test_filters_choose_what_is_set(bootstrap: str, version: int) -> None:
    user, client = unique("ü/<default> "), unique("app")
    only, both = {"user": user}, {"user": user, "client-id": client}

    def found(*components: tuple[str, int, str | None], strict: bool = False) -> set[frozenset[object]]:
        with Connection(bootstrap) as connection:
            answer = connection.ask(describe_request(list(components), version=version, strict=strict))
            return {entity for entity in shown(answer) if ("user", user) in entity}

    with limited(bootstrap, only, **RATE), limited(bootstrap, both, request_percentage=12.5):
        alone, together = frozenset(only.items()), frozenset(both.items())
        assert found() == {alone, together}
        assert found(strict=True) == set()
        assert found(("user", EXACT, user)) == {alone, together}
        assert found(("user", EXACT, user), strict=True) == {alone}
        assert found(("user", DEFAULT, None)) == set()
        assert found(("user", SPECIFIED, None), strict=True) == {alone}
        assert found(("client-id", EXACT, client)) == {together}
        assert found(("user", SPECIFIED, None), ("client-id", SPECIFIED, None), strict=True) == {together}
    assert found() == set()


def test_a_producer_over_its_rate_is_told_kafkas_throttle(bootstrap: str, new_topic: NewTopic) -> None:
    topic, batch = new_topic("quota"), build_batch([bytes(50_000)])
    with limited(bootstrap, {"client-id": "raw"}, producer_byte_rate=1000.0):
        for version in (3, 9, 12):
            with Connection(bootstrap) as connection:
                answer = connection.ask(produce_request({(topic, 0): batch}, version=version))
                assert answer.responses[0].partition_responses[0].error_code == OK
                owed = {3: 50_000, 9: 100_000, 12: 150_000}[version] / 1000 - 10
                assert answer.throttle_time_ms == pytest.approx(owed * 1000, abs=1500)


def test_a_muted_connection_is_heard_again_and_others_are_heard_meanwhile(
    bootstrap: str, new_topic: NewTopic
) -> None:
    topic, batch = new_topic("quota"), build_batch([bytes(100_000)])
    with (
        limited(bootstrap, {"client-id": "raw"}, producer_byte_rate=100_000.0),
        Connection(bootstrap) as muted,
        Connection(bootstrap) as other,
    ):
        began = monotonic()
        while not (throttle_ms := muted.ask(produce_request({(topic, 0): batch})).throttle_time_ms):
            began = monotonic()
        assert monotonic() - began < throttle_ms / 1000, "the answer came at once"
        muted.send(fetch_request(topic, 0, 0))
        assert other.fetch(topic, 0, 0)
        assert monotonic() - began < throttle_ms / 1000
        muted.receive()
        assert monotonic() - began >= throttle_ms / 1000 - 0.05


def test_a_consumer_over_its_rate_gets_an_empty_answer(bootstrap: str, new_topic: NewTopic) -> None:
    topic = new_topic("quota")
    with Connection(bootstrap) as connection:
        for _ in range(40):
            connection.produce(topic, 0, build_batch([bytes(1000)]))
    with limited(bootstrap, {"client-id": "raw"}, consumer_byte_rate=1000.0):
        answers = []
        for _ in range(40):
            with Connection(bootstrap) as connection:
                answers.append(connection.ask(fetch_request(topic, 0, 0, max_bytes=4000)))
        given = [answer for answer in answers if not answer.throttle_time_ms]
        assert 2 <= len(given) <= 5
        assert all(
            not answer.responses and not answer.error_code for answer in answers if answer.throttle_time_ms
        )


def test_changes_of_topics_beyond_the_rate_are_refused(bootstrap: str) -> None:
    def create(version: int, partitions: int) -> tuple[int, int]:
        kind = CreateTopicsRequest.CreatableTopic
        wish = kind(
            name=unique("m"), num_partitions=partitions, replication_factor=1, assignments=[], configs=[]
        )
        with Connection(bootstrap) as connection:
            answer = connection.ask(
                CreateTopicsRequest[version](topics=[wish], timeout_ms=10_000, validate_only=True)
            )
            return answer.topics[0].error_code, answer.throttle_time_ms

    with limited(bootstrap, {"client-id": "raw"}, controller_mutation_rate=1.0):
        assert create(7, 10) == (OK, 0)
        assert create(7, 10) == (OK, 0)
        code, throttle_ms = create(7, 1)
        assert (code, throttle_ms) == (THROTTLED, pytest.approx(9000, abs=1500))
        code, throttle_ms = create(5, 1)
        assert (code, throttle_ms) == (OK, pytest.approx(10_000, abs=1500))


def test_connections_beyond_the_rate_of_their_address_are_closed(serve: Serve) -> None:
    broker = serve("--memory", quotas=ONE_SECOND)
    host, port = broker.bootstrap.split(":")
    with Connection(broker.bootstrap) as before:
        before.ask(alter_request([({"ip": "127.0.0.1"}, {"connection_creation_rate": 3.0})]))
        opened = [socket.create_connection((host, int(port)), timeout=10) for _ in range(6)]
        assert [connection.recv(1) for connection in opened[3:]] == [b""] * 3
        wait_until(lambda: _is_served(broker.bootstrap), "a connection once the windows are over")
        assert before.ask(describe_request([])).error_code == OK, "those that are there stay"
        for connection in opened:
            connection.close()


def _is_served(bootstrap: str) -> bool:
    try:
        with Connection(bootstrap) as connection:
            return connection.ask(describe_request([])).error_code == OK
    except (OSError, ClosedError):
        return False


def test_quotas_outlive_the_broker_and_hold_at_once_after_its_start(serve: Serve) -> None:
    broker = serve()
    topic = create_topic(broker.bootstrap, "quota")
    set_quotas(broker.bootstrap, {"user": "ANONYMOUS", "client-id": None}, producer_byte_rate=1000.0)
    broker.kill()
    broker.start()
    with Connection(broker.bootstrap) as connection:
        answer = connection.ask(produce_request({(topic, 0): build_batch([bytes(50_000)])}))
        assert answer.throttle_time_ms == pytest.approx(40_000, abs=1500)


def test_a_real_producer_and_a_real_consumer_get_their_rates_and_others_are_not_disturbed(
    serve: Serve,
) -> None:
    """1 MiB a second each, at the same time."""
    broker = serve("--memory", quotas=ONE_SECOND)
    written, read = (create_topic(broker.bootstrap, name) for name in ("written", "read"))
    other = GROUP_DRIVERS["confluent"]
    other.produce(broker.bootstrap, read, [Record(None, bytes(30_000))] * 400)
    set_quotas(
        broker.bootstrap,
        {"client-id": "limited"},
        producer_byte_rate=float(MIB),
        consumer_byte_rate=float(MIB),
    )
    counts = {"produced": 0, "consumed": 0}
    end = monotonic() + SECONDS
    threads = [
        Thread(target=work, args=(broker.bootstrap, topic, end, counts))
        for work, topic in ((_produce, written), (_consume, read))
    ]
    for thread in threads:
        thread.start()
    other.produce(broker.bootstrap, written, [Record(None, bytes(30_000))] * 400)
    assert monotonic() < end, "12 MB of another client while the limited ones are at it"
    for thread in threads:
        thread.join()
    for what, count in counts.items():
        at_once, by_rate = MIB, SECONDS * MIB
        assert 0.8 * by_rate <= count <= 1.2 * by_rate + at_once, (what, count)


def _produce(bootstrap: str, topic: str, end: float, counts: dict[str, int]) -> None:
    producer = Producer(
        {"bootstrap.servers": bootstrap, "client.id": "limited", "batch.size": 65536, "linger.ms": 5}
    )

    def count(error: object, message: object) -> None:
        counts["produced"] += 0 if error or monotonic() > end else 30_000

    for _ in range(400):
        producer.produce(topic, bytes(30_000), on_delivery=count)
    while monotonic() < end:
        producer.poll(0.05)
    producer.purge()
    producer.flush(0)


def _consume(bootstrap: str, topic: str, end: float, counts: dict[str, int]) -> None:
    settings: dict[str, str | int] = {
        "bootstrap.servers": bootstrap,
        "client.id": "limited",
        "group.id": unique("unused"),
    }
    consumer = Consumer(settings)
    consumer.assign([TopicPartition(topic, 0, 0)])
    while monotonic() < end:
        message = consumer.poll(0.05)
        counts["consumed"] += len(message.value()) if message is not None and not message.error() else 0
    consumer.close()
