"""Figures of the whole broker: CPU seconds of its process, latencies, memory.

    python benches/python/bench_broker.py                 all of them
    python benches/python/bench_broker.py produce fetch   some
    python benches/python/bench_broker.py produce --serve --data DIR    other `skylog serve` arguments

Each prints medians and ranges over --rounds runs. The generator sends prebuilt frames from this process; only
the broker's own CPU time counts.
"""

from __future__ import annotations

import argparse
import os
import select
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

import frames
from process import Accounted, BrokerProcess, Cpu
from pump import connect, pump, read_frame

GIB = 1 << 30
MIB = 1 << 20


def create_topic(broker: Accounted, name: str, partitions: int) -> None:
    """Create a topic and wait for it."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    admin.create_topics([NewTopic(name, partitions, 1)])[name].result(30)


def median(values: list[float]) -> str:
    """Return median and range."""
    return f"{statistics.median(values):.3f} ({min(values):.3f}-{max(values):.3f})"


def report(name: str, parts: list[Cpu], units: float, unit: str) -> None:
    """Print total, user and system per unit."""
    total = median([cpu.total / units for cpu in parts])
    user = statistics.median([cpu.user / units for cpu in parts])
    system = statistics.median([cpu.system / units for cpu in parts])
    print(f"{name:<58} {total} {unit}; user {user:.3f}, system {system:.3f}", flush=True)


def measured(broker: Accounted, work: Callable[[], object], rounds: int) -> list[Cpu]:
    """Run once to warm up, then `rounds` times; return the broker's CPU time of each."""
    work()
    parts = []
    for _ in range(rounds):
        before = broker.cpu()
        work()
        parts.append(broker.cpu() - before)
    return parts


def produce(options: argparse.Namespace) -> None:
    """Broker CPU seconds per GiB produced, uncompressed 1 KiB records."""
    loads = [
        ("produce, 1 MiB batches, 1 partition", 1, frames.batch_of_size(MIB - 4096)),
        ("produce, 16 KiB x 64 partitions in a request", 64, frames.batch_of_size(16 * 1024)),
    ]
    for name, partitions, batch in loads:
        with BrokerProcess(*options.serve) as broker:
            topic = f"load-{partitions}-{time.time_ns()}"
            create_topic(broker, topic, partitions)
            connection = connect(broker.port)
            frame = frames.produce(topic, range(partitions), batch)
            count = int(options.gib * GIB / len(frame))
            parts = measured(broker, lambda: pump(connection, frame, count, 5), options.rounds)  # noqa: B023
            report(name, parts, count * len(frame) / GIB, "CPU-s/GiB")
            print(f"{'':<58} {broker.resident_mb():.0f} MB resident, {broker.faults()} faults")


def librdkafka(options: argparse.Namespace) -> None:
    """Broker CPU seconds per GiB produced by librdkafka as it comes: 1 KiB records, acks=all, idempotent."""
    for partitions in (1, 64):
        with BrokerProcess(*options.serve) as broker:
            topic = f"rdkafka-{partitions}-{time.time_ns()}"
            create_topic(broker, topic, partitions)
            count = int(options.gib * MIB)
            parts = measured(broker, lambda: send_records(broker, topic, count), options.rounds)  # noqa: B023
            report(
                f"produce, librdkafka's defaults, {partitions} partitions", parts, count / MIB, "CPU-s/GiB"
            )


def send_records(broker: Accounted, topic: str, count: int) -> None:
    """Send 1 KiB records with librdkafka and wait for all acknowledgements."""
    producer = Producer({"bootstrap.servers": broker.bootstrap, "enable.idempotence": True})
    value = b"x" * 1024
    for _ in range(count):
        while True:
            try:
                producer.produce(topic, value)
                break
            except BufferError:
                producer.poll(0.01)
    if producer.flush(60):
        raise SystemExit("records were left over")


