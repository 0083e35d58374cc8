"""What is acknowledged outlives the broker, whether it was stopped or killed."""

from __future__ import annotations

from pathlib import Path

import pytest
from confluent_kafka import Producer

from clients.batches import build_batch
from clients.conftest import FOREIGN, Serve
from clients.drivers import DRIVERS, GROUP_DRIVERS, KCAT, KCAT_INSTALLED, GroupDriver
from clients.drivers.admins import ConfluentAdmin
from clients.drivers.base import Membership, Record
from clients.feed import feed
from clients.members import group
from clients.offsets import committed_offsets, end_offsets
from clients.raw import Connection
from clients.served import ServedBroker
from clients.topics import create_topic

PARTITIONS = 6


@pytest.fixture(params=["stop", "kill"])
def restart(request: pytest.FixtureRequest) -> object:
    """End a broker in one of two ways and start it again on the same port and data."""

    def restart(broker: ServedBroker) -> None:
        if request.param == "stop":
            assert broker.stop() == 0, broker.log()
        else:
            broker.kill()
        broker.start()

    return restart


def test_records_written_before_a_restart_are_read_after_it(serve: Serve, restart: object) -> None:
    broker = serve()
    written: dict[str, list[Record]] = {}
    for driver in DRIVERS.values():
        if driver is not KCAT or KCAT_INSTALLED:
            topic = create_topic(broker.bootstrap, driver.name, partitions=2)
            written[topic] = [Record(b"%d" % n, b"value %d" % n) for n in range(200)]
            driver.produce(broker.bootstrap, topic, written[topic], codec="lz4", partition=1)
    restart(broker)
    for topic, records in written.items():
        for reader in GROUP_DRIVERS.values():
            received = reader.consume(broker.bootstrap, topic, 200, partition=1)
            assert [(item.offset, item.key, item.value) for item in received] == [
                (n, record.key, record.value) for n, record in enumerate(records)
            ]


def test_topics_keep_identity_configs_and_offsets(serve: Serve, restart: object) -> None:
    broker = serve()
    topic = create_topic(broker.bootstrap, partitions=3, configs={"max.message.bytes": "7777"})
    gone = create_topic(broker.bootstrap)
    admin = ConfluentAdmin(broker.bootstrap)
    admin.delete(gone)
    with Connection(broker.bootstrap) as connection:
        assert connection.produce(topic, 2, build_batch([b"a", b"b"])).base_offset == 0
        identity = connection.topic_id(topic)
        producer = connection.new_producer()
    restart(broker)
    admin = ConfluentAdmin(broker.bootstrap)
    assert admin.describe(topic) == (identity, [0, 1, 2])
    assert admin.configs(topic)["max.message.bytes"] == "7777"
    assert gone not in admin.topics()
    with Connection(broker.bootstrap) as connection:
        assert connection.produce(topic, 2, build_batch([b"c"])).base_offset == 2
        assert connection.new_producer()[0] > producer[0]


def test_a_repeated_batch_is_still_known(serve: Serve, restart: object) -> None:
    broker = serve()
    topic = create_topic(broker.bootstrap)
    with Connection(broker.bootstrap) as connection:
        producer_id, epoch = connection.new_producer()
        batches = [
            build_batch([b"%d" % n], producer_id=producer_id, epoch=epoch, sequence=n) for n in range(3)
        ]
        assert [connection.produce(topic, 0, batch).base_offset for batch in batches] == [0, 1, 2]
    restart(broker)
    with Connection(broker.bootstrap) as connection:
        answers = [connection.produce(topic, 0, batch) for batch in batches]
        assert [(answer.error_code, answer.base_offset) for answer in answers] == [(0, 0), (0, 1), (0, 2)]
        assert connection.end_offset(topic, 0) == 3


def test_an_idempotent_producer_goes_on_across_restarts(serve: Serve, restart: object) -> None:
    broker = serve()
    topic = create_topic(broker.bootstrap)
    errors: list[object] = []
    producer = Producer({"bootstrap.servers": broker.bootstrap, "enable.idempotence": True, "linger.ms": 1})
    values = [b"%d" % n for n in range(900)]
    for part in (values[:300], values[300:600], values[600:]):
        for value in part:
            producer.produce(
                topic, value, on_delivery=lambda error, _: errors.append(error) if error else None
            )
        producer.poll(0)
        restart(broker)
    assert producer.flush(30) == 0
    assert errors == []
    received = GROUP_DRIVERS["confluent"].consume(broker.bootstrap, topic, 900)
    assert [item.value for item in received] == values
    assert end_offsets(broker.bootstrap, topic, 1) == [900]


def test_a_group_goes_on_where_it_was(library: GroupDriver, serve: Serve, restart: object) -> None:
    """Members live through the restart, committed offsets do too."""
    broker = serve()
    topic = create_topic(broker.bootstrap, partitions=PARTITIONS)
    membership = Membership(broker.bootstrap, "survivors", topic)
    with feed(broker.bootstrap, topic, PARTITIONS) as records, group(membership) as members:
        started = [members.join(library) for _ in range(2)]
        members.wait_for_shares(started, PARTITIONS)
        records.go_on()
        restart(broker)
        records.go_on()
        members.wait_for_values(records.stop())
        for member in started:
            member.leave()
        ends = end_offsets(broker.bootstrap, topic, PARTITIONS)
        assert committed_offsets(membership) == ends
        restart(broker)
        assert committed_offsets(membership) == ends


@pytest.mark.skipif(bool(FOREIGN), reason="embeds a broker")
def test_an_embedded_broker_finds_what_the_last_one_left(library: GroupDriver, tmp_path: Path) -> None:
    import skylog

    records = [Record(b"%d" % n, b"value") for n in range(50)]
    for _ in range(2):
        with skylog.Broker(data=tmp_path / "data") as broker:
            library.produce(broker.bootstrap_servers, "kept", records, codec="gzip")
    with skylog.Broker(data=tmp_path / "data") as broker:
        received = library.consume(broker.bootstrap_servers, "kept", 100)
    assert [item.key for item in received] == 2 * [record.key for record in records]
    assert [item.offset for item in received] == list(range(100))
