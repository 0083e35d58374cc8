"""Segments of the core, read by a plain reader that knows only the page on the format; and found by time."""

from __future__ import annotations

import struct
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.batch import Record, encode
from oracle.checksum import crc32c as plain_crc32c
from oracle.produce import NOW_MS, seal
from oracle.segment_reader import FOOTER_HEAD, HEADER, TRAILER, SegmentError, read_segment
from skylog.core import (
    crc32c,
    crc32c_combine,
    find_max_timestamp,
    find_timestamp,
    segment_batches,
    segment_summary,
    verify_segment,
)
from skylog.errors import Corrupt


class Produced(NamedTuple):
    """A batch, where it goes, and the times of its records."""

    topic_id: bytes
    partition: int
    batch: bytes
    times: list[int]


times = st.lists(st.integers(0, 40), min_size=1, max_size=6).map(
    lambda deltas: [NOW_MS + delta for delta in deltas]
)


@st.composite
def produced(draw: st.DrawFn) -> Produced:
    records = [Record(time, b"key", draw(st.binary(max_size=20))) for time in draw(times)]
    producer = draw(st.sampled_from([(-1, -1, -1), (5, 0, 0), (2**40, 3, 2**31 - 1)]))
    stated = draw(st.none() | st.integers(-1, NOW_MS + 50))
    batch = encode(records, codec=draw(st.integers(0, 4)), max_timestamp=stated, producer=producer)
    topic_id = bytes([draw(st.integers(1, 3))]) * 16
    return Produced(topic_id, draw(st.integers(0, 2)), batch, [record.timestamp for record in records])


segments = st.lists(produced(), max_size=8)


def pack(batches: list[Produced], created_ms: int = NOW_MS) -> bytes:
    return seal([(each.topic_id, each.partition, each.batch) for each in batches], created_ms=created_ms).data


@given(segments, st.integers(0, 2**60))
def test_the_plain_reader_finds_what_was_packed(batches: list[Produced], created_ms: int) -> None:
    data = pack(batches, created_ms)
    segment = read_segment(data)
    assert (segment.created_ms, segment.segment_id) == (created_ms, bytes(16))
    first_seen = list(dict.fromkeys((each.topic_id, each.partition) for each in batches))
    assert [(log.topic_id, log.partition) for log in segment.logs] == first_seen
    for log in segment.logs:
        of_log = [
            each for each in batches if (each.topic_id, each.partition) == (log.topic_id, log.partition)
        ]
        assert len(log.batches) == len(of_log)
        for batch, source in zip(log.batches, of_log, strict=True):
            bytes_of_batch = data[batch.position : batch.position + batch.size]
            assert bytes_of_batch[61:] == source.batch[61:]
            assert (batch.max_timestamp, batch.records) == (max(source.times), len(source.times))


@given(segments)
def test_core_and_plain_reader_say_the_same(batches: list[Produced]) -> None:
    data = pack(batches)
    plain, summary = read_segment(data), segment_summary(data)
    assert verify_segment(data) == sum(len(log.batches) for log in plain.logs)
    assert (summary["version"], summary["kind"], summary["size"]) == (1, "shared", len(data))
    for place, (log, said) in enumerate(zip(plain.logs, summary["logs"], strict=True)):  # type: ignore[call-overload]
        assert said == {name: getattr(log, name) for name in said} | {"batches": len(log.batches)}
        for batch, facts in zip(log.batches, segment_batches(data, place), strict=True):
            shared = facts.keys() & vars(batch).keys()
            assert len(shared) == 11
            assert {name: facts[name] for name in shared} == {name: getattr(batch, name) for name in shared}


COLUMNS = [(16, "L"), *[(8, "L")] * 4, *[(8, "B")] * 3, (4, "L"), (4, "L"), (4, "B"), (1, "L")]
"""Width, and whether a value belongs to a log or to a batch."""


def column_values(footer: bytes) -> list[tuple[int, list[int]]]:
    """Return the width and the places of all values of each column."""
    counts = dict(zip("LB", FOOTER_HEAD.unpack_from(footer)[4:], strict=True))
    columns, at = [], FOOTER_HEAD.size
    for width, each in COLUMNS:
        columns.append((width, [at + width * index for index in range(counts[each])]))
        at += width * counts[each]
    return columns


