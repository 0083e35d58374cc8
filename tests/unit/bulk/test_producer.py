"""The producer against brokers and a network that fail at random: each batch once, in order."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from clients.batches import build_batch
from skylog.bulk.delivery import Delivery
from skylog.bulk.producer import Producer
from skylog.errors import Unavailable
from skylog.wire.codes import ErrorCode, KafkaError
from virtual import in_virtual_time

from .cluster import TOPIC, FakeCluster, Trouble

PARTITIONS, BATCHES = 4, 40


def _batch(producer: Producer, sequence: int, records: int = 2) -> bytes:
    values = [b"%d" % (sequence + n) for n in range(records)]
    return build_batch(
        values, producer_id=producer.producer_id, epoch=producer.producer_epoch, sequence=sequence
    )


async def _send_all(producer: Producer, batches: int = BATCHES) -> dict[int, list[int]]:
    """Send to all partitions at once; return the offsets that were acknowledged."""
    partitions = range(producer.partition_count)
    places = [(partition, 2 * number) for number in range(batches) for partition in partitions]
    acks = await asyncio.gather(*(producer.send(each, _batch(producer, first)) for each, first in places))
    return {each: [ack.base_offset for ack in acks if ack.partition == each] for each in partitions}


TROUBLES: dict[str, dict[str, float]] = {
    "a good network": {},
    "connections that break": {"cut": 0.2},
    "leaders that move": {"move": 0.1},
    "refusals": {"refuse": 0.3},
    "acknowledgements that fail after the append": {"refuse_after_append": 0.3},
    "all at once": {"cut": 0.1, "move": 0.05, "refuse": 0.1, "refuse_after_append": 0.1},
}


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
@in_virtual_time
async def test_each_batch_is_written_once_and_in_order(trouble: dict[str, float], seed: int) -> None:
    cluster = FakeCluster(PARTITIONS, Trouble(seed, **trouble))
    async with Producer(cluster, TOPIC.name) as producer:
        offsets = await _send_all(producer)
        assert (producer.retries > 0) == bool(trouble)
        assert producer.unacknowledged_bytes == 0
    expected = [(2 * number, 2 * number) for number in range(BATCHES)]
    assert {partition: log.batches for partition, log in cluster.logs.items()} == dict.fromkeys(
        range(PARTITIONS), expected
    )
    assert offsets == {partition: [offset for _, offset in expected] for partition in range(PARTITIONS)}


@in_virtual_time
async def test_requests_hold_many_partitions_and_each_only_once() -> None:
    cluster = FakeCluster(8)
    async with Producer(cluster, TOPIC.name) as producer:
        await _send_all(producer, 3)
    named = [
        [each["index"] for each in request["topic_data"][0]["partition_data"]] for request in cluster.requests
    ]
    assert all(len(set(partitions)) == len(partitions) for partitions in named)
    assert max(len(partitions) for partitions in named) == 4  # each of two nodes leads half of them


@in_virtual_time
async def test_a_refusal_for_good_says_where_how_much_and_what_to_do() -> None:
    cluster = FakeCluster(PARTITIONS)
    async with Producer(cluster, TOPIC.name) as producer:
        await _send_all(producer, 2)
        cluster.errors[3] = ErrorCode.MESSAGE_TOO_LARGE
        with pytest.raises(KafkaError) as caught:
            await producer.send(3, _batch(producer, 4))
        assert caught.value.code is ErrorCode.MESSAGE_TOO_LARGE
        assert str(caught.value) == (
            "topic 'fake' partition 3: 2 records (sequences 4 to 5) after offset 3: MESSAGE_TOO_LARGE;"
            " lower max_batch_bytes, or raise the topic's max.message.bytes"
        )
        with pytest.raises(KafkaError):
            await producer.send(0, _batch(producer, 4))


@in_virtual_time
async def test_a_gap_that_no_failure_explains_is_data_loss() -> None:
    cluster = FakeCluster(1)
    async with Producer(cluster, TOPIC.name) as producer:
        await producer.send(0, _batch(producer, 0))
        cluster.logs[0].next_sequence = 0
        with pytest.raises(KafkaError, match="OUT_OF_ORDER_SEQUENCE_NUMBER; the broker lacks batches"):
            await producer.send(0, _batch(producer, 2))


@in_virtual_time
async def test_what_the_broker_had_long_before_is_acknowledged_without_an_offset() -> None:
    cluster = FakeCluster(1)
    async with Producer(cluster, TOPIC.name) as producer:
        cluster.errors[0] = ErrorCode.DUPLICATE_SEQUENCE_NUMBER
        assert (await producer.send(0, _batch(producer, 0))).base_offset == -1


@in_virtual_time
async def test_waiting_ends_with_what_was_wrong() -> None:
    cluster = FakeCluster(2)
    async with Producer(cluster, TOPIC.name, Delivery(timeout_s=20)) as producer:
        cluster.errors[1] = ErrorCode.NOT_ENOUGH_REPLICAS
        start = asyncio.get_running_loop().time()
        with pytest.raises(Unavailable, match=r"partition 1: 2 records .*within 20 s, .*NOT_ENOUGH_REPLICAS"):
            await producer.send(1, _batch(producer, 0))
        assert 20 <= asyncio.get_running_loop().time() - start < 22


@in_virtual_time
async def test_partitions_that_are_well_go_on_beside_one_that_is_not() -> None:
    cluster = FakeCluster(2)
    async with Producer(cluster, TOPIC.name) as producer:
        cluster.errors[1] = ErrorCode.LEADER_NOT_AVAILABLE
        stuck = asyncio.create_task(producer.send(1, _batch(producer, 0)))
        for number in range(20):
            await producer.send(0, _batch(producer, 2 * number))
        assert not stuck.done()
        del cluster.errors[1]
        assert (await stuck).base_offset == 0


@in_virtual_time
async def test_a_partition_without_a_leader_waits_for_one() -> None:
    cluster = FakeCluster(1)
    cluster.leaders[0] = -1
    async with Producer(cluster, TOPIC.name) as producer:
        waiting = asyncio.create_task(producer.send(0, _batch(producer, 0)))
        await asyncio.sleep(3)  # noqa: TID251 - virtual time
        assert not waiting.done()
        cluster.leaders[0] = 2
        assert (await waiting).base_offset == 0


@in_virtual_time
async def test_waits_between_attempts_grow() -> None:
    cluster = FakeCluster(1)
    cluster.errors[0] = ErrorCode.NOT_ENOUGH_REPLICAS
    async with Producer(cluster, TOPIC.name, Delivery(timeout_s=60)) as producer:
        with pytest.raises(Unavailable):
            await producer.send(0, _batch(producer, 0))
    assert 60 < len(cluster.requests) < 140


@pytest.mark.parametrize("partition", [-1, 4])
@in_virtual_time
async def test_partitions_that_there_are_not(partition: int) -> None:
    async with Producer(FakeCluster(4), TOPIC.name) as producer:
        with pytest.raises(ValueError, match="expected a partition of 0 to 3"):
            await producer.send(partition, _batch(producer, 0))


@in_virtual_time
async def test_a_topic_that_was_made_anew_is_not_written_to() -> None:
    cluster = FakeCluster(1)
    async with Producer(cluster, TOPIC.name) as producer:
        cluster.errors[0] = ErrorCode.UNKNOWN_TOPIC_ID
        cluster.topic = _anew  # type: ignore[method-assign]
        with pytest.raises(Exception, match="made anew"):
            await producer.send(0, _batch(producer, 0))


async def _anew(name: str, *, create: bool = False) -> Any:
    return type(TOPIC)(name, bytes(16), {0: 1})
