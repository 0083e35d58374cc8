"""What skylog writes other clients' record classes read, and the other way round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.drivers.base import CODECS, Record
from interop import ours
from interop.rivals import RIVALS, Rival
from interop.samples import SAMPLES, TIME_MS, rows

PAIRS = [pytest.param(rival, codec, id=f"{rival.name}-{codec}") for rival in RIVALS for codec in rival.codecs]
names = st.text(max_size=8)
payloads = (
    st.none()
    | st.binary(max_size=40)
    | st.builds(bytes.__mul__, st.binary(max_size=8), st.integers(0, 9_000))
)
whole_seconds = st.integers(-5_000, 5_000).map(lambda seconds: TIME_MS + 1_000 * seconds)
"""kio knows no others."""
record_lists = st.lists(
    st.builds(
        Record,
        key=payloads,
        value=payloads,
        headers=st.lists(st.tuples(names, st.none() | st.binary(max_size=20)), max_size=4).map(tuple),
        timestamp_ms=whole_seconds,
    ),
    min_size=1,
    max_size=20,
)


def writable(rival: Rival, records: Sequence[Record]) -> list[Record]:
    """Records as a rival can write them."""
    if rival.null_headers:
        return list(records)
    return [replace(it, headers=tuple((name, value or b"") for name, value in it.headers)) for it in records]


@pytest.mark.parametrize(("rival", "codec"), PAIRS)
@settings(max_examples=40)
@given(records=record_lists, base_offset=st.integers(0, 2**40))
def test_a_rival_reads_what_we_write(
    rival: Rival, codec: str, records: list[Record], base_offset: int
) -> None:
    batches = ours.write(records, codec, base_offset=base_offset)
    assert rival.read(batches) == rows(records, base_offset)


@pytest.mark.parametrize(("rival", "codec"), PAIRS)
@settings(max_examples=40)
@given(records=record_lists)
def test_we_read_what_a_rival_writes(rival: Rival, codec: str, records: list[Record]) -> None:
    records = writable(rival, records)
    assert ours.read(rival.write(records, codec)) == rows(records)


@pytest.mark.parametrize(("rival", "codec"), [pair for pair in PAIRS if "kio" not in str(pair.id)])
@pytest.mark.parametrize("name", SAMPLES)
def test_batches_of_several_blocks_pass_both_ways(rival: Rival, codec: str, name: str) -> None:
    assert rival.read(ours.write(SAMPLES[name], codec)) == rows(SAMPLES[name])
    records = writable(rival, SAMPLES[name])
    assert ours.read(rival.write(records, codec)) == rows(records)


@pytest.mark.parametrize("codec", CODECS)
def test_several_batches_in_one_piece_are_read_to_the_end(codec: str) -> None:
    records = SAMPLES["small"]
    batches = ours.write(records, codec, max_batch_bytes=4_096)
    assert len(batches) > 3 * 4_096
    for rival in RIVALS:
        if codec in rival.codecs and rival.name != "kio":
            assert rival.read(batches) == rows(records), rival.name
    assert ours.read(batches) == rows(records)


def test_without_records_there_are_no_batches() -> None:
    assert ours.write([], "none") == b""
    assert ours.read(b"") == []
