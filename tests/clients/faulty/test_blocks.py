"""Large objects, read in parts through a network that damages them, and one batch that is wrong for good."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random  # noqa: TID251 - seeded

import pyarrow as pa
import pytest
from confluent_kafka import Consumer, TopicPartition

from clients.faulty.place import IMPATIENT, PARTITIONS, Place, until
from clients.seeds import unique
from clients.served import ServedBroker
from clients.topics import create_topic
from faults import Fault, Rule
from skylog import bulk

KIB = 1 << 10
ROWS, VALUE_BYTES = 6_000, 2_000
READS = ("get", "get_range")
DOWNLOADS = (Fault.RESET_DOWNLOAD, Fault.TRUNCATE, Fault.CUT_SHORT, Fault.FLIP_DOWNLOAD, Fault.INTERNAL_ERROR)

LARGE: Mapping[str, Mapping[str, object]] = {
    **IMPATIENT,
    "produce": {
        "segment_bytes_target": 4096 * KIB,
        "put_rate_per_second": 3,
        "put_burst": 1,
        "linger_ms_max": 500,
    },
}


def _value(number: int) -> bytes:
    return Random(number).randbytes(VALUE_BYTES)


def _tables() -> Iterator[pa.Table]:
    for start in range(0, ROWS, 500):
        numbers = range(start, start + 500)
        place = pa.array([number % PARTITIONS for number in numbers], pa.int32())
        yield pa.table({"value": [_value(number) for number in numbers], "place": place})


def _write(broker: ServedBroker, topic: str) -> None:
    """Write 12 MB in batches of 100 KB, five of each partition under way at once: they share segments."""
    produced = bulk.produce(
        broker.bootstrap, topic, _tables(), key=None, partition="place", max_batch_bytes=100_000
    )
    assert produced.records == ROWS


@pytest.mark.parametrize(
    "disk", [pytest.param(False, id="memory", marks=pytest.mark.soak), pytest.param(True, id="disk")]
)
def test_parts_of_objects_are_damaged_on_their_way(place: Place, disk: bool) -> None:
    fetch = {"cache_bytes_max": 1024 * KIB, "cache_block_bytes": 256 * KIB, "tail_age_ms_max": 1}
    broker = place.serve({**LARGE, "fetch": fetch | ({"disk_cache_dir": place.scratch} if disk else {})})
    topic = create_topic(broker.bootstrap, "large", partitions=PARTITIONS)
    _write(broker, topic)
    since = len(place.proxy.ledger)
    place.proxy.use(*(Rule(fault=fault, kinds=READS, probability=0.06) for fault in DOWNLOADS))
    fetched = pa.Table.from_batches(list(bulk.iter_fetch(broker.bootstrap, topic, response_bytes=200_000)))
    for partition in range(PARTITIONS):
        rows = fetched.filter(pa.compute.equal(fetched.column("partition"), partition))
        expected = [_value(number) for number in range(partition, ROWS, PARTITIONS)]
        assert rows.column("value").to_pylist() == expected
    assert max(place.proxy.ledger.keys(*READS, since=since).values()) >= 5, "objects are read in parts"
    assert sum(place.proxy.ledger.faults(since).values()) >= 3


def _values(consumer: Consumer, found: list[list[tuple[int, bytes]]]) -> list[int]:
    """Take what has come; return how many records of each partition there are."""
    for message in consumer.consume(5_000, 0.1):
        assert not message.error(), message.error()
        found[message.partition() or 0].append((message.offset() or 0, message.value() or b""))
    return [len(records) for records in found]


@pytest.mark.parametrize(
    "block_bytes",
    [
        pytest.param(256 * KIB, id="in-parts"),
        pytest.param(16_384 * KIB, id="whole", marks=pytest.mark.soak),
    ],
)
def test_one_batch_that_is_wrong_stops_its_partition_and_no_other(place: Place, block_bytes: int) -> None:
    fetch = {"cache_bytes_max": 0, "cache_block_bytes": block_bytes}
    broker = place.serve({**LARGE, "fetch": fetch})
    topic = create_topic(broker.bootstrap, "large", partitions=PARTITIONS)
    _write(broker, topic)
    wrong = 3 * (ROWS // 6)  # of partition 0, in the middle
    objects = {key: place.read(key) for key in sorted(place.keys())}
    (key, good) = next((key, data) for key, data in objects.items() if _value(wrong) in data)
    position = good.index(_value(wrong)) + 7
    place.write(key, good[:position] + bytes([good[position] ^ 4]) + good[position + 1 :])
    consumer = Consumer(
        {"bootstrap.servers": broker.bootstrap, "group.id": unique("unused"), "enable.auto.commit": False}
    )
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
    found: list[list[tuple[int, bytes]]] = [[] for _ in range(PARTITIONS)]
    share = ROWS // PARTITIONS
    until(lambda: _values(consumer, found)[1:] == [share, share], "the other partitions, whole")
    until(lambda: _told(broker, key), "a line in the log with key and position")
    assert _values(consumer, found)[0] <= wrong // PARTITIONS
    place.write(key, good)
    until(lambda: _values(consumer, found) == [share] * PARTITIONS, "all, once it is mended")
    consumer.close()
    for partition, records in enumerate(found):
        assert records == [(n, _value(n * PARTITIONS + partition)) for n in range(share)]


def _told(broker: ServedBroker, key: str) -> bool:
    wanted = f"cannot read segment {key.removeprefix('log/')}"
    return any(wanted in line and "position" in line for line in broker.log().splitlines())
