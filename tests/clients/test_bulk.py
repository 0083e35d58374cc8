"""Tables into topics and back, beside foreign clients that read and write the same records."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from confluent_kafka import Producer, TopicPartition

from clients.batches import batch_heads
from clients.conftest import NewTopic
from clients.drivers import GroupDriver
from clients.drivers.base import CODECS, Record
from clients.raw import Connection
from clients.topics import admin_of
from skylog import bulk
from skylog.errors import NotFound, Unavailable
from skylog.wire.codes import ErrorCode, KafkaError

ROWS = 500

TABLE = pa.table(
    {
        "key": pa.array([None if n % 5 == 0 else b"key %d" % (n % 17) for n in range(ROWS)], pa.binary()),
        "value": pa.array(
            [None if n % 7 == 0 else b"value %d" % n * (n % 9) for n in range(ROWS)], pa.binary()
        ),
        "time": pa.array([1_700_000_000_000 + n for n in range(ROWS)], pa.timestamp("ms", "UTC")),
        "headers": pa.array(
            [[{"key": "a", "value": b"%d" % n}, {"key": "a", "value": None}][: n % 3] for n in range(ROWS)],
            pa.list_(pa.struct({"key": pa.string(), "value": pa.binary()})),
        ),
        "place": pa.array([n % 4 for n in range(ROWS)], pa.int64()),
    }
)


def _numbers(count: int, size: int = 100, **columns: Any) -> pa.Table:
    values = [b"%0*d" % (size, n) for n in range(count)]
    return pa.table({"value": pa.array(values, pa.binary()), **columns})


def _values(table: pa.Table) -> list[bytes | None]:
    values: list[bytes | None] = table.column("value").to_pylist()
    return values


def _by_partition(table: pa.Table) -> dict[int, list[bytes | None]]:
    found: dict[int, list[bytes | None]] = {}
    for partition, value in zip(table.column("partition").to_pylist(), _values(table), strict=True):
        found.setdefault(partition, []).append(value)
    return found


@pytest.mark.parametrize("codec", CODECS)
def test_what_is_written_is_read(codec: Any, bootstrap: str, new_topic: NewTopic) -> None:
    topic = new_topic("bulk", partitions=4)
    produced = bulk.produce(
        bootstrap, topic, TABLE, timestamp="time", headers="headers", partition="place", compression=codec
    )
    assert produced.records == ROWS
    assert {each: written.last_offset for each, written in produced.partitions.items()} == dict.fromkeys(
        range(4), ROWS // 4 - 1
    )
    fetched = bulk.fetch(bootstrap, topic)
    assert fetched.column("partition").to_pylist() == sorted(n % 4 for n in range(ROWS))
    assert fetched.column("offset").to_pylist() == list(range(ROWS // 4)) * 4
    expected = TABLE.take(pa.array([n for place in range(4) for n in range(place, ROWS, 4)]))
    for ours, theirs in (("key", "key"), ("value", "value"), ("time", "timestamp"), ("headers", "headers")):
        assert fetched.column(theirs).to_pylist() == expected.column(ours).to_pylist(), ours
    with Connection(bootstrap) as connection:
        heads = batch_heads(connection.fetch(topic, 0, 0))
    assert {CODECS[head.codec] for head in heads} == {codec}


@pytest.mark.parametrize("codec", CODECS)
def test_clients_read_what_is_written(
    library: GroupDriver, codec: Any, bootstrap: str, new_topic: NewTopic
) -> None:
    topic = new_topic("bulk")
    bulk.produce(bootstrap, topic, TABLE, timestamp="time", headers="headers", compression=codec)
    received = library.consume(bootstrap, topic, ROWS)
    assert [each.value for each in received] == TABLE.column("value").to_pylist()
    assert [each.key for each in received] == TABLE.column("key").to_pylist()
    assert [each.timestamp_ms for each in received] == [1_700_000_000_000 + n for n in range(ROWS)]
    assert [list(each.headers) for each in received] == [
        [(header["key"], header["value"]) for header in row] for row in TABLE.column("headers").to_pylist()
    ]


@pytest.mark.parametrize("codec", CODECS)
def test_what_clients_write_is_read(
    library: GroupDriver, codec: str, bootstrap: str, new_topic: NewTopic
) -> None:
    topic = new_topic("bulk")
    records = [Record(b"key %d" % n, b"value %d" % n, (("a", b"1"), ("a", b"2"))) for n in range(300)]
    library.produce(bootstrap, topic, records, codec=codec)
    fetched = bulk.fetch(bootstrap, topic, columns=["key", "value", "headers"])
    assert fetched.column("key").to_pylist() == [record.key for record in records]
    assert _values(fetched) == [record.value for record in records]
    assert fetched.column("headers")[0].as_py() == [{"key": "a", "value": b"1"}, {"key": "a", "value": b"2"}]


TABLES: dict[str, Callable[[pa.Table], Any]] = {
    "pyarrow": lambda table: table,
    "record batch": lambda table: table.combine_chunks().to_batches()[0],
    "reader": lambda table: table.to_reader(100),
    "polars": pl.from_arrow,
    "pandas": lambda table: table.to_pandas(types_mapper=pd.ArrowDtype),
    "duckdb": lambda table: duckdb.connect().from_arrow(table),
    "iterable": lambda table: (table.slice(start, 100) for start in range(0, table.num_rows, 100)),
    "iterable of kinds": lambda table: [table.slice(0, 1), pl.from_arrow(table.slice(1))],
}


@pytest.mark.parametrize("convert", TABLES.values(), ids=TABLES.keys())
def test_tables_of_any_kind(convert: Callable[[pa.Table], Any], bootstrap: str, new_topic: NewTopic) -> None:
    topic = new_topic("bulk")
    produced = bulk.produce(bootstrap, topic, convert(TABLE.select(["key", "value"])))
    assert produced.records == ROWS
    fetched = bulk.fetch(bootstrap, topic, columns=["key", "value"])
    assert fetched.to_pylist() == TABLE.select(["key", "value"]).to_pylist()


def test_keys_go_where_javas_producer_sends_them(bootstrap: str, new_topic: NewTopic) -> None:
    topic, theirs = new_topic("bulk", partitions=7), new_topic("theirs", partitions=7)
    keys = [b"key %d" % n for n in range(400)] + [b"", b"\x00", b"\xff" * 9]
    bulk.produce(bootstrap, topic, pa.table({"key": keys, "value": keys}))
    producer = Producer({"bootstrap.servers": bootstrap, "partitioner": "murmur2"})
    for key in keys:
        producer.produce(theirs, key, key)
    assert producer.flush(30) == 0
    assert _by_partition(bulk.fetch(bootstrap, topic)) == _by_partition(bulk.fetch(bootstrap, theirs))


def test_rows_without_a_key_go_to_all_partitions_in_full_batches(bootstrap: str, new_topic: NewTopic) -> None:
    topic = new_topic("bulk", partitions=5)
    table = _numbers(10_000)
    produced = bulk.produce(bootstrap, topic, table, key=None, max_batch_bytes=20_000)
    counts = [written.record_count for written in produced.partitions.values()]
    assert len(counts) == 5
    assert max(counts) - min(counts) < 600
    with Connection(bootstrap) as connection:
        heads = batch_heads(connection.fetch(topic, 3, 0))
    assert sum(head.records < 100 for head in heads) <= 1
    assert sorted(value or b"" for value in _values(bulk.fetch(bootstrap, topic))) == _values(table)


def test_one_partition_for_all(bootstrap: str, new_topic: NewTopic) -> None:
    topic = new_topic("bulk", partitions=3)
    bulk.produce(bootstrap, topic, _numbers(50), key=None, partition=2)
    assert _by_partition(bulk.fetch(bootstrap, topic)).keys() == {2}


def test_parts_of_a_topic(bootstrap: str, new_topic: NewTopic) -> None:
    topic = new_topic("bulk", partitions=2)
    for offset in range(2):
        bulk.produce(bootstrap, topic, _numbers(100), key=None, partition=offset)

    def offsets(**arguments: Any) -> dict[int, tuple[int, int, int]]:
        table = bulk.fetch(bootstrap, topic, columns=["partition", "offset"], **arguments)
        return {
            each: (min(found), max(found), len(found))
            for each in (0, 1)
            if (found := [row["offset"] for row in table.to_pylist() if row["partition"] == each])
        }

    everything = {0: (0, 99, 100), 1: (0, 99, 100)}
    assert offsets() == everything
    assert offsets(start=0, stop=10**12) == everything
    assert offsets(start=10, stop=20) == {0: (10, 19, 10), 1: (10, 19, 10)}
    assert offsets(start={0: 10}, stop={1: 20}) == {0: (10, 99, 90), 1: (0, 19, 20)}
    assert offsets(start=np.int64(99), partitions=[1]) == {1: (99, 99, 1)}
    assert offsets(start="latest") == {}
    assert offsets(start=100) == {}
    assert offsets(start=30, stop=30) == {}


def test_moments_in_time(bootstrap: str, new_topic: NewTopic) -> None:
    topic = new_topic("bulk")
    start = datetime(2024, 5, 1, tzinfo=UTC)
    times = pa.array([int(start.timestamp() * 1000) + 1000 * n for n in range(100)], pa.int64())
    # One batch a record, since a broker may answer with the first record of a batch.
    table = _numbers(100, time=times)
    bulk.produce(bootstrap, topic, table, key=None, timestamp="time", max_batch_bytes=200)
    fetched = bulk.fetch(
        bootstrap,
        topic,
        start=datetime(2024, 5, 1, 0, 0, 10, tzinfo=UTC),
        stop=np.datetime64("2024-05-01T00:00:20"),
    )
    assert fetched.column("offset").to_pylist() == list(range(10, 20))
    assert bulk.fetch(bootstrap, topic, start=datetime(2030, 1, 1, tzinfo=UTC)).num_rows == 0


def test_columns_are_those_asked_for(bootstrap: str, new_topic: NewTopic) -> None:
    topic = new_topic("bulk")
    bulk.produce(bootstrap, topic, _numbers(3), key=None)
    assert bulk.fetch(bootstrap, topic, columns=["value", "offset"]).schema.names == ["value", "offset"]
    empty = bulk.fetch(bootstrap, topic, start="latest")
    assert (empty.num_rows, empty.schema.names) == (0, list(bulk.COLUMNS))
    assert empty.schema == bulk.fetch(bootstrap, topic).schema


def test_pieces_come_while_reading_goes_on(bootstrap: str, new_topic: NewTopic) -> None:
    topic = new_topic("bulk", partitions=3)
    bulk.produce(bootstrap, topic, _numbers(30_000), key=None, max_batch_bytes=10_000)
    pieces = list(bulk.iter_fetch(bootstrap, topic, response_bytes=50_000))
    assert len(pieces) > 30
    assert all(isinstance(piece, pa.RecordBatch) and piece.num_rows for piece in pieces)
    table = pa.Table.from_batches(pieces)
    for partition, values in _by_partition(table).items():
        assert values == sorted(value or b"" for value in values), partition
    assert sorted(value or b"" for value in _values(table)) == _values(_numbers(30_000))


def test_leaving_a_loop_early_ends_everything(bootstrap: str, new_topic: NewTopic) -> None:
    topic = new_topic("bulk")
    bulk.produce(bootstrap, topic, _numbers(5000), key=None, max_batch_bytes=10_000)
    for piece in bulk.iter_fetch(bootstrap, topic, response_bytes=20_000):
        assert piece.num_rows
        break
    gc.collect()
    assert "skylog-bulk" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize(
    ("left", "status"),
    [("next(pieces)", 0), ("for _ in pieces: raise SystemExit(3)", 3), ("os.fork() or pieces.close()", 0)],
)
def test_an_iterator_that_nobody_closed_does_not_keep_python_from_its_end(
    left: str, status: int, bootstrap: str, new_topic: NewTopic
) -> None:
    topic = new_topic("bulk")
    bulk.produce(bootstrap, topic, _numbers(5000), key=None, max_batch_bytes=10_000)
    script = f"""
