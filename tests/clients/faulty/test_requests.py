"""What the store is asked for, counted at its door: each request is money."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from confluent_kafka import Consumer, Producer

from clients.faulty.place import Place
from clients.seeds import unique
from clients.served import ServedBroker
from clients.topics import create_topic
from clients.waiting import Deadline, monotonic, wait_until

GROUPS = 10
PARTITIONS = 3
SEGMENTS = 12
RECORDS = 30
"""Of each segment."""
QUIET_SECONDS = 1.0
READS = ("get", "get_range", "head")

UNHEDGED: Mapping[str, Mapping[str, object]] = {
    "store_requests": {"hedge_share_max": 0.0},
    "produce": {"put_rate_per_second": 50},
}


def _write_segments(broker: ServedBroker, topic: str) -> None:
    """Write so many segments, each when the one before it is acknowledged."""
    producer = Producer({"bootstrap.servers": broker.bootstrap, "enable.idempotence": True, "linger.ms": 20})
    for number in range(SEGMENTS):
        for record in range(RECORDS):
            producer.produce(topic, f"{number}:{record}", partition=record % PARTITIONS)
        assert producer.flush(20) == 0


class GroupReader:
    """A consumer group of one member that reads a topic from its start."""

    def __init__(self, broker: ServedBroker, topic: str) -> None:
        self._consumer = Consumer(
            {
                "bootstrap.servers": broker.bootstrap,
                "group.id": unique("group"),
                "auto.offset.reset": "earliest",
            }
        )
        self._consumer.subscribe([topic])

    def join(self) -> None:
        """Wait until it has its partitions."""
        deadline = Deadline(20, "an assignment")
        while not self._consumer.assignment():
            assert self._consumer.poll(min(0.1, deadline.left)) is None

    def read(self, count: int) -> None:
        """Wait for so many records."""
        deadline = Deadline(30, f"{count} records")
        while count > 0:
            count -= len(self._consumer.consume(count, min(1.0, deadline.left)))

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()


def _read_in_groups(broker: ServedBroker, topic: str) -> None:
    readers = [GroupReader(broker, topic) for _ in range(GROUPS)]
    with ThreadPoolExecutor(GROUPS) as pool:
        list(pool.map(lambda reader: reader.read(SEGMENTS * RECORDS), readers))
        list(pool.map(GroupReader.close, readers))


def test_a_segment_costs_one_put_and_the_tail_costs_nothing(place: Place) -> None:
    broker = place.serve(UNHEDGED)
    topic = create_topic(broker.bootstrap, "counted", partitions=PARTITIONS)
    readers = [GroupReader(broker, topic) for _ in range(GROUPS)]
    with ThreadPoolExecutor(GROUPS) as pool:
        list(pool.map(GroupReader.join, readers))
        since = len(place.proxy.ledger)
        _write_segments(broker, topic)
        list(pool.map(lambda reader: reader.read(SEGMENTS * RECORDS), readers))
        list(pool.map(GroupReader.close, readers))
    keys = place.proxy.ledger.keys("put", since=since)
    assert set(keys) == place.keys()
    assert SEGMENTS <= len(keys) <= SEGMENTS * PARTITIONS
    assert set(keys.values()) == {1}
    assert place.proxy.ledger.kinds(since) == {"put": len(keys)}


def test_a_restarted_broker_gets_each_segment_once_for_ten_groups(place: Place) -> None:
    broker = place.serve(UNHEDGED)
    topic = create_topic(broker.bootstrap, "counted", partitions=PARTITIONS)
    _write_segments(broker, topic)
    assert broker.stop() == 0
    place.start(broker)
    since = len(place.proxy.ledger)
    _read_in_groups(broker, topic)
    keys = place.proxy.ledger.keys(*READS, since=since)
    assert set(keys) == place.keys()
    assert set(keys.values()) == {1}
    assert place.proxy.ledger.kinds(since).keys() <= set(READS)


def test_a_quiet_broker_asks_for_nothing(place: Place) -> None:
    """With a topic, objects, and a consumer that waits at its end."""
    broker = place.serve(UNHEDGED)
    topic = create_topic(broker.bootstrap, "quiet", partitions=PARTITIONS)
    _write_segments(broker, topic)
    reader = GroupReader(broker, topic)
    reader.read(SEGMENTS * RECORDS)
    since, began = len(place.proxy.ledger), monotonic()
    wait_until(lambda: monotonic() - began >= QUIET_SECONDS, "some quiet time")
    assert place.proxy.ledger.kinds(since) == {}
    reader.close()
