"""Connections of one broker: idle ones, slowly active ones, and one that works beside them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from brokers import Broker
from client import METADATA, Client, Crowd, create_topics, request
from figures import FLAT, LINEAR, Curve, Measure, Setting, Step, sample, timed

import frames

TOPIC = "events"
INFLIGHT = 16
ROUND_REQUESTS = 4_000
IDLE_S = 1.0


def run(setting: Setting, steps: Sequence[int]) -> Iterator[Step]:
    """Add connections to one broker, step by step."""
    with Broker() as broker, Client(broker.port) as active, Crowd() as crowd:
        create_topics(active, [TOPIC], 1)
        sample(broker, lambda: active.call(_produce()), setting.seconds)
        first_mib = broker.resident_mib()
        for n in steps:
            values = _accept(broker, crowd, n)
            values["resident, a connection"] = 1024 * (broker.resident_mib() - first_mib) / n
            values |= _beside_idle(setting, broker, active)
            values |= _slowly_active(broker, crowd, n)
            values["resident, a connection that was used"] = 1024 * (broker.resident_mib() - first_mib) / n
            yield Step(n, values)


def _accept(broker: Broker, crowd: Crowd, n: int) -> dict[str, float]:
    fresh = n - len(crowd.clients)
    before_s, began = broker.cpu_s(), time.perf_counter()
    crowd.grow(broker.port, n)
    # The last of them is served, so all are accepted.
    crowd.clients[-1].call(_metadata())
    seconds = time.perf_counter() - began
    return {
        "accept, CPU a connection": 1e6 * (broker.cpu_s() - before_s) / fresh,
        "accept, time a connection": 1e6 * seconds / fresh,
    }


def _beside_idle(setting: Setting, broker: Broker, active: Client) -> dict[str, float]:
    before_s = broker.cpu_s()
    time.sleep(IDLE_S)
    idle = {"idle, CPU a second": 1e6 * (broker.cpu_s() - before_s) / IDLE_S}
    metadata, produce = _metadata(), _produce()
    asked = sample(broker, lambda: active.call(metadata), setting.seconds)
    produced = sample(broker, lambda: active.call(produce), setting.seconds)
    return idle | asked.named("Metadata beside idle ones") | produced.named("produce beside idle ones")


def _slowly_active(broker: Broker, crowd: Crowd, n: int) -> dict[str, float]:
    """Let each connection ask in its turn, a few at a time, a few thousand times in all."""
    sending = [_metadata()] * n
    rounds = max(2, ROUND_REQUESTS // n)
    crowd.each(sending, INFLIGHT)
    before_s = broker.cpu_s()
    for _ in range(rounds):
        crowd.each(sending, INFLIGHT)
    return {"a request of each in turn, CPU": 1e6 * (broker.cpu_s() - before_s) / (rounds * n)}


def _metadata() -> bytes:
    return request(METADATA, 9, {"topics": [{"name": TOPIC}]})


def _produce() -> bytes:
    return frames.produce(TOPIC, range(1), frames.batch_of_size(1024))


CURVE = Curve(
    name="connections",
    title="Connections of one broker",
    counted="connections",
    measures=[
        Measure("accept, CPU a connection", "µs", FLAT, charted=True),
        Measure("accept, time a connection", "µs", FLAT),
        Measure("resident, a connection", "KiB", FLAT),
        Measure("resident, a connection that was used", "KiB", FLAT, charted=True),
        Measure("idle, CPU a second", "µs", LINEAR),
        *timed("Metadata beside idle ones"),
        *timed("produce beside idle ones"),
        Measure("a request of each in turn, CPU", "µs", FLAT, charted=True),
    ],
    steps=(1, 10, 100, 500, 1_000, 2_000, 5_000),
    quick_steps=(10, 500, 5_000),
    run=run,
)
