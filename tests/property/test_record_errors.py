"""Records that are invalid are named in the answer, as two foreign codecs read it."""

import pytest
from kafka.record.default_records import DefaultRecordBatchBuilder
from wire_produce import commit, parse, read, record_errors, seal
from wire_samples import NOW_MS, PRODUCE_VERSIONS, build_batch, produce_message

BATCH = build_batch([b"value"])
BROKEN = BATCH[:-1] + b"?"


def build_partly_keyed(codec: int = 0) -> bytes:
    """Return five records of which the second and the fourth have no key."""
    builder = DefaultRecordBatchBuilder(2, codec, False, -1, -1, -1, 1 << 24)
    for offset in range(5):
        builder.append(offset, NOW_MS, None if offset % 2 else b"key", b"value", [])
    return bytes(builder.build())


@pytest.mark.parametrize("codec", range(5))
@pytest.mark.parametrize("version", [version for version in PRODUCE_VERSIONS if version >= 8])
def test_invalid_records_are_named(version: int, codec: int) -> None:
    topics = [("compacted", [(0, BATCH), (1, build_partly_keyed(codec)), (2, BROKEN)])]
    request = parse(produce_message(version, topics))
    (response,) = commit(seal(request))
    (topic,) = read(response, version).responses
    good, partly, broken = topic.partition_responses
    assert [part.error_code for part in topic.partition_responses] == [0, 87, 2]
    assert [index for index, _ in record_errors(partly)] == [1, 3]
    assert all("key" in message for _, message in record_errors(partly))
    assert record_errors(good) == record_errors(broken) == []


def test_times_out_of_bounds_decide_over_the_code() -> None:
    builder = DefaultRecordBatchBuilder(2, 0, False, -1, -1, -1, 1 << 24)
    for offset, (key, time) in enumerate([(None, NOW_MS), (b"key", NOW_MS + 3_600_001), (b"key", NOW_MS)]):
        builder.append(offset, time, key, b"value", [])
    response = parse(produce_message(9, [("compacted", [(0, bytes(builder.build()))])])).response()
    (part,) = read(response, 9).responses[0].partition_responses
    assert part.error_code == 32
    assert [index for index, _ in record_errors(part)] == [0, 1]


def test_the_records_that_one_answer_names_are_bounded() -> None:
    batch = build_batch([b""] * 3_000, key=None, codec=1)
    response = parse(produce_message(9, [("compacted", [(part, batch) for part in range(4)])])).response()
    parts = read(response, 9).responses[0].partition_responses
    assert [part.error_code for part in parts] == [87] * 4
    assert [len(part.record_errors) for part in parts] == [3_000, 1_096, 0, 0]