import os, sys
from skylog import bulk
pieces = bulk.iter_fetch(sys.argv[1], sys.argv[2], response_bytes=20_000)
next(pieces)
{left}
"""
    ended = subprocess.run([sys.executable, "-c", script, bootstrap, topic], timeout=30, check=False)
    assert ended.returncode == status


async def test_it_runs_where_a_loop_runs_already(bootstrap: str, new_topic: NewTopic) -> None:
    topic = new_topic("bulk")
    bulk.produce(bootstrap, topic, _numbers(10), key=None)
    assert bulk.fetch(bootstrap, topic).num_rows == 10


def test_progress_is_told(bootstrap: str, new_topic: NewTopic, capsys: pytest.CaptureFixture[str]) -> None:
    topic = new_topic("bulk")
    told: list[tuple[int, int]] = []
    produced = bulk.produce(
        bootstrap, topic, _numbers(1000), key=None, progress=lambda *done: told.append(done)
    )
    assert told[-1] == (1000, produced.bytes)
    bulk.fetch(bootstrap, topic, progress=lambda *done: told.append(done))
    assert told[-1][0] == 1000
    assert told[-1][1] >= produced.bytes
    assert capsys.readouterr().out == ""
    bulk.fetch(bootstrap, topic, progress=True)
    assert "1,000 records" in capsys.readouterr().out


def test_without_idempotence_batches_have_no_identity(bootstrap: str, new_topic: NewTopic) -> None:
    topic = new_topic("bulk")
    for acks in (1, -1):
        bulk.produce(bootstrap, topic, _numbers(10), key=None, idempotence=False, acks=acks)
    with Connection(bootstrap) as connection:
        heads = batch_heads(connection.fetch(topic, 0, 0))
    assert [head.producer_id for head in heads] == [-1, -1]


def test_without_acknowledgements_all_is_sent_before_the_end(bootstrap: str, new_topic: NewTopic) -> None:
    topic = new_topic("bulk")
    table = _numbers(20_000, 1000)
    produced = bulk.produce(bootstrap, topic, table, key=None, idempotence=False, acks=0)
    assert produced.records == 20_000
    assert produced.partitions[0].last_offset == -1
    bulk.produce(bootstrap, topic, _numbers(1), key=None)  # waits until all before it is written
    assert bulk.fetch(bootstrap, topic, columns=["offset"]).num_rows >= 20_000


def test_an_iterable_is_not_read_ahead(bootstrap: str, new_topic: NewTopic) -> None:
    topic = new_topic("bulk")
    done, ahead = [0, 0], 0

    def tables() -> Iterator[pa.Table]:
        nonlocal ahead
        for number in range(100):
            ahead = max(ahead, number * 1000 - done[0])
            yield _numbers(1000, 1000)

    def note(*now: int) -> None:
        done[:] = now

    bulk.produce(
        bootstrap, topic, tables(), key=None, buffer_bytes=4_000_000, max_batch_bytes=500_000, progress=note
    )
    assert done[0] == 100_000
    assert ahead <= 8000


def test_batches_that_a_topic_does_not_take(bootstrap: str, new_topic: NewTopic) -> None:
    topic = new_topic("small", configs={"max.message.bytes": "1000"})
    with pytest.raises(
        KafkaError, match=r"partition 0: \d+ records .*MESSAGE_TOO_LARGE.*lower max_batch_bytes"
    ) as e:
        bulk.produce(bootstrap, topic, _numbers(100), key=None)
    assert e.value.code is ErrorCode.MESSAGE_TOO_LARGE
    assert bulk.produce(bootstrap, topic, _numbers(100), key=None, max_batch_bytes=1000).records == 100


def test_offsets_that_are_gone(bootstrap: str, new_topic: NewTopic) -> None:
    topic = new_topic("bulk")
    bulk.produce(bootstrap, topic, _numbers(100), key=None, max_batch_bytes=200)
    admin, end = admin_of(bootstrap), TopicPartition(topic, 0, 50)
    admin.delete_records([end])[end].result(20)
    with pytest.raises(KafkaError, match=r"partition 0 offsets 0 to 99.*OFFSET_OUT_OF_RANGE.*'earliest'"):
        bulk.fetch(bootstrap, topic, start=0)
    assert bulk.fetch(bootstrap, topic).column("offset")[0].as_py() == 50


def test_topics_and_partitions_that_there_are_not(bootstrap: str, new_topic: NewTopic) -> None:
    with pytest.raises(NotFound, match="topic 'nowhere'"):
        bulk.fetch(bootstrap, "nowhere")
    topic = new_topic("bulk", partitions=2)
    for arguments in ({"partitions": [2]}, {"start": {5: 0}}):
        with pytest.raises(ValueError, match="it has 2 partitions"):
            bulk.fetch(bootstrap, topic, **arguments)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expected 0 to 1"):
        bulk.produce(bootstrap, topic, _numbers(1), key=None, partition=2)
    wrong = _numbers(3, place=pa.array([0, 1, 2]))
    with pytest.raises(ValueError, match="row 2: expected 0 to 1, found 2"):
        bulk.produce(bootstrap, topic, wrong, key=None, partition="place")


def test_tables_that_do_not_fit(bootstrap: str, new_topic: NewTopic) -> None:
    topic = new_topic("bulk")
    with pytest.raises(ValueError, match=r"key='key': the table has no such column.*key=None"):
        bulk.produce(bootstrap, topic, _numbers(1))
    for wrong in ([b"values"], "text", {"value": [b"x"]}, 5):
        with pytest.raises(TypeError, match="Arrow interface"):
            bulk.produce(bootstrap, topic, wrong)
    large = pa.table({"value": [b"x", b"x" * 5000]})
    with pytest.raises(ValueError, match="row 1"):
        bulk.produce(bootstrap, topic, large, key=None, max_batch_bytes=2000)


@pytest.mark.parametrize("columns", [["nothing"], ["topic_id"]])
def test_columns_that_there_are_not(columns: list[str], bootstrap: str) -> None:
    with pytest.raises(ValueError, match=columns[0]):
        bulk.iter_fetch(bootstrap, "any", columns=columns)


def test_nobody_there() -> None:
    with pytest.raises(Unavailable, match=r"no broker answers: 127\.0\.0\.1:1: "):
        bulk.produce("127.0.0.1:1", "any", _numbers(1), key=None, timeout_s=1)
