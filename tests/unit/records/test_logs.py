"""Segments and Fetch responses, whole, into columns; the responses are written by kio."""

from __future__ import annotations

import dataclasses
import importlib
import io
import uuid
from datetime import timedelta
from typing import Any

import pytest
from kio.schema.errors import ErrorCode
from kio.serial import entity_writer

from oracle import records as oracle
from oracle.batch import Record, encode
from oracle.produce import seal
from skylog import records
from skylog.core import parse_fetch_answer
from skylog.errors import SkylogError

VERSIONS = range(4, 19)
TOPIC_ID = uuid.UUID(int=7)


def make(module: Any, name: str, **fields: Any) -> Any:
    """Return an entity with those of the fields that its version has."""
    kind = getattr(module, name)
    known = {field.name for field in dataclasses.fields(kind)}
    return kind(**{key: value for key, value in fields.items() if key in known})


def partition(
    module: Any, index: int, data: bytes, error: int = 0, aborted: tuple[tuple[int, int], ...] = ()
) -> Any:
    transactions = [
        make(module, "AbortedTransaction", producer_id=producer_id, first_offset=first_offset)
        for producer_id, first_offset in aborted
    ]
    tagged: dict[str, Any] = {}
    if hasattr(module, "LeaderIdAndEpoch"):
        tagged["current_leader"] = module.LeaderIdAndEpoch(leader_id=4, leader_epoch=5)
    return make(
        module,
        "PartitionData",
        partition_index=index,
        error_code=ErrorCode(error),
        high_watermark=100 + index,
        last_stable_offset=90 + index,
        log_start_offset=10 + index,
        aborted_transactions=tuple(transactions) if aborted else None,
        preferred_read_replica=-1,
        records=data,
        **tagged,
    )


def response(version: int, *partitions: tuple[Any, ...], error: int = 0) -> bytes:
    """Return the body of a response with one topic."""
    module = importlib.import_module(f"kio.schema.fetch.v{version}.response")
    parts = tuple(partition(module, *each) for each in partitions)
    topic = make(module, "FetchableTopicResponse", topic="orders", topic_id=TOPIC_ID, partitions=parts)
    endpoints = ()
    if hasattr(module, "NodeEndpoint"):
        endpoints = (module.NodeEndpoint(node_id=4, host="host", port=9092, rack="r"),)
    whole = make(
        module,
        "FetchResponse",
        throttle_time=timedelta(milliseconds=3),
        error_code=ErrorCode(error),
        session_id=9,
        responses=(topic,),
        node_endpoints=endpoints,
    )
    out = io.BytesIO()
    entity_writer(type(whole))(out, whole)
    return out.getvalue()


