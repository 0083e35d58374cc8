from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylog.errors import InvalidRequest
from skylog.storage.keys import SEGMENT_PREFIX, SEGMENT_SHARDS, SegmentKey, check_key

keys = st.builds(
    SegmentKey,
    st.integers(0, 10**13 - 1),
    st.integers(0, 2**31 - 1),
    st.integers(0, 2**63 - 1),
    st.binary(min_size=16, max_size=16),
)

EXAMPLE = SegmentKey(1_763_899_999_123, 1, 42, bytes.fromhex("7d0c" + "00" * 13 + "e1"))
EXAMPLE_NAME = "segments/7/1763899999123-1-42-7d0c" + "00" * 13 + "e1"


def test_a_segment_key_reads_as_documented() -> None:
    assert EXAMPLE.build() == EXAMPLE_NAME
    assert SegmentKey.parse(EXAMPLE_NAME) == EXAMPLE


@given(keys)
def test_every_key_survives_the_round_trip_and_is_a_valid_name(key: SegmentKey) -> None:
    name = key.build()
    assert check_key(name) == name
    assert SegmentKey.parse(name) == key


@given(st.lists(keys, min_size=2, max_size=20))
def test_names_of_a_shard_sort_by_creation_time(found: list[SegmentKey]) -> None:
    for shard in SEGMENT_SHARDS:
        names = sorted(key.build() for key in found if key.build().startswith(shard))
        times = [SegmentKey.parse(name).created_ms for name in names]
        assert times == sorted(times)


@given(keys)
def test_every_name_lies_in_exactly_one_shard(key: SegmentKey) -> None:
    name = key.build()
    assert name.startswith(SEGMENT_PREFIX)
    assert sum(name.startswith(shard) for shard in SEGMENT_SHARDS) == 1


@pytest.mark.parametrize(
    "name",
    [
        "",
        "segments/",
        EXAMPLE_NAME + "\n",
        EXAMPLE_NAME + "0",
        EXAMPLE_NAME[:-1],
        "x" + EXAMPLE_NAME,
        EXAMPLE_NAME.replace("/7/", "/8/"),
        EXAMPLE_NAME.replace("/7/", "/"),
        EXAMPLE_NAME.replace("7d0c", "7D0C"),
        EXAMPLE_NAME.replace("1763899999123", "763899999123"),
        EXAMPLE_NAME.replace("1763899999123", "11763899999123"),
        EXAMPLE_NAME.replace("-1-42-", "-01-42-"),
        EXAMPLE_NAME.replace("-1-42-", "-1--42-"),
        EXAMPLE_NAME.replace("-1-42-", "-2147483648-42-"),
        EXAMPLE_NAME.replace("-1-42-", "-1-9223372036854775808-"),
        EXAMPLE_NAME.replace("-1-42-", f"-1-{'9' * 100_000}-"),
        EXAMPLE_NAME.replace("-1-42-", "-١-42-"),
    ],
)
def test_foreign_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="segment key"):
        SegmentKey.parse(name)


@given(
    st.text(max_size=100) | st.from_regex(r"segments/[0-9a-f]/[0-9]*-[0-9]*-[0-9]*-[0-9a-f]*", fullmatch=True)
)
def test_parsing_accepts_only_what_building_makes(name: str) -> None:
    try:
        key = SegmentKey.parse(name)
    except InvalidRequest:
        return
    assert key.build() == name


@pytest.mark.parametrize(
    ("created_ms", "broker_id", "broker_epoch", "segment_id", "field"),
    [
        (-1, 0, 0, bytes(16), "created_ms"),
        (10**13, 0, 0, bytes(16), "created_ms"),
        (0, -1, 0, bytes(16), "broker_id"),
        (0, 2**31, 0, bytes(16), "broker_id"),
        (0, 0, -1, bytes(16), "broker_epoch"),
        (0, 0, 0, bytes(15), "segment_id"),
    ],
)
def test_values_out_of_range_are_refused(
    created_ms: int, broker_id: int, broker_epoch: int, segment_id: bytes, field: str
) -> None:
    with pytest.raises(InvalidRequest, match=field):
        SegmentKey(created_ms, broker_id, broker_epoch, segment_id)
