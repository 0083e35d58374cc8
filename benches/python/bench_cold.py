"""Reading behind the tail: how fast one consumer is, and what a backfill does to those at the tail.

    python benches/python/bench_cold.py                       both, with 1 GiB
    python benches/python/bench_cold.py backfill --gib 5      five consumers, a GiB each
    python benches/python/bench_cold.py single --get-ms 100   a faster store

The log lies in segments of 8 MiB in a directory whose GETs are made to take --get-ms; its broker was started
anew, so nothing is cached. `single` compares one consumer of one partition with the same store read by as
many GETs at once, without a broker. `backfill` compares the time from produce to receipt at the tail while
nothing else happens with that while --consumers read the whole log from its start.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import frames
from bench_broker import GIB, MIB, create_topic
from process import Accounted, BrokerProcess, Peer
from pump import connect, pump, read_frame
from skylog.storage.open import open_store

BATCH = frames.batch_of_size(MIB - 4096)
RECORDS = struct.unpack(">i", BATCH[57:61])[0]
GETS_AT_ONCE = 8
"""What the default window comes to with segments of 8 MiB."""
TAIL_BATCH = frames.batch_of_size(16 * 1024)
TAIL_RATE = 50
"""Batches a second, sent at their times whatever is unanswered."""


def store_of(data: str, get_ms: float | None) -> list[str]:
    """Return the options that serve a directory, with slow GETs where that is wanted."""
    slow = "" if get_ms is None else f"?get_ms={get_ms:g}&get_p99_ms={3 * get_ms:g}&put_ms=20"
    return ["--store", f"file://{data}/objects{slow}", "--coordinator", f"sqlite://{data}/coordinator.db"]


@contextmanager
def written(partitions: int, options: argparse.Namespace) -> Iterator[tuple[str, BrokerProcess, int]]:
    """Write a log, start its broker anew, give directory, broker and batches in each partition."""
    with tempfile.TemporaryDirectory(dir=options.dir) as data:
        count = max(16, int(options.gib * GIB / len(BATCH) / partitions))
        config = Path(data) / "skylog.toml"
        config.write_text("[produce]\nput_rate_per_second = 0.2\nput_burst = 1\nlinger_ms_max = 5000\n")
        with BrokerProcess(*store_of(data, None), "--config", str(config)) as broker:
            create_topic(broker, "old", partitions)
            for partition in range(partitions):
                frame = frames.produce("old", range(partition, partition + 1), BATCH)
                pump(connect(broker.port), frame, count, 40)
        config.write_text("[fetch]\ntail_age_ms_max = 3000\n")
        time.sleep(3)  # what was written is behind the tail from here on
        with BrokerProcess(*store_of(data, options.get_ms), "--config", str(config)) as broker:
            yield data, broker, count


def walk(broker: Accounted, partition: int, count: int) -> int:
    """Read a partition from its start, a MiB or so at a time; return the bytes."""
    connection, scratch = connect(broker.port), memoryview(bytearray(4 * MIB))
    offset = got = 0
    while offset < count * RECORDS:
        connection.sendall(frames.fetch("old", {partition: offset}, len(BATCH)))
        got += len(read_frame(connection, scratch))
        offset += RECORDS
    connection.close()
    return got


async def read_raw(data: str, get_ms: float) -> float:
    """Read all objects of a store, so many at once, without a broker; return MiB/s."""
    store = open_store(f"file://{data}/objects?get_ms={get_ms:g}")
    await store.open()
    keys = [found.key async for found in store.list("segments/")]
    places, size = asyncio.Semaphore(GETS_AT_ONCE), 0

    async def read(key: str) -> int:
        async with places:
            return len(await store.get(key))

    start = time.perf_counter()
    size = sum(await asyncio.gather(*map(read, keys)))
    seconds = time.perf_counter() - start
    await store.close()
    return size / MIB / seconds


def single(options: argparse.Namespace) -> None:
    """One consumer of one partition against the store alone."""
    with written(1, options) as (data, broker, count):
        start, before = time.perf_counter(), broker.cpu()
        got = walk(broker, 0, count)
        rate = got / MIB / (time.perf_counter() - start)
        spent = (broker.cpu() - before).per(got / GIB)
        raw = asyncio.run(read_raw(data, options.get_ms))
        print(
            f"store alone, {GETS_AT_ONCE} GETs of 8 MiB at once, {options.get_ms:g} ms each: {raw:.0f} MiB/s"
        )
        print(f"one consumer of one partition: {rate:.0f} MiB/s, {rate / raw:.0%} of it; {spent} CPU-s/GiB")
        print(f"resident {broker.resident_mb():.0f} MB", flush=True)


class Tail:
    """A producer and a consumer at the end of a log: milliseconds from sending to receipt."""

    def __init__(self, broker: BrokerProcess) -> None:
        create_topic(broker, "live", 1)
        self._producer, self._consumer = connect(broker.port), connect(broker.port)
        self._frame = frames.produce("live", range(1), TAIL_BATCH)
        self._records = struct.unpack(">i", TAIL_BATCH[57:61])[0]
        self._sent: list[float] = []
        self.times: list[float] = []
        self._ends = threading.Event()
        self._threads = [
            threading.Thread(target=work) for work in (self._send, self._acknowledge, self._receive)
        ]

    def __enter__(self) -> Tail:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        for thread in self._threads:
            thread.join()

    def _send(self) -> None:
        start = time.perf_counter()
        is_last = False
        while not is_last:
            is_last = self._ends.is_set()  # one more, which wakes the two that wait for it
            due = start + len(self._sent) / TAIL_RATE
            time.sleep(max(0, due - time.perf_counter()))
            self._sent.append(due)
            self._producer.sendall(self._frame)

    def _acknowledge(self) -> None:
        scratch, answers = memoryview(bytearray(1 << 16)), 0
        while not (self._ends.is_set() and answers >= len(self._sent)):
            read_frame(self._producer, scratch)
            answers += 1

    def _receive(self) -> None:
        scratch = memoryview(bytearray(4 * MIB))
        while not (self._ends.is_set() and len(self.times) >= len(self._sent)):
            offset = len(self.times) * self._records
            self._consumer.sendall(frames.fetch("live", {0: offset}, len(TAIL_BATCH)))
            if len(read_frame(self._consumer, scratch)) > len(TAIL_BATCH):
                self.times.append(1000 * (time.perf_counter() - self._sent[len(self.times)]))


def quantiles(times: list[float]) -> tuple[float, float]:
    """Return median and 99th percentile."""
    ordered = sorted(times)
    return ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]


def backfill(options: argparse.Namespace) -> None:
    """The tail's latency alone and beside consumers that read everything from the start."""
    consumers = options.consumers
    with written(consumers, options) as (_, broker, count), Tail(broker) as tail:
        time.sleep(2 + options.seconds)
        alone = tail.times[2 * TAIL_RATE :]
        before, start = len(tail.times), time.perf_counter()
        peer = Peer(f"{broker.port}:{broker.pid}")
        spawn = multiprocessing.get_context("spawn")
        walks = [spawn.Process(target=walk, args=(peer, n, count)) for n in range(consumers)]
        for walking in walks:
            walking.start()
        for walking in walks:
            walking.join()
        seconds, beside = time.perf_counter() - start, tail.times[before:]
        (p50, p99), (p50_beside, p99_beside) = quantiles(alone), quantiles(beside)
        size = consumers * count * len(BATCH)
        print(f"backfill of {size / GIB:.1f} GiB, {consumers} consumers: {size / MIB / seconds:.0f} MiB/s")
        print(f"tail alone:  p50 {p50:.1f} ms, p99 {p99:.1f} ms, {len(alone)} batches")
        print(f"tail beside: p50 {p50_beside:.1f} ms, p99 {p99_beside:.1f} ms, {len(beside)} batches")
        print(f"p99 grew by {p99_beside / p99 - 1:.0%}; {broker.resident_mb():.0f} MB resident", flush=True)


FIGURES = {figure.__name__: figure for figure in (single, backfill)}


def main() -> None:
    """Run the figures asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("figures", nargs="*", default=list(FIGURES), help=", ".join(FIGURES))
    parser.add_argument("--gib", type=float, default=1.0, help="what lies behind the tail")
    parser.add_argument("--get-ms", type=float, default=200.0, help="30 ms and 8 MiB at 50 MB/s")
    parser.add_argument("--consumers", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0, help="of the tail alone")
    parser.add_argument("--dir", help="where the log is written; /dev/shm leaves the disk out of it")
    options = parser.parse_args()
    for name in options.figures:
        print(f"{name}:", flush=True)
        FIGURES[name](options)


if __name__ == "__main__":
    main()