def fetch(options: argparse.Namespace) -> None:
    """Broker CPU seconds per GiB fetched from the cache."""
    loads = [
        ("fetch, 1 MiB batches, 1 partition", 1, frames.batch_of_size(MIB - 4096), 128),
        ("fetch, 16 KiB x 64 partitions in a request", 64, frames.batch_of_size(16 * 1024), 128),
    ]
    for name, partitions, batch, requests in loads:
        with BrokerProcess(*options.serve) as broker:
            topic = f"load-{partitions}-{time.time_ns()}"
            create_topic(broker, topic, partitions)
            connection = connect(broker.port)
            pump(connection, frames.produce(topic, range(partitions), batch), requests, 5)
            records = struct.unpack(">i", batch[57:61])[0]
            scratch = memoryview(bytearray(64 * MIB))
            got = 0

            def read_all(times: int) -> None:
                nonlocal got
                got = 0
                for number in range(times):
                    offset = number % requests * records  # noqa: B023
                    offsets = dict.fromkeys(range(partitions), offset)  # noqa: B023
                    request = frames.fetch(topic, offsets, len(batch))  # noqa: B023
                    connection.sendall(request)  # noqa: B023
                    got += len(read_frame(connection, scratch))  # noqa: B023

            times = int(options.gib * 1024)
            parts = measured(broker, lambda: read_all(times), options.rounds)  # noqa: B023
            report(name, parts, got / GIB, "CPU-s/GiB")


class Trickle:
    """A consumer of many partitions of which one gets a record now and then."""

    def __init__(self, broker: Accounted, topic: str, partitions: int) -> None:
        self.topic = topic
        self.ends = dict.fromkeys(range(partitions), 0)
        self.session: tuple[int, int] | None = None
        self.bytes = 0
        self._news: dict[int, int] = {}
        self._batch = frames.record_batch(1, b"x" * 1024)
        self._producing, self._fetching = connect(broker.port), connect(broker.port)
        self._scratch = memoryview(bytearray(1 << 20))

    def produce(self, partition: int) -> None:
        """Append one record."""
        pump(self._producing, frames.produce(self.topic, range(partition, partition + 1), self._batch), 1, 1)
        self.ends[partition] += 1

    def produce_all(self) -> None:
        """Append one record to each partition, one after another."""
        for partition in self.ends:
            self.produce(partition)

    def _fetch(self, offsets: dict[int, int]) -> None:
        session = self.session or (0, -1)
        request = frames.fetch(self.topic, offsets, 1 << 20, 10_000, session)
        self._fetching.sendall(request)
        self.bytes += len(request)

    def _read(self) -> memoryview:
        answer = read_frame(self._fetching, self._scratch)
        self.bytes += len(answer) + 4
        return answer

    def open_session(self) -> None:
        """Let the broker remember what is fetched from now on; leave out what is there already."""
        self.session = (0, 0)
        self.produce(0)
        self._fetch({**self.ends, 0: self.ends[0] - 1})
        number = struct.unpack_from(">i", self._read(), 10)[0]
        self.session, self._news = (number, 1), {0: self.ends[0]}

    def follow_all(self) -> None:
        """Append one record to each partition while a fetch of all of them waits for it."""
        self.bytes = 0
        for partition in self.ends:
            self._fetch(self._news if self.session else self.ends)
            self.produce(partition)
            self._read()
            self._news = {partition: self.ends[partition]}
            if self.session:
                self.session = (self.session[0], self.session[1] + 1)


