"""What the peer bench reads of Metadata answers and of Java's tools."""

import struct

import pytest

from peers.children import Failed
from peers.generators import java
from peers.wide import led_partitions

PRODUCED = """\
100 records sent, 50.0 records/sec (0.05 MB/sec), 1.0 ms avg latency, 2.0 ms max latency.
300 records sent, 150.0 records/sec (0.15 MB/sec), 1.0 ms avg latency, 2.0 ms max latency, 1 ms 50th.

Metric Name                                                            Value
app-info:version:{client-id=perf-producer-client}                    : 4.3.1
producer-metrics:batch-size-avg:{client-id=perf-producer-client}     : 15555.363
producer-metrics:request-total:{client-id=perf-producer-client}      : 284.000
"""


def string(text: str) -> bytes:
    return struct.pack(">h", len(text)) + text.encode()


def partition(error: int, leader: int) -> bytes:
    return struct.pack(">hii", error, 0, leader) + struct.pack(">ii", 1, 1) * 2 + struct.pack(">i", 0)


def test_partitions_count_that_have_a_leader_and_no_error() -> None:
    broker = struct.pack(">i", 1) + string("localhost") + struct.pack(">i", 9092) + struct.pack(">h", -1)
    partitions = partition(0, 1) + partition(5, -1) + partition(0, 1)
    topic = struct.pack(">h", 0) + string("wide") + b"\x00" + struct.pack(">i", 3) + partitions
    head = struct.pack(">iii", 1, 0, 1) + broker + struct.pack(">hi", -1, 1)
    assert led_partitions(memoryview(head + struct.pack(">i", 2) + topic * 2)) == 4


def test_a_producer_in_java_says_its_result_last_and_then_the_shape_of_its_requests() -> None:
    told = java.produced(PRODUCED)
    assert told == {"records": 300, "seconds": 2.0, "requests": 284.0, "batch_bytes": 15555.363}


def test_a_consumer_in_java_says_its_time_of_fetching() -> None:
    told = java.fetched(
        "WARN x\n2026-11-28 11:00, 2026-11-28 11:01, 256.0, 85.3, 262144, 873.8, 400, 1500, 170.6, 1.7\n"
    )
    assert told == {"records": 262144, "seconds": 1.5}


@pytest.mark.parametrize("read", [java.produced, java.fetched])
def test_a_tool_that_says_nothing_has_failed(read: object) -> None:
    with pytest.raises(Failed):
        read("Exception in thread main")
