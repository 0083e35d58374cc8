"""A topic as a table."""

from __future__ import annotations

import contextlib
import ssl as tls
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import pyarrow as pa

from skylog import records
from skylog.bulk.cluster import Cluster
from skylog.bulk.cursor import Fetched
from skylog.bulk.fetcher import Fetcher
from skylog.bulk.positions import Isolation, Positions, check_positions, resolve
from skylog.bulk.progress import Progress, reporting
from skylog.bulk.reading import Answer, Reading
from skylog.bulk.thread import LoopThread

COLUMNS: Final = ("partition", "offset", "timestamp", "key", "value", "headers")
"""What `fetch` returns unless it is told otherwise."""

MIB: Final = 1024 * 1024

Binary: TypeAlias = Literal["binary", "large_binary"]
"""Types of keys and values that own their bytes: the memory of answers is used again."""


def fetch(
    bootstrap: str | Sequence[str],
    topic: str,
    *,
    start: Positions = "earliest",
    stop: Positions = "latest",
    partitions: Iterable[int] | None = None,
    columns: Sequence[str] = COLUMNS,
    isolation: Isolation = "read_uncommitted",
    verify_crc: bool = True,
    binary: Binary = "binary",
    response_bytes: int = 16 * MIB,
    timeout_s: float = 120.0,
    ssl: tls.SSLContext | None = None,
    client_id: str = "skylog-bulk",
    progress: Progress = None,
) -> pa.Table:
    """Read records of a topic, on any Kafka broker, into a table: by partition, in order of their offsets.

    No group is joined and no offset committed. Records that are written after the call began are not read.

    Parameters
    ----------
    bootstrap : str or sequence of str
        ``HOST:PORT``, several with commas between.
    topic : str
    start, stop : position, or mapping of int to position
        The first offset that is wanted and the first that is not, for all partitions or by partition (those
        that a mapping lacks are read from the earliest, or to the latest). A position is an offset,
        ``"earliest"``, ``"latest"`` (the end at the time of the call), or a moment (`datetime` with a time
        zone, `numpy.datetime64` in UTC) that stands for the first record that is not older; where records are
        out of order by time, others behind it may be older.
    partitions : iterable of int, optional
        Only these.
    columns : sequence of str
        Any of `skylog.records.decode` but topic_id. What is not asked for costs nothing but its transport.
    isolation : str
        "read_committed" leaves out records of aborted transactions and stops before open ones.
    verify_crc : bool
        Hold the checksum of each batch against its bytes.
    binary : str
        Type of keys and values: "binary" or "large_binary".
    response_bytes : int
        What is asked of a broker at a time.
    timeout_s : float
        How long a leader may go without a useful answer before it is an error.
    ssl : ssl.SSLContext, optional
        Speak TLS. There is no SASL: clusters that ask for it cannot be read from.
    client_id : str
        What brokers call the client.
    progress : bool or callable, optional
        True shows a bar; a callable gets (records, bytes).

    Returns
    -------
    pyarrow.Table
        Its schema is that of `skylog.records.decode`.

    Raises
    ------
    ValueError, TypeError
        Arguments that do not fit, or a partition that there is not.
    skylog.errors.NotFound
        There is no such topic.
    skylog.wire.codes.KafkaError
        The broker refuses to serve a partition, for instance since retention deleted what was asked for.
    skylog.errors.Corrupt
        A batch whose bytes are not what they should be.
    skylog.errors.Unavailable
        Nobody could be reached, or nothing came in time.

    Examples
    --------
    >>> import pyarrow as pa
    >>> import skylog
    >>> from skylog import bulk
    >>> with skylog.Broker() as broker:
    ...     table = pa.table({"key": [b"a", b"b"], "value": [b"1", b"2"]})
    ...     produced = bulk.produce(broker.bootstrap_servers, "letters", table)
    ...     bulk.fetch(broker.bootstrap_servers, "letters", columns=["key", "value"]).to_pylist()
    [{'key': b'a', 'value': b'1'}, {'key': b'b', 'value': b'2'}]
    """
    decoding = Decoding(tuple(columns), isolation, verify_crc, binary)
    reading = Reading(isolation, response_bytes, timeout_s=timeout_s)
    cluster = Cluster(bootstrap, tls=ssl, client_id=client_id, timeout_s=timeout_s)
    wanted = _Wanted(topic, start, stop, partitions)
    tables: dict[int, list[pa.Table]] = {}
    for partition, table in _tables(cluster, wanted, reading, decoding, progress):
        tables.setdefault(partition, []).append(table)
    ordered = [table for _, several in sorted(tables.items()) for table in several]
    return pa.concat_tables([decoding.empty(), *ordered])