@st.composite
def tampered(draw: st.DrawFn) -> bytes:
    """A segment with its index or ends changed, under checksums that are true again."""
    data = bytearray(pack(draw(segments)))
    end = len(data) - TRAILER.size
    footer = end - struct.unpack_from("<I", data, end)[0]
    columns = [column for column in column_values(bytes(data[footer:end])) if column[1]]
    for _ in range(draw(st.integers(1, 3))):
        if columns and draw(st.booleans()):
            width, values = draw(st.sampled_from(columns))
            source, target = (footer + draw(st.sampled_from(values)) for _ in range(2))
            data[target : target + width] = data[source : source + width]
            data[target + draw(st.integers(0, width - 1))] ^= draw(st.sampled_from([0, 0, 1, 0x80]))
        else:
            parts = [range(HEADER.size - 4), range(footer, footer + FOOTER_HEAD.size), range(footer, end)]
            parts += [range(end - 4, end), range(end, end + 8), range(end + 12, len(data))]
            place = draw(st.sampled_from(draw(st.sampled_from(parts))))
            data[place] = draw(
                st.integers(0, 255) | st.sampled_from([data[place] ^ bit for bit in (1, 2, 0x80)])
            )
    return reseal(data)


def reseal(data: bytearray) -> bytes:
    struct.pack_into("<I", data, HEADER.size - 4, plain_crc32c(bytes(data[: HEADER.size - 4])))
    end = len(data) - TRAILER.size
    size = struct.unpack_from("<I", data, end)[0]
    if FOOTER_HEAD.size <= size <= end - HEADER.size:
        struct.pack_into("<I", data, end + 8, plain_crc32c(bytes(data[end - size : end + 8])))
    return bytes(data)


@given(tampered())
def test_core_and_plain_reader_refuse_the_same(data: bytes) -> None:
    try:
        read_segment(data)
    except SegmentError:
        with pytest.raises(Corrupt):
            verify_segment(data)
    else:
        verify_segment(data)


@given(segments, st.integers(0, 10**9), st.integers(0, 255))
def test_no_changed_byte_goes_unnoticed(batches: list[Produced], place: int, value: int) -> None:
    data = bytearray(pack(batches))
    place %= len(data)
    changed = data[place] != value
    data[place] = value
    free = any(
        batch.position <= place < batch.position + 8 or batch.position + 12 <= place < batch.position + 16
        for log in read_segment(pack(batches)).logs
        for batch in log.batches
    )
    if changed and not free:
        with pytest.raises(Corrupt):
            verify_segment(bytes(data))
    else:
        verify_segment(bytes(data))


@given(segments.filter(bool), st.integers(-1, NOW_MS + 50), st.integers(0, 2**50))
def test_times_lead_to_the_record_that_a_scan_finds(
    batches: list[Produced], wanted: int, base_offset: int
) -> None:
    data = pack(batches)
    for log in read_segment(data).logs:
        of_log = [
            each for each in batches if (each.topic_id, each.partition) == (log.topic_id, log.partition)
        ]
        records = list(enumerate((time for each in of_log for time in each.times), base_offset))
        found = find_timestamp(data, log.position, log.size, base_offset, -1, wanted)
        assert found == next((record for record in records if record[1] >= wanted), None)
        highest = find_max_timestamp(data, log.position, log.size, base_offset, -1)
        assert highest == max(records, key=lambda record: (record[1], -record[0]))


@given(st.binary(max_size=600), st.integers(0, 600))
def test_checksums_are_those_of_a_table_and_a_loop(data: bytes, cut: int) -> None:
    first, second = data[:cut], data[cut:]
    whole = plain_crc32c(data)
    assert crc32c(data) == crc32c(memoryview(data)) == whole
    assert crc32c(second, crc32c(first)) == whole
    assert crc32c_combine(crc32c(first), crc32c(second), len(second)) == whole
