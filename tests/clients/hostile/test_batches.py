"""Batches that are wrong in one way each; their neighbours are right."""

from __future__ import annotations

import zlib
from uuid import UUID

import pytest

from clients.batches import build_batch, build_raw_batch
from clients.hostile.victim import MIB, Victim
from clients.raw import Connection, fetch_request, frame, produce_by_id, produce_request
from clients.seeds import seeded

CORRUPT, UNKNOWN_TOPIC, INVALID_ACKS, INVALID_RECORD, UNKNOWN_TOPIC_ID = 2, 3, 21, 87, 100

WRONG_BATCHES = {
    "crc": (build_batch([b"x"], crc=0xDEADBEEF), CORRUPT),
    "length too small": (build_batch([b"x"], length=20), CORRUPT),
    "count": (build_batch([b"x"], count=2), INVALID_RECORD),
    "count zero": (build_batch([b"x"], count=0), INVALID_RECORD),
    "last offset delta": (build_batch([b"x", b"y"], last_offset_delta=5), INVALID_RECORD),
    "base offset": (build_batch([b"x"], base_offset=7), INVALID_RECORD),
    "control batch": (build_batch([b"x"], attributes=0x20), INVALID_RECORD),
    "two batches": (build_batch([b"x"]) + build_batch([b"y"]), INVALID_RECORD),
    "no batch": (b"", INVALID_RECORD),
}


@pytest.mark.parametrize("wrong", WRONG_BATCHES)
def test_a_wrong_batch_is_refused_and_its_neighbour_is_not(victim: Victim, wrong: str) -> None:
    batch, code = WRONG_BATCHES[wrong]
    request = produce_request({(victim.topic, 0): batch, (victim.topic, 1): build_batch([b"right"])})
    with Connection(victim.bootstrap) as connection:
        before = [connection.end_offset(victim.topic, partition) for partition in (0, 1)]
        answers = connection.ask(request).responses[0].partition_responses
        assert {answer.index: answer.error_code for answer in answers} == {0: code, 1: 0}
        assert connection.end_offset(victim.topic, 0) == before[0]
        assert connection.end_offset(victim.topic, 1) == before[1] + 1


@pytest.mark.parametrize("magic", [0, 1, 3, -1])
def test_other_magics_are_refused(victim: Victim, magic: int) -> None:
    with Connection(victim.bootstrap) as connection:
        answer = connection.produce(victim.topic, 0, build_batch([b"x"], magic=magic))
        assert (
            answer.error_code == INVALID_RECORD
            if magic in (0, 1)
            else answer.error_code in (CORRUPT, INVALID_RECORD)
        )


def test_records_that_do_not_fill_their_batch_are_refused(victim: Victim) -> None:
    random = seeded("records")
    with Connection(victim.bootstrap) as connection:
        before = connection.end_offset(victim.topic, 0)
        for size in (0, 1, 5, 100):
            batch = build_raw_batch(b"\xff" + random.randbytes(size), 3)
            assert connection.produce(victim.topic, 0, batch).error_code != 0
        assert connection.end_offset(victim.topic, 0) == before


@pytest.mark.parametrize("codec", [1, 2, 3, 4, 5, 7])
def test_garbage_in_place_of_compressed_records_is_refused(victim: Victim, codec: int) -> None:
    with Connection(victim.bootstrap) as connection:
        before = connection.end_offset(victim.topic, 0)
        batch = build_raw_batch(seeded("garbage").randbytes(500), 5, attributes=codec)
        assert connection.produce(victim.topic, 0, batch).error_code != 0
        assert connection.end_offset(victim.topic, 0) == before


def test_a_decompression_bomb_is_refused_without_unpacking_it_into_memory(victim: Victim) -> None:
    """1 GiB of zeros behind 1 MiB of gzip that claims to hold one record."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(MIB)) for _ in range(900)) + packer.flush()
    assert len(bomb) < 1_000_000
    with Connection(victim.bootstrap) as connection, victim.memory_stays_bounded():
        answer = connection.produce(victim.topic, 0, build_raw_batch(bomb, 1, attributes=1))
        assert answer.error_code != 0


def test_unknown_topics_and_partitions_get_their_errors(victim: Victim) -> None:
    batch = build_batch([b"x"])
    with Connection(victim.bootstrap) as connection:
        assert connection.produce("no-such-topic", 0, batch).error_code == UNKNOWN_TOPIC
        assert connection.produce(victim.topic, 99, batch).error_code == UNKNOWN_TOPIC
        assert connection.produce(victim.topic, -1, batch).error_code == UNKNOWN_TOPIC
        fetched = connection.ask(fetch_request("no-such-topic", 0, 0)).responses[0].partitions[0]
        assert fetched.error_code == UNKNOWN_TOPIC
        by_id = connection.ask(produce_by_id(UUID(int=12345), 0, batch)).responses[0].partition_responses[0]
        assert by_id.error_code == UNKNOWN_TOPIC_ID


def test_unknown_acks_get_their_error(victim: Victim) -> None:
    request = produce_request({(victim.topic, 0): build_batch([b"x"])}, acks=2)
    with Connection(victim.bootstrap) as connection:
        answer = connection.ask(request).responses[0].partition_responses[0]
        assert answer.error_code == INVALID_ACKS


def test_an_unacknowledged_produce_that_fails_closes_the_connection(victim: Victim) -> None:
    request = produce_request({("no-such-topic", 0): build_batch([b"x"])}, acks=0)
    victim.must_close(frame(request))
