"""Ten thousand partitions: Metadata of all of them, memory, and a restart."""

from __future__ import annotations

import struct
import time
from dataclasses import dataclass

import frames
from peers.account import Sample
from peers.aims import Aim, aims
from peers.brokers import Broker
from peers.children import Failed
from peers.room import Room, create_topic
from peers.targets import Target
from pump import connect, read_frame

TOPICS, PARTITIONS_EACH = 10, 1000
_WARM_UP_REQUESTS, _REQUESTS = 200, 60
_READY_S_MAX = 180.0


@dataclass(frozen=True)
class Wide:
    """Ten topics of 1,000 partitions each, nothing in them."""

    name: str = "wide"
    title: str = "10,000 partitions"
    targets: tuple[str, ...] = ("kafka-disk", "skylog-file")
    aims: tuple[Aim, ...] = (
        aims(file=1.0, figure="metadata_cpu_ms")
        + aims(file=0.3, figure="resident_mb")
        + aims(file=0.1, figure="restart_s")
    )
    once: bool = True
    warms_up: bool = False

    def estimate_s(self, target: Target, scale: float, rounds: int) -> float:
        """Return about how long it takes."""
        del scale
        return 30.0 + 25.0 * rounds if target.is_kafka else 6.0 + 2.0 * rounds

    def measure(self, target: Target, room: Room, rounds: int) -> list[Sample]:
        """Measure all rounds on one broker. Raises `Failed`."""
        with room.new(target) as broker:
            broker.start()
            for number in range(TOPICS):
                create_topic(broker, f"wide-{number}", PARTITIONS_EACH)
            await_all(broker)
            ask(broker, _WARM_UP_REQUESTS)
            asked = [_metadata(broker) for _ in range(rounds)]
            return [sample | _restart(broker) for sample in asked]


def ask(broker: Broker, times: int) -> list[float]:
    """Ask for all topics so many times; return the milliseconds of each. Raises `Failed`."""
    connection, scratch = connect(broker.port), memoryview(bytearray(16 << 20))
    connection.settimeout(60)
    taken = []
    with connection:
        for _ in range(times):
            start = time.perf_counter()
            connection.sendall(frames.metadata(None))
            answer = read_frame(connection, scratch)
            taken.append((time.perf_counter() - start) * 1000)
    if (led := led_partitions(answer)) != TOPICS * PARTITIONS_EACH:
        raise Failed(
            f"Metadata: expected {TOPICS * PARTITIONS_EACH:,} partitions with a leader, found {led:,}"
        )
    return taken


def _metadata(broker: Broker) -> Sample:
    before = broker.cpu()
    taken = sorted(ask(broker, _REQUESTS))
    cpu = (broker.cpu() - before).total
    return {"metadata_cpu_ms": 1000 * cpu / _REQUESTS, "metadata_p50_ms": taken[len(taken) // 2]}


def _restart(broker: Broker) -> Sample:
    broker.stop()
    began = time.perf_counter()
    broker.start()
    await_all(broker)
    seconds = time.perf_counter() - began
    return {"restart_s": seconds, "restart_cpu_s": broker.cpu().total, "resident_mb": broker.resident_mb()}


def await_all(broker: Broker) -> None:
    """Ask until the answer names all partitions with their leaders. Raises `Failed`."""
    deadline = time.perf_counter() + _READY_S_MAX
    while True:
        try:
            ask(broker, 1)
        except (Failed, OSError, SystemExit) as error:
            if not broker.alive or time.perf_counter() > deadline:
                raise Failed(
                    f"not all partitions had leaders within {_READY_S_MAX:.0f} s: {error}"
                ) from error
            time.sleep(0.01)
        else:
            return


def led_partitions(answer: memoryview) -> int:
    """Count the partitions with a leader and without an error in an answer of version 5."""
    head = _Cursor(answer)
    head.take(">iI")  # correlation id, throttled for
    for _ in range(head.take(">i")):
        head.take(">i"), head.text(), head.take(">i"), head.text()
    head.text(), head.take(">i")
    return sum(_led(head) for _ in range(head.take(">i")))


def _led(head: _Cursor) -> int:
    head.take(">h"), head.text(), head.take(">b")
    led = 0
    for _ in range(head.take(">i")):
        error, leader = head.take(">h"), (head.take(">i"), head.take(">i"))[1]
        led += error == 0 and leader >= 0
        for _ in range(3):
            head.skip(4 * head.take(">i"))
    return led


class _Cursor:
    """Reads big-endian numbers and strings one after another."""

    def __init__(self, content: memoryview) -> None:
        self._content = content
        self._place = 0

    def take(self, layout: str) -> int:
        """Return the first number of a layout, and go behind all of it."""
        number: int = struct.unpack_from(layout, self._content, self._place)[0]
        self._place += struct.calcsize(layout)
        return number

    def text(self) -> None:
        """Go behind a string that may be null."""
        self.skip(max(0, self.take(">h")))

    def skip(self, size: int) -> None:
        """Go on."""
        self._place += size
