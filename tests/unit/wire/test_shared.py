"""Rows that are encoded once and stand in many answers."""

from __future__ import annotations

from typing import Any

import pytest

from skylog.errors import InvalidRequest
from skylog.wire.codec import encode_response
from skylog.wire.shared import ENCODINGS_MAX, SharedRows

METADATA, DESCRIBE_TOPIC_PARTITIONS = 3, 75


def partition(index: int) -> dict[str, Any]:
    return {"partition_index": index, "leader_id": 7, "replica_nodes": [7, 8], "isr_nodes": [7]}


def answer(partitions: list[dict[str, Any]]) -> dict[str, Any]:
    topics = [{"name": name, "topic_id": bytes(16), "partitions": partitions} for name in ("a", "b")]
    return {"cluster_id": "c", "topics": topics}


@pytest.mark.parametrize("version", range(14))
def test_shared_rows_are_written_as_any_other(version: int) -> None:
    rows = [partition(index) for index in range(300)]
    plain = encode_response(METADATA, version, 1, answer(rows))
    shared = answer(SharedRows(rows))
    for _ in range(2):
        assert encode_response(METADATA, version, 1, shared) == plain
    nested = {"cluster_id": "c", "topics": SharedRows(shared["topics"])}
    for _ in range(2):
        assert encode_response(METADATA, version, 1, nested) == plain


def test_shared_rows_are_looked_at_once() -> None:
    rows = SharedRows([partition(0)])
    first = encode_response(METADATA, 12, 1, answer(rows))
    rows[0]["leader_id"] = "no number"
    assert encode_response(METADATA, 12, 1, answer(rows)) == first
    with pytest.raises(InvalidRequest, match=r"topics\.partitions"):
        encode_response(METADATA, 11, 1, answer(rows))


def test_the_same_rows_in_other_messages_are_written_as_these_want_them() -> None:
    rows = SharedRows([partition(0)])
    for key, version in ((METADATA, 12), (DESCRIBE_TOPIC_PARTITIONS, 0), (METADATA, 4)):
        topics = [{"name": "a", "topic_id": bytes(16), "partitions": rows}]
        plain = [{**topics[0], "partitions": list(rows)}]
        shared = encode_response(key, version, 1, {"topics": topics})
        assert shared == encode_response(key, version, 1, {"topics": plain})
    assert len(rows.encoded) == 3


def test_rows_that_cannot_be_written_leave_nothing_behind() -> None:
    rows = SharedRows([partition(0), {"partition_index": "none"}])
    for _ in range(2):
        with pytest.raises(InvalidRequest, match=r"topics\.partitions"):
            encode_response(METADATA, 12, 1, answer(rows))
    assert rows.encoded == {}


def test_only_so_many_forms_are_kept_the_oldest_goes_first() -> None:
    rows = SharedRows([partition(0)])
    for version in range(14):
        encode_response(METADATA, version, 1, answer(rows))
    assert len(rows.encoded) == ENCODINGS_MAX
    assert [place.split()[1] for place in rows.encoded] == [f"v{version}" for version in range(6, 14)]
