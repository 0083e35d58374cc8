"""Partitions in one broker."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from brokers import Broker, starts
from client import METADATA, Client, create_topics, delete_topic, request
from figures import FLAT, LINEAR, Curve, Measure, Setting, Step, sample, timed

import frames

TOPIC_PARTITIONS = 10
REQUEST_PARTITIONS = 64
BATCHES_INFLIGHT = 300
BATCH_BYTES = 16 * 1024
LOAD_MIB = {False: 192, True: 48}
GIB = 1 << 30


def name(topic: int) -> str:
    """Return the name of a topic, as long as real ones are."""
    return f"orders.region-{topic:05d}.events"


def run(setting: Setting, steps: Sequence[int]) -> Iterator[Step]:
    """Measure a fresh broker with each number of partitions."""
    for n in steps:
        with TemporaryDirectory(dir=setting.directory) as directory:
            yield Step(n, _measure(setting, Path(directory), n))


def _measure(setting: Setting, data: Path, n: int) -> dict[str, float]:
    topics = max(1, n // TOPIC_PARTITIONS)
    with Broker(data) as broker, Client(broker.port) as client:
        before_s, began = broker.cpu_s(), time.perf_counter()
        create_topics(client, [name(topic) for topic in range(topics)], min(n, TOPIC_PARTITIONS))
        seconds, cpu_s = time.perf_counter() - began, broker.cpu_s() - before_s
        # Once more, so that what one more topic costs is known apart.
        creation = _Creation(client)
        another = sample(broker, creation, setting.seconds / 2)
        before_s = broker.cpu_s()
        for one_more in creation.names:
            delete_topic(client, one_more)
        deleted_s = broker.cpu_s() - before_s
    values = {
        "create, CPU a partition": 1e6 * cpu_s / n,
        "create, time a partition": 1e6 * seconds / n,
        "create one more topic, CPU": another.cpu_us,
        "delete one topic, CPU": 1e6 * deleted_s / len(creation.names),
    }
    return values | starts(data, name(0)) | _requests(setting, data, topics, n)


class _Creation:
    """Creates a topic with each call."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.names: list[str] = []

    def __call__(self) -> None:
        self.names.append(f"one-more-{len(self.names)}")
        create_topics(self._client, self.names[-1:], 1)


def _requests(setting: Setting, data: Path, topics: int, n: int) -> dict[str, float]:
    with Broker(data) as broker, Client(broker.port) as client:
        middle = name(topics // 2)
        batch = frames.batch_of_size(1024)
        produce = frames.produce(middle, range(1), batch)
        fetch = frames.fetch(middle, {0: _produced_once(client, produce)}, 1 << 20)
        one = request(METADATA, 9, {"topics": [{"name": middle}], "allow_auto_topic_creation": False})
        everything = request(METADATA, 9, {"topics": None})
        taken = {
            "fetch at the tail": sample(broker, lambda: client.call(fetch), setting.seconds),
            "produce one batch": sample(broker, lambda: client.call(produce), setting.seconds),
            "Metadata of one topic": sample(broker, lambda: client.call(one), setting.seconds),
            "Metadata of all": sample(broker, lambda: client.call(everything), setting.seconds),
        }
        values = {"load, CPU-s/GiB": _load(setting, broker, client, topics, n)}
        for what, each in taken.items():
            values |= each.named(what)
        return values


def _produced_once(client: Client, produce: bytes) -> int:
    """Return the base offset of a batch that is there to be fetched."""
    answer = client.call(produce)
    position = 4 + 4 + 2 + struct.unpack_from(">h", answer, 8)[0] + 4 + 4
    code, offset = struct.unpack_from(">hq", answer, position)
    if code:
        raise SystemExit(f"produce failed with code {code}")
    return int(offset)


def _load(setting: Setting, broker: Broker, client: Client, topics: int, n: int) -> float:
    """Spread batches of 16 KiB evenly over all partitions, 60 a request; return CPU seconds per GiB.

    Always as many batches are on their way; where there are fewer partitions, in more requests.
    """
    batch = frames.batch_of_size(BATCH_BYTES)
    each = min(n, TOPIC_PARTITIONS)
    lots = [produce_many(group, each, batch) for group in _groups(topics, each)]
    wanted = (LOAD_MIB[setting.quick] << 20) // len(lots[0])
    sending = (lots * (wanted // len(lots) + 1))[:wanted]
    inflight = BATCHES_INFLIGHT * len(batch) // len(lots[0]) + 1
    pump(client, sending[: wanted // 4], inflight)
    before_s = broker.cpu_s()
    pump(client, sending, inflight)
    return (broker.cpu_s() - before_s) / (sum(len(frame) for frame in sending) / GIB)


def _groups(topics: int, each: int) -> list[list[str]]:
    together = max(1, REQUEST_PARTITIONS // each)
    names = [name(topic) for topic in range(topics)]
    return [names[start : start + together] for start in range(0, topics, together)]


def produce_many(topics: Sequence[str], partitions: int, batch: bytes) -> bytes:
    """Return a Produce request with the same batch for each partition of several topics."""
    parts = [struct.pack(">hhii", -1, -1, 30_000, len(topics))]
    for topic in topics:
        parts += [struct.pack(">h", len(topic)), topic.encode(), struct.pack(">i", partitions)]
        for partition in range(partitions):
            parts += [struct.pack(">ii", partition, len(batch)), batch]
    body = struct.pack(">hhih5s", 0, frames.PRODUCE_VERSION, 1, 5, b"bench") + b"".join(parts)
    return struct.pack(">i", len(body)) + body


def pump(client: Client, sending: Sequence[bytes], inflight: int) -> None:
    """Send frames in order with a few unanswered."""
    answered = 0
    for sent, frame in enumerate(sending):
        client.socket.sendall(frame)
        if sent - answered >= inflight - 1:
            client.receive()
            answered += 1
    for _ in range(len(sending) - answered):
        client.receive()


CURVE = Curve(
    name="partitions",
    title="Partitions in one broker",
    counted="partitions",
    measures=[
        Measure("resident after the start", "MiB", LINEAR, charted=True),
        Measure("start", "ms", LINEAR),
        Measure("start, CPU", "ms", LINEAR, charted=True),
        *timed("produce one batch"),
        *timed("fetch at the tail"),
        *timed("Metadata of one topic"),
        *timed("Metadata of all", LINEAR),
        Measure("load, CPU-s/GiB", "s", FLAT, charted=True),
        Measure("create, CPU a partition", "µs", FLAT, charted=True),
        Measure("create, time a partition", "µs", FLAT),
        Measure("create one more topic, CPU", "µs", FLAT),
        Measure("delete one topic, CPU", "µs", FLAT),
    ],
    steps=(1, 10, 100, 1_000, 5_000, 10_000, 20_000),
    quick_steps=(10, 1_000, 10_000),
    run=run,
)
