"""A request that the store takes and never answers costs a consumer or producer the usual time once more."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from confluent_kafka import Producer

from clients.audit import LogAudit
from clients.faulty.place import Place
from clients.topics import create_topic
from clients.waiting import monotonic
from faults import Fault, Rule

SEGMENTS = 30
SECONDS_MAX = 10.0
"""Attempts have longer."""

HEDGED: Mapping[str, Mapping[str, object]] = {
    "store_requests": {
        "attempt_ms_max": 30_000,
        "hedge_samples_min": 20,
        "hedge_share_max": 1.0,
        "hedge_quantile": 0.9,
    },
    "produce": {"put_rate_per_second": 50},
    "fetch": {"cache_bytes_max": 0},
}


def _write(bootstrap: str, topic: str, numbers: range) -> None:
    """Write one record a segment."""
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 0})
    for number in numbers:
        producer.produce(topic, f"0:{number}:", partition=0)
        assert producer.flush(SECONDS_MAX) == 0


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.HANG_ANSWER, Fault.LAND_LATE])
def test_a_put_without_an_answer_is_made_again_and_counts_once(place: Place, fault: Fault) -> None:
    broker = place.serve(HEDGED)
    topic = create_topic(broker.bootstrap, "hedged")
    _write(broker.bootstrap, topic, range(SEGMENTS))
    since = len(place.proxy.ledger)
    place.proxy.use(Rule(fault, kinds=("put",), times=1))
    _write(broker.bootstrap, topic, range(SEGMENTS, SEGMENTS + 1))
    assert place.proxy.ledger.faults(since)[str(fault)] == 1
    assert set(place.proxy.ledger.keys("put", since=since).values()) == {2}
    log = LogAudit(broker.bootstrap, topic, 1)
    log.read_on()
    assert len(log.records[0]) == SEGMENTS + 1
    assert broker.stop() == 0


def test_a_get_without_an_answer_is_made_again(place: Place) -> None:
    broker = place.serve(HEDGED)
    topic = create_topic(broker.bootstrap, "hedged")
    _write(broker.bootstrap, topic, range(SEGMENTS))
    LogAudit(broker.bootstrap, topic, 1).read_on()
    LogAudit(broker.bootstrap, topic, 1).read_on()
    since, began = len(place.proxy.ledger), monotonic()
    place.proxy.use(Rule(Fault.HANG, kinds=("get", "get_range"), times=1))
    log = LogAudit(broker.bootstrap, topic, 1)
    log.read_on()
    assert len(log.records[0]) == SEGMENTS
    assert monotonic() - began < SECONDS_MAX
    assert place.proxy.ledger.faults(since)["hang"] == 1
    assert broker.stop() == 0
