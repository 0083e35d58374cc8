"""Tables into a topic."""

from __future__ import annotations

import ssl as tls
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import pyarrow as pa

from skylog import records
from skylog.bulk.blocks import Block, Columns, blocks, row_count
from skylog.bulk.cluster import Cluster
from skylog.bulk.delivery import REQUEST_BYTES, Delivery
from skylog.bulk.outbox import Outbox, Written
from skylog.bulk.partitioning import Partitioner, Partitions, Turns
from skylog.bulk.producer import Producer
from skylog.bulk.progress import Progress, reporting
from skylog.bulk.thread import LoopThread
from skylog.bulk.window import REMEMBERED_BATCHES
from skylog.clock import SystemClock, SystemEntropy

MIB: Final = 1024 * 1024

Compression: TypeAlias = Literal["none", "gzip", "snappy", "lz4", "zstd"]

BATCH_BYTES_MAX: Final = 1_048_588
"""What a topic takes as Kafka comes (max.message.bytes)."""

OPEN_BYTES: Final = 64 * MIB
"""What all batches that are being filled take together, unless `max_batch_bytes` is given."""

_BATCH_BYTES_MIN: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class Produced:
    """What `produce` did.

    Attributes
    ----------
    records, bytes : int
        Records acknowledged, and the size of their batches.
    partitions : dict of int to Written
        Records, first and last offset of each partition that got any.
    seconds : float
    requests, retries : int
        Produce requests sent, and batches that had to be sent again.
    """

    records: int
    bytes: int
    partitions: dict[int, Written]
    seconds: float
    requests: int
    retries: int