def batch(value: bytes, base_offset: int = 0, codec: int = 0) -> bytes:
    return oracle.stamp(
        encode([Record(value=value), Record(value=value)], codec=codec), base_offset=base_offset
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_answers_of_every_version(version: int) -> None:
    data = batch(b"a", 12) + batch(b"b", 14, 4)
    answer = parse_fetch_answer(response(version, (0, data, 0, ((5, 12),)), (1, b"", 0)), version)
    assert (answer.throttle_time_ms, answer.error_code) == (3, 0)
    assert answer.session_id == (9 if version >= 7 else 0)
    first, second = answer.partitions
    assert (first.topic, first.topic_id) == (("orders", None) if version < 13 else (None, TOPIC_ID.bytes))
    assert (first.partition, first.error_code, first.high_watermark, first.last_stable_offset) == (
        0,
        0,
        100,
        90,
    )
    assert first.log_start_offset == (10 if version >= 5 else -1)
    assert (first.aborted, second.aborted) == ([(5, 12)], [])
    assert (first.preferred_read_replica, first.size, second.size) == (-1, len(data), 0)
    body = response(version, (0, data, 0, ((5, 12),)), (1, b"", 0))
    assert body[first.position : first.position + first.size] == data


@pytest.mark.parametrize("version", VERSIONS)
def test_fetch_responses_of_every_version(version: int) -> None:
    name, value = ("topic", "orders") if version < 13 else ("topic_id", TOPIC_ID.bytes)
    body = response(version, (3, batch(b"a", 12)), (4, b""), (5, batch(b"b", 7, 3)))
    table = records.decode_fetch(body, version=version, columns=[name, "partition", "offset", "value"])
    assert table.to_pylist() == [
        {name: value, "partition": number, "offset": offset, "value": content}
        for number, offset, content in [(3, 12, b"a"), (3, 13, b"a"), (5, 7, b"b"), (5, 8, b"b")]
    ]
    other = "topic_id" if version < 13 else "topic"
    with pytest.raises(ValueError, match=f"no column '{other}' here"):
        records.decode_fetch(body, version=version, columns=[other])


def test_a_batch_that_the_broker_cut_is_ignored() -> None:
    body = response(12, (0, batch(b"a") + batch(b"b", 2)[:-5]), (1, batch(b"c")))
    assert records.decode_fetch(body, version=12)["value"].to_pylist() == [b"a", b"a", b"c", b"c"]


def test_aborted_transactions_of_each_partition() -> None:
    begun = oracle.with_attributes(encode([Record(value=b"gone")], producer=(5, 0, 0)), 0x10)
    data = oracle.stamp(begun, base_offset=12) + batch(b"a", 13)
    body = response(12, (0, data, 0, ((5, 12),)), (1, data))
    every = records.decode_fetch(body, version=12)["value"].to_pylist()
    assert every == [b"gone", b"a", b"a"] * 2
    committed = records.decode_fetch(body, version=12, isolation="read_committed")["value"].to_pylist()
    assert committed == [b"a", b"a", b"gone", b"a", b"a"]


def test_codes_in_a_response() -> None:
    body = response(12, (0, batch(b"a")), (1, b"", 1))
    with pytest.raises(SkylogError, match="partition 1 of orders: error code 1"):
        records.decode_fetch(body, version=12)
    assert records.decode_fetch(body, version=12, errors="ignore").num_rows == 2
    with pytest.raises(SkylogError, match="the Fetch response has error code 71"):
        records.decode_fetch(response(12, error=71), version=12)


def test_positions_are_those_of_the_response() -> None:
    good = batch(b"a")
    body = response(4, (0, good), (1, good[:-1] + b"\xff"))
    position = body.rindex(good[:-1])
    with pytest.raises(records.Corrupt, match=f"batch at position {position}: checksum"):
        records.decode_fetch(body, version=4)


@pytest.mark.parametrize("version", [4, 11, 12, 18])
def test_a_response_that_is_cut(version: int) -> None:
    body = response(version, (0, batch(b"a")))
    for size in range(len(body)):
        with pytest.raises(records.Corrupt, match="position"):
            records.decode_fetch(body[:size], version=version)


def test_versions_that_nobody_can_read() -> None:
    for version in (0, 3, 19):
        with pytest.raises(ValueError, match="version: expected 4 to 18"):
            records.decode_fetch(response(12), version=version)


def test_a_segment() -> None:
    ids = [bytes([number]) * 16 for number in (1, 2)]
    logs = [(ids[0], 0), (ids[1], 3), (ids[1], 4)]
    sealed = seal((*log, encode([Record(value=bytes([number]))])) for number, log in enumerate(logs))
    table = records.decode_segment(sealed.data, columns=["topic_id", "partition", "offset", "value"])
    expected = [
        {"topic_id": topic_id, "partition": number, "offset": 0, "value": bytes([index])}
        for index, (topic_id, number) in enumerate(logs)
    ]
    assert sorted(table.to_pylist(), key=lambda row: row["value"]) == expected
    assert records.decode_segment(sealed.data).schema.names == list(records.DEFAULT_COLUMNS)


def test_a_segment_with_a_wrong_batch() -> None:
    whole = bytes(seal([(bytes(16), 0, encode([Record(value=b"content")]))]).data)
    place = whole.index(b"content")
    with pytest.raises(records.Corrupt, match="batch at position 40: checksum"):
        records.decode_segment(whole[:place] + b"C" + whole[place + 1 :])
    with pytest.raises(records.Corrupt, match="position"):
        records.decode_segment(whole[:-1])
