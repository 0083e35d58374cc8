"""Sequence numbers and duplicates, with hand-built batches and with real clients behind a bad network."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clients.batches import batch_heads, build_batch
from clients.conftest import FOREIGN, NewTopic
from clients.drivers import GroupDriver
from clients.drivers.base import Record
from clients.proxy import CuttingProxy
from clients.raw import Connection, produce_request

OUT_OF_ORDER, INVALID_EPOCH, INVALID_RECORD = 45, 47, 87
SEQUENCES = 1 << 31


@pytest.fixture
def connection(bootstrap: str) -> Iterator[Connection]:
    with Connection(bootstrap) as connection:
        yield connection


class Sender:
    """A producer of hand-built batches to one partition."""

    def __init__(self, connection: Connection, topic: str) -> None:
        self.connection = connection
        self.topic = topic
        self.producer_id, self.epoch = connection.new_producer()

    def send(self, sequence: int, count: int = 1, *, epoch: int | None = None) -> tuple[int, int]:
        """Send a batch; return the error code and the base offset of the answer."""
        batch = build_batch(
            [b"%d" % (sequence + n) for n in range(count)],
            producer_id=self.producer_id,
            epoch=self.epoch if epoch is None else epoch,
            sequence=sequence,
        )
        answer = self.connection.produce(self.topic, 0, batch)
        return answer.error_code, answer.base_offset


@pytest.fixture
def sender(connection: Connection, new_topic: NewTopic) -> Sender:
    return Sender(connection, new_topic("sequences"))


def test_producer_ids_differ(connection: Connection) -> None:
    producers = [connection.new_producer() for _ in range(20)]
    assert len({producer_id for producer_id, _ in producers}) == 20
    assert {epoch for _, epoch in producers} == {0}


def test_a_repeated_batch_is_answered_with_its_first_offset_and_not_written_again(sender: Sender) -> None:
    assert sender.send(0, 3) == (0, 0)
    assert sender.send(3, 2) == (0, 3)
    assert sender.send(0, 3) == (0, 0)
    assert sender.send(3, 2) == (0, 3)
    assert sender.connection.end_offset(sender.topic, 0) == 5
    assert sender.send(5) == (0, 5)


def test_five_batches_are_remembered(sender: Sender) -> None:
    for sequence in range(6):
        assert sender.send(sequence) == (0, sequence)
    for sequence in range(1, 6):
        assert sender.send(sequence) == (0, sequence)
    assert sender.send(0)[0] == OUT_OF_ORDER
    assert sender.connection.end_offset(sender.topic, 0) == 6


def test_a_gap_is_refused_and_the_missing_batch_still_fits(sender: Sender) -> None:
    assert sender.send(0) == (0, 0)
    assert sender.send(2)[0] == OUT_OF_ORDER
    assert sender.send(1) == (0, 1)
    assert sender.send(2) == (0, 2)


def test_a_batch_that_overlaps_another_one_is_refused(sender: Sender) -> None:
    assert sender.send(0, 3) == (0, 0)
    assert sender.send(1, 3)[0] == OUT_OF_ORDER
    assert sender.send(0, 2)[0] == OUT_OF_ORDER
    assert sender.connection.end_offset(sender.topic, 0) == 3


def test_a_new_epoch_starts_at_zero_and_fences_the_old_one(sender: Sender) -> None:
    assert sender.send(0, 2) == (0, 0)
    assert sender.send(2, epoch=1)[0] == OUT_OF_ORDER
    assert sender.send(0, epoch=1) == (0, 2)
    assert sender.send(2, epoch=0)[0] == INVALID_EPOCH
    assert sender.send(1, epoch=1) == (0, 3)


def test_sequences_go_on_at_zero_after_the_highest(sender: Sender) -> None:
    assert sender.send(SEQUENCES - 3, 2) == (0, 0)
    assert sender.send(SEQUENCES - 1, 3) == (0, 2)
    assert sender.send(2) == (0, 5)
    assert sender.send(SEQUENCES - 1, 3) == (0, 2)


def test_sequences_are_counted_by_partition_and_by_producer(
    connection: Connection, new_topic: NewTopic
) -> None:
    topic = new_topic("sequences", partitions=2)
    first, second = connection.new_producer(), connection.new_producer()
    for producer_id, epoch in (first, second):
        for partition in (0, 1):
            batch = build_batch([b"x"], producer_id=producer_id, epoch=epoch, sequence=0)
            assert connection.produce(topic, partition, batch).error_code == 0
    assert [connection.end_offset(topic, partition) for partition in (0, 1)] == [2, 2]


def test_pipelined_batches_and_their_repetition_keep_order(sender: Sender) -> None:
    requests = [_request(sender, sequence) for sequence in (0, 1, 2, 2, 1, 3)]
    sender.connection.send_all(requests)
    answers = [sender.connection.receive()[1].responses[0].partition_responses[0] for _ in requests]
    assert [answer.error_code for answer in answers] == [0] * 6
    assert [answer.base_offset for answer in answers] == [0, 1, 2, 2, 1, 3]
    assert sender.connection.end_offset(sender.topic, 0) == 4


def test_a_gap_in_a_pipeline_fails_what_comes_after_it_until_it_is_filled(sender: Sender) -> None:
    sender.connection.send_all([_request(sender, sequence) for sequence in (0, 2, 3, 1, 2)])
    answers = [sender.connection.receive()[1].responses[0].partition_responses[0] for _ in range(5)]
    assert [answer.error_code for answer in answers] == [0, OUT_OF_ORDER, OUT_OF_ORDER, 0, 0]
    assert sender.connection.end_offset(sender.topic, 0) == 3


def test_a_producer_without_a_sequence_is_refused(connection: Connection, new_topic: NewTopic) -> None:
    producer_id, epoch = connection.new_producer()
    batch = build_batch([b"x"], producer_id=producer_id, epoch=epoch, sequence=-1)
    assert connection.produce(new_topic(), 0, batch).error_code == INVALID_RECORD


@pytest.mark.skipif(bool(FOREIGN), reason="needs a broker that advertises the proxy")
def test_clients_whose_answers_get_lost_write_each_record_once(library: GroupDriver) -> None:
    import skylog
    from skylog.config import Config, ServerConfig

    with CuttingProxy(cuts=4, api_key=0) as proxy:
        server = ServerConfig(port=0, advertised_host=proxy.host, advertised_port=proxy.port)
        with skylog.Broker(config=Config(server=server)) as embedded:
            proxy.forward_to(("127.0.0.1", embedded.broker.port))
            records = [Record(None, b"%d" % n) for n in range(3000)]
            library.produce(proxy.bootstrap, "lossy", records, idempotent=True)
            assert proxy.cuts_left == 0
            received = library.consume(proxy.bootstrap, "lossy", 3000)
            with Connection(proxy.bootstrap) as connection:
                assert connection.end_offset("lossy", 0) == 3000
                assert batch_heads(connection.fetch("lossy", 0, 0))[0].producer_id >= 0
    assert [item.value for item in received] == [record.value for record in records]


def _request(sender: Sender, sequence: int) -> object:
    batch = build_batch(
        [b"%d" % sequence], producer_id=sender.producer_id, epoch=sender.epoch, sequence=sequence
    )
    return produce_request({(sender.topic, 0): batch})
