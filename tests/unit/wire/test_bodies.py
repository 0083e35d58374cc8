"""What the codec promises beyond agreeing with others: one shape, exact complaints."""

import pytest

from skylog.errors import InvalidRequest
from skylog.wire.codec import (
    MEMORY_BYTES_MAX,
    decode_request,
    decode_response,
    encode_request,
    encode_response,
    memory_bytes,
    request_is_flexible,
)

METADATA, HEARTBEAT, DESCRIBE_CONFIGS = 3, 12, 32

HEADER_SIZE = 10
"""Of a request without a client id, its tagged fields apart."""


def metadata_v1_request(*names: bytes) -> bytes:
    count = len(names).to_bytes(4)
    return count + b"".join(len(name).to_bytes(2) + name for name in names)


def test_a_body_has_the_same_shape_in_all_versions() -> None:
    shapes = set()
    for version in range(14):
        frame = encode_request(METADATA, version, 1, {"topics": [{"name": "a"}]})
        body = decode_request(METADATA, version, frame[4:], HEADER_SIZE)
        shapes.add((tuple(body), tuple(body["topics"][0])))
    assert len(shapes) == 1


def test_fields_that_a_version_lacks_hold_their_defaults() -> None:
    body = decode_request(METADATA, 1, metadata_v1_request(b"a"), 0)
    assert body == {
        "topics": [{"topic_id": bytes(16), "name": "a"}],
        "allow_auto_topic_creation": True,
        "include_cluster_authorized_operations": False,
        "include_topic_authorized_operations": False,
    }


def test_defaults_are_fresh_for_each_message() -> None:
    first = decode_request(METADATA, 0, metadata_v1_request(), 0)
    first["topics"].append("mine")
    assert decode_request(METADATA, 0, metadata_v1_request(), 0)["topics"] == []
    _, body = decode_response(HEARTBEAT, 4, encode_response(HEARTBEAT, 4, 1, {})[4:])
    assert body == {"throttle_time_ms": 0, "error_code": 0}


def test_null_is_none_and_not_empty() -> None:
    assert decode_request(METADATA, 1, b"\xff\xff\xff\xff", 0)["topics"] is None
    assert decode_request(METADATA, 1, b"\0\0\0\0", 0)["topics"] == []


def test_fields_that_a_version_lacks_are_left_out() -> None:
    assert encode_response(HEARTBEAT, 0, 7, {"throttle_time_ms": 5, "error_code": 27}) == bytes.fromhex(
        "00000006 00000007 001b"
    )


def test_bytes_after_a_request_are_ignored_as_in_kafka() -> None:
    whole = metadata_v1_request(b"a")
    assert decode_request(METADATA, 1, whole + b"\xde\xad", 0) == decode_request(METADATA, 1, whole, 0)


def test_a_memoryview_will_do() -> None:
    whole = metadata_v1_request(b"a")
    assert decode_request(METADATA, 1, memoryview(b"??" + whole), 2) == decode_request(METADATA, 1, whole, 0)


@pytest.mark.parametrize(
    ("version", "data", "complaint"),
    [
        (1, b"", "MetadataRequest v1: topics at position 0: expected more bytes, found the end"),
        (1, b"\0\0\0\1\0\3a", "MetadataRequest v1: topics.name at position 6: expected 3 bytes, found 1"),
        (
            1,
            b"\0\0\0\1\0\2a\xff",
            "MetadataRequest v1: topics.name at position 6: expected UTF-8, found byte 0xff",
        ),
        (
            1,
            b"\0\0\0\1\xff\xff",
            "MetadataRequest v1: topics.name at position 6: expected a value, found null",
        ),
        (0, b"\xff\xff\xff\xff", "MetadataRequest v0: topics at position 4: expected a value, found null"),
        (
            1,
            b"\0\0\0\5\0\0\0",
            "MetadataRequest v1: topics at position 4: expected 5 elements, found 3 bytes",
        ),
        (
            9,
            b"\0\xff\xff\xff\xff\xff\1",
            "MetadataRequest v9: topics at position 2: expected a varint of at most",
        ),
        (14, b"", "MetadataRequest: expected a version from 0 to 13, found 14"),
        (-1, b"", "MetadataRequest: expected a version from 0 to 13, found -1"),
    ],
)
def test_a_complaint_says_what_where_expected_and_found(version: int, data: bytes, complaint: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        decode_request(METADATA, version, data, 0)
    assert str(caught.value).startswith(complaint)


@pytest.mark.parametrize("api_key", [-1, 4, 7, 58, 9999])
def test_a_key_that_is_not_for_clients_is_refused(api_key: int) -> None:
    with pytest.raises(InvalidRequest, match="api key"):
        decode_request(api_key, 0, b"", 0)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"topic": []}, "MetadataResponse v12: body: expected fields of .* found .'topic'."),
        ({"topics": [{"named": "a"}]}, "MetadataResponse v12: topics: expected fields of .* found .'named'."),
        ({"brokers": [{"node_id": 2**31}]}, "MetadataResponse v12: brokers.node_id: "),
        ({"brokers": [{"host": None}]}, "MetadataResponse v12: brokers.host: "),
        ({"brokers": [{"host": b"a"}]}, "MetadataResponse v12: brokers.host: "),
        ({"brokers": [{"host": "\ud800"}]}, "MetadataResponse v12: brokers.host: "),
        ({"brokers": None}, "MetadataResponse v12: brokers: "),
        ({"brokers": ["a"]}, "MetadataResponse v12: brokers: "),
        ({"topics": [{"topic_id": b"short"}]}, "topics.topic_id: expected 16 bytes, found 5"),
        ({"topics": [{"partitions": [{"isr_nodes": ["1"]}]}]}, "topics.partitions.isr_nodes: "),
    ],
)
def test_a_wrong_answer_is_refused_with_its_field(body: dict[str, object], complaint: str) -> None:
    with pytest.raises(InvalidRequest, match=complaint):
        encode_response(METADATA, 12, 1, body)


def test_a_string_is_no_array_of_strings() -> None:
    with pytest.raises(InvalidRequest, match="configuration_keys"):
        encode_request(DESCRIBE_CONFIGS, 1, 1, {"resources": [{"configuration_keys": "abc"}]})


def test_a_string_longer_than_its_length_field_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="cluster_id"):
        encode_response(METADATA, 2, 1, {"cluster_id": "x" * 32_768})
    assert len(encode_response(METADATA, 2, 1, {"cluster_id": "x" * 32_767})) > 32_767


def test_flexible_versions_start_where_kafka_says() -> None:
    first = {key: next(v for v in range(20) if request_is_flexible(key, v)) for key in (0, 1, 3, 11, 18, 19)}
    assert first == {0: 9, 1: 12, 3: 9, 11: 6, 18: 3, 19: 5}
    assert not any(request_is_flexible(17, version) for version in range(20))


def test_the_memory_of_a_message_grows_with_it_up_to_a_bound() -> None:
    assert memory_bytes(0) < memory_bytes(1000) < memory_bytes(1_000_000) <= MEMORY_BYTES_MAX
    assert memory_bytes(2**40) == MEMORY_BYTES_MAX


def test_a_real_message_of_many_short_topics_is_not_too_much() -> None:
    names = [b"t%d" % number for number in range(50_000)]
    assert len(decode_request(METADATA, 1, metadata_v1_request(*names), 0)["topics"]) == 50_000
