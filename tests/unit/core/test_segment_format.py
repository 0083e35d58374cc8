"""The worked example of docs/formats/segment.md, held to what the core writes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from oracle.batch import Record, encode
from oracle.produce import seal
from oracle.segment_reader import read_segment
from skylog.core import segment_batches, segment_summary, verify_segment
from skylog.errors import Corrupt

PAGE = Path(__file__).parents[3] / "docs" / "formats" / "segment.md"
DUMP_LINE = re.compile(r"^([0-9a-f]{4})  ((?:[0-9a-f]{2} )*[0-9a-f]{2})  ", re.MULTILINE)
TOPIC_ID = bytes.fromhex("00112233445566778899aabbccddeeff")
SEGMENT_ID = bytes.fromhex("0f0e0d0c0b0a09080706050403020100")
TIME = 1_700_000_000_000


@pytest.fixture(scope="module")
def example() -> bytes:
    hello = encode([Record(TIME, None, b"hello")])
    headers = ((b"h", b"x"),)
    pair = encode([Record(TIME + 5, b"k", b"one"), Record(TIME + 3, b"k", None, headers)], producer=(7, 0, 0))
    batches = [(TOPIC_ID, 1, hello), (TOPIC_ID, 0, pair)]
    return seal(batches, segment_id=SEGMENT_ID, created_ms=TIME + 250).data


def test_the_dump_on_the_page_is_what_is_written(example: bytes) -> None:
    dump = b""
    for position, line in DUMP_LINE.findall(PAGE.read_text()):
        assert int(position, 16) == len(dump)
        dump += bytes.fromhex(line)
    assert dump == example


def test_the_example_explains_itself(example: bytes) -> None:
    assert segment_summary(example) == {
        "version": 1,
        "kind": "shared",
        "created_ms": TIME + 250,
        "segment_id": SEGMENT_ID,
        "size": 435,
        "logs": [
            {
                "topic_id": TOPIC_ID,
                "partition": partition,
                "position": position,
                "size": size,
                "batches": 1,
                "records": records,
                "max_timestamp": max_timestamp,
                "log_append_time": False,
            }
            for partition, position, size, records, max_timestamp in (
                (1, 40, 73, 1, TIME),
                (0, 113, 84, 2, TIME + 5),
            )
        ],
    }
    (batch,) = segment_batches(example, 1)
    assert batch == batch | {"producer_id": 7, "base_sequence": 0, "records": 2, "compression": "none"}
    assert verify_segment(example) == len(read_segment(example).logs) == 2


def test_a_log_that_is_not_there_is_named(example: bytes) -> None:
    with pytest.raises(Corrupt, match=r"log at position 197: expected an entry of the index, found 2"):
        segment_batches(example, 2)


def test_damage_is_named_with_its_place(example: bytes) -> None:
    damaged = bytearray(example)
    damaged[113 + 70] ^= 1
    with pytest.raises(Corrupt, match=r"batch at position 113: checksum expected 0x0e9e6109, found 0x"):
        verify_segment(memoryview(damaged))