def iter_fetch(
    bootstrap: str | Sequence[str],
    topic: str,
    *,
    start: Positions = "earliest",
    stop: Positions = "latest",
    partitions: Iterable[int] | None = None,
    columns: Sequence[str] = COLUMNS,
    isolation: Isolation = "read_uncommitted",
    verify_crc: bool = True,
    binary: Binary = "binary",
    response_bytes: int = 16 * MIB,
    timeout_s: float = 120.0,
    ssl: tls.SSLContext | None = None,
    client_id: str = "skylog-bulk",
    progress: Progress = None,
) -> Iterator[pa.RecordBatch]:
    """Read records of a topic piece by piece, in bounded memory, while the next ones are on their way.

    Parameters and errors are those of `fetch`. Each piece holds records of one partition, at least one; those
    of a partition come in order, partitions take turns. Memory stays within three answers per broker and
    64 MiB, whatever the topic holds. Leaving the loop early, or closing the iterator, ends the connections.

    Yields
    ------
    pyarrow.RecordBatch
    """
    decoding = Decoding(tuple(columns), isolation, verify_crc, binary)
    reading = Reading(isolation, response_bytes, timeout_s=timeout_s)
    cluster = Cluster(bootstrap, tls=ssl, client_id=client_id, timeout_s=timeout_s)
    wanted = _Wanted(topic, start, stop, partitions)
    tables = _tables(cluster, wanted, reading, decoding, progress)
    return _batches(tables)


def _batches(tables: Generator[tuple[int, pa.Table], None, None]) -> Iterator[pa.RecordBatch]:
    with contextlib.closing(tables):
        for _, table in tables:
            yield from table.to_batches()


@dataclass(frozen=True, slots=True)
class _Wanted:
    topic: str
    start: Positions
    stop: Positions
    partitions: Iterable[int] | None

    def __post_init__(self) -> None:
        check_positions("start", self.start)
        check_positions("stop", self.stop)


@dataclass(frozen=True, slots=True)
class Decoding:
    """How records are decoded, checked when it is made."""

    columns: tuple[str, ...]
    isolation: Isolation
    verify_crc: bool
    binary: Binary

    def __post_init__(self) -> None:
        if self.binary not in {"binary", "large_binary"}:
            raise ValueError(f"binary: expected 'binary' or 'large_binary', found {self.binary!r}")
        if "topic_id" in self.columns:
            raise ValueError("columns: expected columns of one topic, found 'topic_id'")
        self.empty()

    def empty(self) -> pa.Table:
        """Return a table without rows."""
        return self._decode(b"", 0, None, ())

    def table(self, piece: Fetched) -> pa.Table:
        """Return the wanted records of what was fetched."""
        aborted = piece.aborted if self.isolation == "read_committed" else ()
        return self._decode(piece.records, piece.partition, (piece.start, piece.stop), aborted)

    def _decode(
        self,
        source: bytes | memoryview,
        partition: int,
        offsets: tuple[int, int | None] | None,
        aborted: Sequence[tuple[int, int]],
    ) -> pa.Table:
        return records.decode(
            source,
            columns=self.columns,
            verify_crc=self.verify_crc,
            offsets=offsets,
            aborted=aborted,
            partition=partition,
            binary=self.binary,
        )


def _tables(
    cluster: Cluster, wanted: _Wanted, reading: Reading, decoding: Decoding, progress: Progress
) -> Generator[tuple[int, pa.Table], None, None]:
    """Fetch on a thread of its own, decode on this one."""
    with LoopThread() as loop, loop.using(cluster):
        topic, ranges = loop.call(
            resolve(
                cluster,
                wanted.topic,
                wanted.partitions,
                start=wanted.start,
                stop=wanted.stop,
                isolation=reading.isolation,
            )
        )
        total = sum(stop - start for start, stop in ranges.values())
        done = size = 0
        with (
            loop.using(Fetcher(cluster, topic, ranges, reading)) as fetcher,
            reporting(progress, wanted.topic, total) as report,
        ):
            while (answer := loop.call(fetcher.next())) is not None:
                size += answer.size
                for partition, table in _decoded(loop, answer, decoding):
                    done += table.num_rows
                    yield partition, table
                report(done, size)


def _decoded(loop: LoopThread, answer: Answer, decoding: Decoding) -> Iterator[tuple[int, pa.Table]]:
    tables = [(piece.partition, decoding.table(piece)) for piece in answer.pieces]
    # Decoded tables own what they hold.
    loop.soon(answer.release)
    for partition, table in tables:
        if table.num_rows:
            yield partition, table
