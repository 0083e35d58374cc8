"""Produced batches judged by the core and, field by field, by a plain reading of Kafka's rules."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from oracle.batch import (
    HEAD,
    NONE,
    Record,
    RefusedError,
    Rules,
    compress,
    encode,
    encode_records,
    judge,
    reseal,
)
from oracle.produce import NOW_MS, TOPIC_ID, VERSION, error_code, produce, seal
from oracle.segment_reader import read_segment

timestamps = st.integers(NOW_MS - 1_000, NOW_MS + 1_000) | st.just(-1)
short = st.binary(max_size=8)
records = st.lists(
    st.builds(
        Record,
        timestamp=timestamps,
        key=st.none() | short,
        value=st.none() | st.binary(max_size=200),
        headers=st.lists(st.tuples(short, st.none() | short), max_size=3).map(tuple),
    ),
    min_size=1,
    max_size=12,
)
rules = st.builds(
    Rules,
    batch_bytes_max=st.sampled_from([1 << 20, 1 << 20, 150]),
    log_append_time=st.booleans(),
    compacted=st.booleans(),
    timestamp_before_ms_max=st.sampled_from([0, 500, 2**63 - 1]),
    timestamp_after_ms_max=st.sampled_from([0, 500, 2**63 - 1]),
)
codecs = st.integers(0, 4)


def expected_code(batch: bytes, topic: Rules, version: int = VERSION) -> int:
    try:
        judge(batch, topic, version, NOW_MS)
    except RefusedError as refused:
        return refused.code
    return 0


@given(records, codecs, rules, st.sampled_from([3, 6, 7, 8]))
def test_batches_are_taken_or_refused_as_the_rules_say(
    sample: list[Record], codec: int, topic: Rules, version: int
) -> None:
    batch = encode(sample, codec=codec)
    assert error_code(produce(batch, topic, version)) == expected_code(batch, topic, version)


@given(records, codecs, st.none() | st.integers(-(2**63), 2**63 - 1))
def test_the_maximum_timestamp_is_the_records_own(
    sample: list[Record], codec: int, stated: int | None
) -> None:
    batch = encode(sample, codec=codec, max_timestamp=stated)
    (log,) = read_segment(seal([(TOPIC_ID, 0, batch)]).data).logs
    assert log.max_timestamp == judge(batch, Rules(), VERSION, NOW_MS)


FIELDS = [
    "q@0",
    "i@8",
    "i@12",
    "b@16",
    "I@17",
    "h@21",
    "i@23",
    "q@27",
    "q@35",
    "q@43",
    "h@51",
    "i@53",
    "i@57",
]
TRANSACTIONAL = 0x10
"""RefusedError for another reason, before the batch is looked at."""


@given(records, st.sampled_from(FIELDS), st.data(), st.booleans())
def test_heads_with_one_other_field(
    sample: list[Record], field: str, data: st.DataObject, sealed: bool
) -> None:
    code, place = field.split("@")
    width = 8 * struct.calcsize(code)
    low, high = (0, 2**width - 1) if code.isupper() else (-(2 ** (width - 1)), 2 ** (width - 1) - 1)
    value = data.draw(st.integers(low, high) | st.integers(max(low, -3), 70))
    if field == "h@21":
        value &= ~(TRANSACTIONAL | 0x07)
    batch = bytearray(encode(sample))
    struct.pack_into(">" + code, batch, int(place), value)
    changed = reseal(bytes(batch)) if sealed else bytes(batch)
    assert error_code(produce(changed, Rules())) == expected_code(changed, Rules())


@st.composite
def tampered_payload(draw: st.DrawFn) -> tuple[list[Record], bytes]:
    """Records with bytes changed, added or taken away."""
    sample = draw(records)
    payload = bytearray(encode_records(sample, sample[0].timestamp))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(payload)))
        match draw(st.sampled_from(["change", "insert", "remove"])):
            case "change" if place < len(payload):
                payload[place] = draw(st.integers(0, 255))
            case "insert":
                payload[place:place] = draw(st.binary(min_size=1, max_size=3))
            case _:
                del payload[place : place + draw(st.integers(1, 3))]
    return sample, bytes(payload)


@given(tampered_payload(), codecs, rules)
def test_payloads_that_are_not_records(
    tampered: tuple[list[Record], bytes], codec: int, topic: Rules
) -> None:
    sample, payload = tampered
    batch = encode(sample, codec=codec, payload=compress(codec, payload))
    assert error_code(produce(batch, topic)) == expected_code(batch, topic)


@given(records, codecs, st.integers(0, 400), st.binary(max_size=70))
def test_batches_that_are_cut_or_continued(sample: list[Record], codec: int, cut: int, more: bytes) -> None:
    batch = encode(sample, codec=codec)
    for changed in (batch[: min(cut, len(batch) - 1)], batch + more):
        assert error_code(produce(changed, Rules())) == expected_code(changed, Rules())


@given(records, st.integers(0, 2**31 - 1))
def test_a_wrong_bit_under_the_checksum_is_corrupt(sample: list[Record], bit: int) -> None:
    batch = bytearray(encode(sample, codec=NONE))
    place = 23 + bit // 8 % (len(batch) - 23)
    batch[place] ^= 1 << bit % 8
    assert error_code(produce(bytes(batch), Rules())) == 2
    assert len(batch) >= HEAD.size
