"""Headers, lengths and tagged fields, byte by byte."""

import pytest

from skylog.errors import InvalidRequest
from skylog.wire.codec import decode_request, decode_response, encode_request, encode_response
from skylog.wire.primitives import decode_varint, encode_varint

HEARTBEAT, SASL_HANDSHAKE, API_VERSIONS, LEAVE_GROUP = 12, 17, 18, 13

LEAVE_V4 = bytes.fromhex("02 67  01")
"""Group "g", no members; the tagged fields follow."""


def test_a_plain_request_has_a_plain_header() -> None:
    frame = encode_request(SASL_HANDSHAKE, 1, 258, {"mechanism": "PLAIN"}, client_id="me")
    assert frame.hex(" ") == "00 00 00 13 00 11 00 01 00 00 01 02 00 02 6d 65 00 05 50 4c 41 49 4e"


def test_a_flexible_request_has_tagged_fields_in_its_header_but_a_plain_client_id() -> None:
    frame = encode_request(API_VERSIONS, 3, 1, {"client_software_name": "a"}, client_id="me")
    assert frame.hex(" ") == "00 00 00 11 00 12 00 03 00 00 00 01 00 02 6d 65 00 02 61 01 00"


def test_a_client_may_have_no_id() -> None:
    assert encode_request(API_VERSIONS, 0, 1, {})[12:].hex(" ") == "ff ff"


@pytest.mark.parametrize(("version", "header"), [(3, "00 00 00 09"), (4, "00 00 00 09 00")])
def test_the_header_of_a_flexible_response_has_tagged_fields(version: int, header: str) -> None:
    frame = encode_response(HEARTBEAT, version, 9, {"error_code": 27})
    assert frame[4:].hex(" ").startswith(header + " 00 00 00 00 00 1b")
    assert int.from_bytes(frame[:4]) == len(frame) - 4
    assert decode_response(HEARTBEAT, version, frame[4:])[0] == 9


@pytest.mark.parametrize("version", range(5))
def test_the_header_of_an_api_versions_response_never_has_tagged_fields(version: int) -> None:
    frame = encode_response(API_VERSIONS, version, 9, {"error_code": 35})
    assert frame[4:10].hex(" ") == "00 00 00 09 00 23"


def test_unknown_tagged_fields_are_skipped_in_header_and_body() -> None:
    tags = bytes.fromhex("02  00 01 ff  c8 01 03 01 02 03")
    body = decode_request(LEAVE_GROUP, 4, b"head" + tags + LEAVE_V4 + tags, 4)
    assert (body["group_id"], body["members"]) == ("g", [])


@pytest.mark.parametrize("tags", ["01", "01 00", "01 00 05 01", "ff ff ff ff 0f", "01 ff ff ff ff ff 01 00"])
@pytest.mark.parametrize("place", ["header", "body"])
def test_broken_tagged_fields_are_refused(place: str, tags: str) -> None:
    broken = bytes.fromhex(tags)
    data = broken if place == "header" else b"\0" + LEAVE_V4 + broken
    with pytest.raises(InvalidRequest, match="at position"):
        decode_request(LEAVE_GROUP, 4, data, 0)


def test_tagged_fields_by_the_million_are_not_even_read() -> None:
    million = b"\xc0\x84\x3d" + bytes(2_000_000)
    with pytest.raises(InvalidRequest, match="found 1000000 of them"):
        decode_request(LEAVE_GROUP, 4, million, 0)
    ten_million = b"\x80\xad\xe2\x04" + bytes(20_000_000)
    with pytest.raises(InvalidRequest, match="10000000 more elements"):
        decode_request(LEAVE_GROUP, 4, b"\0" + LEAVE_V4 + ten_million, 0)


def test_a_known_tagged_field_must_be_as_long_as_it_says() -> None:
    cluster_id_ab = "01 00 {size} 03 61 62"
    fetch_v12 = bytes(4 + 4 + 4 + 4 + 1 + 4 + 4) + bytes.fromhex("01 01 01")

    def fetch(size: str) -> object:
        data = b"\0" + fetch_v12 + bytes.fromhex(cluster_id_ab.format(size=size)) + bytes(8)
        return decode_request(1, 12, data, 0)["cluster_id"]

    assert fetch("03") == "ab"
    for size in ("02", "04"):
        with pytest.raises(InvalidRequest, match="expected the tagged value to end"):
            fetch(size)


def test_tagged_fields_with_their_defaults_are_not_written() -> None:
    plain = encode_response(API_VERSIONS, 3, 1, {})
    assert (
        encode_response(API_VERSIONS, 3, 1, {"finalized_features_epoch": -1, "supported_features": []})
        == plain
    )
    frame = encode_response(API_VERSIONS, 3, 1, {"zk_migration_ready": True, "finalized_features_epoch": 5})
    assert frame[-14:].hex(" ") == "02  01 08 00 00 00 00 00 00 00 05  03 01 01".replace("  ", " ")


@pytest.mark.parametrize("data", [b"", b"\0\0\0"])
def test_a_response_without_a_header_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidRequest, match="header"):
        decode_response(HEARTBEAT, 0, data)


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, "00"),
        (127, "7f"),
        (128, "80 01"),
        (16383, "ff 7f"),
        (16384, "80 80 01"),
        (2**32 - 1, "ff ff ff ff 0f"),
    ],
)
def test_varints_have_seven_bits_a_byte_the_lowest_first(value: int, encoded: str) -> None:
    assert encode_varint(value).hex(" ") == encoded
    assert decode_varint(bytes.fromhex(encoded) + b"\xff", 0) == (value, len(encode_varint(value)))


def test_a_varint_has_at_most_five_bytes() -> None:
    with pytest.raises(ValueError, match="at most 5 bytes"):
        decode_varint(b"\x80\x80\x80\x80\x80\x01", 0)