def produce(
    bootstrap: str | Sequence[str],
    topic: str,
    table: object,
    *,
    value: str | None = "value",
    key: str | None = "key",
    timestamp: str | None = None,
    headers: str | None = None,
    partition: str | int | None = None,
    compression: Compression | None = None,
    level: int | None = None,
    max_batch_bytes: int | None = None,
    request_bytes: int = REQUEST_BYTES,
    buffer_bytes: int = 64 * MIB,
    idempotence: bool = True,
    acks: int = -1,
    in_flight: int = REMEMBERED_BATCHES,
    timeout_s: float = 120.0,
    ssl: tls.SSLContext | None = None,
    client_id: str = "skylog-bulk",
    progress: Progress = None,
) -> Produced:
    """Write the rows of a table as records of a topic, on any Kafka broker; return when all are acknowledged.

    Rows of one partition keep their order. With idempotence each row is written exactly once, through broken
    connections, lost answers and changes of leaders. Without an exception all rows are written; with one,
    what was acknowledged before it is written, and what was on its way may be.

    Memory stays within `buffer_bytes`, the batches that are being filled and one block of the input, however
    long an iterable is.

    Parameters
    ----------
    bootstrap : str or sequence of str
        ``HOST:PORT``, several with commas between.
    topic : str
        Created if it is missing and the cluster is configured to do so.
    table
        Whatever has Arrow's stream or array interface (pyarrow Table, RecordBatch and RecordBatchReader,
        polars, pandas, duckdb…), or an iterable of such.
    value, key, timestamp, headers : str or None
        Columns, of the types that `skylog.records.encode` takes. None: records without value or key, written
        at the time of the call, without headers.
    partition : str, int or None
        A column of partition numbers, or one for all. None: as Java's producer does it, by murmur2 of the
        key; rows without a key go to the partitions in turn, a batch to each.
    compression, level
        As in `skylog.records.encode`: None, "gzip", "snappy", "lz4" or "zstd".
    max_batch_bytes : int, optional
        Size of a batch at most; the topic's max.message.bytes must allow it. By default 1,048,588, less where
        a topic has more than 64 partitions.
    request_bytes : int
        Batches sent in one request.
    buffer_bytes : int
        Encoded bytes that may wait for their acknowledgement.
    idempotence : bool
        Without it a retry may write rows twice and, unless `in_flight` is 1, change their order.
    acks : int
        -1 (all replicas in sync), 1 (the leader) or 0 (nobody says); idempotence needs -1.
    in_flight : int
        Requests to one broker without an answer, at most 5 with idempotence.
    timeout_s : float
        How long a partition may go without an acknowledgement before it is an error.
    ssl : ssl.SSLContext, optional
        Speak TLS. There is no SASL: clusters that ask for it cannot be written to.
    client_id : str
        What brokers call the client.
    progress : bool or callable, optional
        True shows a bar; a callable gets (records, bytes).

    Raises
    ------
    ValueError, TypeError
        Arguments or columns that do not fit; a row that no batch can hold, by its number.
    skylog.errors.NotFound
        There is no such topic.
    skylog.wire.codes.KafkaError
        The broker refuses records for good; the message names topic, partition, records and what to do.
    skylog.errors.Unavailable
        Nobody could be reached, or no acknowledgement came in time.

    Examples
    --------
    >>> import pyarrow as pa
    >>> import skylog
    >>> from skylog import bulk
    >>> with skylog.Broker() as broker:
    ...     table = pa.table({"key": [b"a", b"b"], "value": [b"1", b"2"]})
    ...     produced = bulk.produce(broker.bootstrap_servers, "letters", table)
    >>> produced.records
    2
    """
    if buffer_bytes < 1:
        raise ValueError(f"buffer_bytes: expected at least 1, found {buffer_bytes}")
    columns = Columns(value, key, timestamp, headers, partition)
    delivery = Delivery(idempotence, acks, in_flight, request_bytes, timeout_s)
    cluster = Cluster(bootstrap, tls=ssl, client_id=client_id, timeout_s=timeout_s)
    with (
        LoopThread() as loop,
        loop.using(cluster),
        loop.using(Producer(cluster, topic, delivery)) as producer,
        reporting(progress, topic, row_count(table)) as report,
    ):
        encoding = Encoding(max_batch_bytes, compression, level)
        outbox = Outbox(loop, producer, buffer_bytes, report)
        return _Job(producer, outbox, columns, encoding).run(table)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How batches are made."""

    max_batch_bytes: int | None
    compression: Compression | None
    level: int | None

    def batch_bytes(self, partition_count: int) -> int:
        """Return the size of batches: less with many partitions, since one of each is being filled."""
        if self.max_batch_bytes is not None:
            return self.max_batch_bytes
        return max(_BATCH_BYTES_MIN, min(BATCH_BYTES_MAX, OPEN_BYTES // partition_count))

    def scatter(self, producer: Producer) -> records.Scatter:
        """Return what makes the batches of a producer."""
        return records.Scatter(
            producer.partition_count,
            max_batch_bytes=self.batch_bytes(producer.partition_count),
            compression=self.compression,
            level=self.level,
            producer_id=producer.producer_id,
            producer_epoch=producer.producer_epoch,
        )


class _Job:
    """One call of `produce`, on the thread of the caller."""

    def __init__(
        self,
        producer: Producer,
        outbox: Outbox,
        columns: Columns,
        encoding: Encoding,
    ) -> None:
        self._clock = SystemClock()
        self._start = self._clock.monotonic()
        self._columns = columns
        self._producer = producer
        self._outbox = outbox
        count = producer.partition_count
        first = int.from_bytes(SystemEntropy().random_bytes(4))
        self._partitioner = Partitioner(columns, count, Turns(count, encoding.batch_bytes(count), first))
        self._scatter = encoding.scatter(producer)

    def run(self, table: object) -> Produced:
        """Encode and send all rows; return when they are acknowledged."""
        for block in blocks(table, self._columns):
            self._outbox.put(self._encode(block))
        self._outbox.put(self._scatter.flush())
        self._outbox.finish()
        tally, producer = self._outbox.tally, self._producer
        seconds = self._clock.monotonic() - self._start
        partitions = dict(sorted(tally.partitions.items()))
        return Produced(tally.records, tally.bytes, partitions, seconds, producer.requests, producer.retries)

    def _encode(self, block: Block) -> list[records.Piece]:
        columns, values = self._columns, block.column(self._columns.value)
        partitions = _column(self._partitioner.choose(block))
        try:
            return self._scatter.write(
                pa.nulls(block.row_count) if values is None else values,
                keys=block.column(columns.key),
                timestamps=block.column(columns.timestamp),
                headers=block.column(columns.headers),
                partitions=partitions,
            )
        except ValueError as error:
            raise ValueError(f"table, rows counted from row {block.first_row} on: {error}") from error


def _column(partitions: Partitions) -> pa.Array:
    """Return an array as a column; `pyarrow.array` would look for pandas first, which takes half a second."""
    return pa.Array.from_buffers(pa.int32(), len(partitions), [None, pa.py_buffer(partitions)])
