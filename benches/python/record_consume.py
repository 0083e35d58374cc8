"""What a client takes to read a topic: record by record with librdkafka, as columns with skylog.bulk."""

from __future__ import annotations

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from process import BrokerProcess
from record_data import MIB, Values, values_of
from record_measure import Figure, Work, interleaved
from skylog import bulk

RECORDS_AT_ONCE = 10_000


def run(record_sizes: tuple[int, ...], total_bytes: int, rounds: int) -> list[dict[str, object]]:
    """Measure the client's CPU time; the broker is a process of its own."""
    with BrokerProcess("--memory") as broker:
        return [
            {"record_bytes": size, "contender": name} | figure.row()
            for size in record_sizes
            for name, figure in _read(broker.bootstrap, size, total_bytes, rounds).items()
        ]


def _read(bootstrap: str, record_bytes: int, total_bytes: int, rounds: int) -> dict[str, Figure]:
    topic = f"records-{record_bytes}"
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(30)
    values = values_of(record_bytes, total_bytes)
    _fill(bootstrap, topic, values)
    passes = {
        "confluent-kafka, consume loop": lambda: _consume(bootstrap, topic, len(values)),
        "skylog.bulk.fetch": lambda: _fetch(bootstrap, topic, len(values)),
    }
    works = {name: Work(run, values.value_bytes, len(values)) for name, run in passes.items()}
    return interleaved(works, rounds, 0.1)


def _fill(bootstrap: str, topic: str, values: Values) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "batch.size": MIB, "linger.ms": 50})
    for value in values.list:
        while True:
            try:
                producer.produce(topic, value)
                break
            except BufferError:
                producer.poll(0.1)
    if producer.flush(60):
        raise SystemExit("not everything was produced")


def _consume(bootstrap: str, topic: str, count: int) -> None:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, 0, 0)])
    while count > 0:
        for message in consumer.consume(min(count, RECORDS_AT_ONCE), 10.0):
            message.error(), message.offset(), message.timestamp()
            message.key(), message.value(), message.headers()
            count -= 1
    consumer.close()


def _fetch(bootstrap: str, topic: str, count: int) -> None:
    table = bulk.fetch(bootstrap, topic)
    if table.num_rows != count:
        raise SystemExit(f"{table.num_rows} of {count} records were fetched")