def sessions(options: argparse.Namespace) -> None:
    """Broker CPU and bytes of a fetch of 1,000 partitions with a trickle of data, full and in a session."""
    partitions = 1000
    with BrokerProcess(*options.serve) as broker:
        topic = f"wide-{time.time_ns()}"
        create_topic(broker, topic, partitions)
        trickle = Trickle(broker, topic, partitions)
        alone = statistics.median(cpu.total for cpu in measured(broker, trickle.produce_all, options.rounds))
        for name in ("every fetch full", "in a session"):
            if name == "in a session":
                trickle.open_session()
            parts = measured(broker, trickle.follow_all, options.rounds)
            cost = median([(cpu.total - alone) * 1e6 / partitions for cpu in parts])
            size = trickle.bytes / partitions
            print(f"1,000 partitions, a trickle, {name:<30} {cost} us/fetch, {size:,.0f} bytes", flush=True)
    print(f"{'the record that each waits for, produced':<58} {alone * 1e6 / partitions:.1f} us")


def tiny(options: argparse.Namespace) -> None:
    """Broker CPU per 1 KiB Produce request, pipelined over 32 connections and alone on one."""
    with BrokerProcess(*options.serve) as broker:
        topic = f"tiny-{time.time_ns()}"
        create_topic(broker, topic, 32)
        batch = frames.batch_of_size(1024, 900)
        count = 100_000
        lanes = [(connect(broker.port), frames.produce(topic, range(n, n + 1), batch)) for n in range(32)]
        parts = measured(broker, lambda: flood(lanes, count // 32, 32), options.rounds)
        report("1 KiB requests, 32 connections, 32 in flight each", parts, count / 1e6, "us/request")
        alone = 3_000
        connection, frame = lanes[0]
        parts = measured(broker, lambda: pump(connection, frame, alone, 1), options.rounds)
        report("1 KiB requests, alone, one at a time", parts, alone / 1e6, "us/request")


def flood(lanes: list[tuple[socket.socket, bytes]], count: int, inflight: int) -> None:
    """Send `count` frames on each lane, keeping `inflight` unanswered on each."""
    by_fd = {connection.fileno(): [connection, frame, 0, 0] for connection, frame in lanes}
    poller = select.epoll()
    for fd, lane in by_fd.items():
        poller.register(fd, select.EPOLLIN)
        lane[0].sendall(lane[1] * inflight)
        lane[2] = inflight
    sizes: dict[int, int] = {}
    open_lanes = len(lanes)
    scratch = bytearray(1 << 20)
    while open_lanes:
        for fd, _ in poller.poll():
            lane = by_fd[fd]
            got = lane[0].recv_into(scratch)
            size = sizes.setdefault(fd, struct.unpack(">i", scratch[:4])[0] + 4)
            lane[3] += got
            answered = lane[3] // size
            more = min(count - lane[2], inflight - (lane[2] - answered))
            if more > 0:
                lane[0].sendall(lane[1] * more)
                lane[2] += more
            if answered >= count:
                poller.unregister(fd)
                open_lanes -= 1


def pipelining(_options: argparse.Namespace) -> None:
    """One producer against a store with 100 ms PUT: client defaults against one request at a time."""
    with BrokerProcess("--store", "memory:?put_ms=100", "--coordinator", "sqlite::memory:") as broker:
        create_topic(broker, "slow", 1)
        rates = {}
        for name, settings in [("defaults", {}), ("one in flight", {"max.in.flight": 1})]:
            producer = Producer({"bootstrap.servers": broker.bootstrap, **settings})
            value, deadline = b"x" * 1024, time.perf_counter() + 8
            sent, start = 0, time.perf_counter()
            while time.perf_counter() < deadline:
                try:
                    producer.produce("slow", value)
                    sent += 1
                except BufferError:
                    producer.poll(0.01)
            producer.flush()
            rates[name] = sent / 1024 / (time.perf_counter() - start)
            print(f"one librdkafka producer, 100 ms PUT, {name:<22} {rates[name]:.1f} MiB/s", flush=True)
        print(f"{'ratio':<58} {rates['defaults'] / rates['one in flight']:.1f}x")


def latency(_options: argparse.Namespace) -> None:
    """Acknowledgement latency at 10 requests/s (open loop) with a store of 20 ms."""
    for note, extra in [
        ("PUT rate 4/s (a billed store's default)", 4),
        ("PUT rate 100/s (a directory's default)", 100),
    ]:
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
            config.write(f"[produce]\nput_rate_per_second = {extra}\n")
            config.flush()
            store = ["--store", "memory:?put_ms=20", "--coordinator", "sqlite::memory:"]
            with BrokerProcess(*store, "--config", config.name) as broker:
                create_topic(broker, "quiet", 1)
                times = sorted(open_loop(broker, rate=10, count=200))
        p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
        print(f"acks at 10/s, 20 ms PUT, {note:<42} p50 {p50:.1f} ms, p99 {p99:.1f} ms", flush=True)


def open_loop(broker: Accounted, rate: float, count: int) -> list[float]:
    """Send at due times, measure from the due time to the answer; the first tenth is warm-up."""
    connection = connect(broker.port)
    frame = frames.produce("quiet", range(1), frames.batch_of_size(1024))
    scratch = memoryview(bytearray(1 << 16))
    start = time.perf_counter() + 0.1
    sent = answered = 0
    times = []
    while answered < count:
        due = start + sent / rate
        wait = due - time.perf_counter() if sent < count else 60
        if select.select([connection], [], [], max(0, wait))[0]:
            read_frame(connection, scratch)
            times.append((time.perf_counter() - start - answered / rate) * 1000)
            answered += 1
        elif sent < count:
            connection.sendall(frame)
            sent += 1
    return times[count // 10 :]


EMBEDDED = """
import time
began = time.perf_counter()
import skylog
imported = time.perf_counter()
with skylog.Broker() as broker:
    ready = time.perf_counter()
    import os, re
    rss = int(re.search(r"VmRSS:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024 / 1e6
    print(imported - began, ready - imported, rss)
"""


def embedded(options: argparse.Namespace) -> None:
    """Ready time and idle memory of `skylog.Broker()`."""
    runs = [
        [float(x) for x in subprocess.check_output([sys.executable, "-c", EMBEDDED], text=True).split()]
        for _ in range(max(5, options.rounds))
    ]
    for index, (name, unit) in enumerate(
        [("import skylog", "s"), ("Broker() ready", "s"), ("resident, idle", "MB")]
    ):
        print(f"{name:<58} {median([run[index] for run in runs])} {unit}", flush=True)


def restart(options: argparse.Namespace) -> None:
    """Restart to first answer, and memory, with 10,000 partitions."""
    with tempfile.TemporaryDirectory() as data:
        with BrokerProcess("--data", data) as broker:
            for number in range(10):
                create_topic(broker, f"wide-{number}", 1000)
        times, sizes = [], []
        for _ in range(max(3, options.rounds)):
            with BrokerProcess("--data", data) as broker:
                AdminClient({"bootstrap.servers": broker.bootstrap}).list_topics(timeout=10)
                times.append(time.perf_counter() - broker.started_at)
                sizes.append(broker.resident_mb())
    print(f"{'10,000 partitions: restart to first Metadata answer':<58} {median(times)} s")
    print(f"{'10,000 partitions: resident':<58} {median(sizes)} MB")


FIGURES = {
    figure.__name__: figure
    for figure in (produce, librdkafka, fetch, sessions, tiny, pipelining, latency, embedded, restart)
}


def main() -> None:
    """Run the figures asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("figures", nargs="*", default=list(FIGURES), help=", ".join(FIGURES))
    parser.add_argument("--gib", type=float, default=1.0, help="data of one round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--serve", nargs=argparse.REMAINDER, default=["--memory"], help="`skylog serve` arguments"
    )
    options = parser.parse_args()
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    print(f"commit {commit.stdout.strip()}, {os.cpu_count()} cores, Python {sys.version.split()[0]}")
    for name in options.figures:
        FIGURES[name](options)


if __name__ == "__main__":
    main()
